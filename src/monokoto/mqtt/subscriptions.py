"""The subscriptions of one session: what a message must match, and with which options it is then delivered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from monokoto.mqtt.message import Message
from monokoto.mqtt.packets import Subscription
from monokoto.mqtt.topics import matches


class Granted(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A subscription as granted."""

    subscription: Subscription
    identifier: int = 0
    """0: none."""


class Matched(msgspec.Struct, frozen=True, kw_only=True):
    """How a message is delivered to the session it matched: once, however many subscriptions overlap."""

    qos: int
    retain: bool
    identifiers: tuple[int, ...]


class Subscriptions:
    """The filters of one session, few enough to be tried one after the other."""

    __slots__ = ("_granted",)

    def __init__(self, granted: Iterable[Granted] = ()) -> None:
        self._granted = {entry.subscription.filter: entry for entry in granted}

    def __len__(self) -> int:
        return len(self._granted)

    def __iter__(self) -> Iterator[Granted]:
        return iter(self._granted.values())

    def __contains__(self, topic_filter: str) -> bool:
        return topic_filter in self._granted

    def put(self, subscription: Subscription, identifier: int = 0) -> bool:
        """Add or replace; whether retained messages are to be sent now [MQTT-3.3.1-9, -10, -11]."""
        existed = subscription.filter in self._granted
        self._granted[subscription.filter] = Granted(subscription=subscription, identifier=identifier)
        return subscription.retain_handling == 0 or (subscription.retain_handling == 1 and not existed)

    def drop(self, topic_filter: str) -> bool:
        """Remove; whether it was there."""
        return self._granted.pop(topic_filter, None) is not None

    def match(self, message: Message, client_id: str) -> Matched | None:
        """How to deliver the message, or None when no subscription asks for it."""
        found = [entry for entry in self._granted.values() if _covers(entry.subscription, message, client_id)]
        if not found:
            return None
        return Matched(
            qos=min(message.qos, max(entry.subscription.qos for entry in found)),
            retain=message.retain and any(entry.subscription.retain_as_published for entry in found),
            identifiers=tuple(entry.identifier for entry in found if entry.identifier),
        )


def _covers(subscription: Subscription, message: Message, client_id: str) -> bool:
    if subscription.no_local and message.origin == client_id:
        return False
    return matches(subscription.filter, message.topic)
