"""How a unit is told what is desired of it: on our own topic, and on those that existing firmware listens to.

One table. A new dialect is a line in it; nothing else knows these topics.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from monokoto.connect.fleet import UnitIdentity
from monokoto.kernel.clock import MICROSECONDS_PER_SECOND
from monokoto.kernel.ids import format_id
from monokoto.operate.twins.twin import Desired, Reported, drift, same

DESIRED_TOPIC = "koto/v1/desired"
_NO_LEVEL = frozenset("/+#\0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message down. `retained`: the unit gets it again whenever it subscribes; otherwise once."""

    unit_id: int
    topic: str
    payload: bytes
    retained: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What a unit is to be told: the desired state now, the one it was told before, and what it reports."""

    unit: UnitIdentity
    desired: Desired
    before: Mapping[str, Any]
    reported: Reported

    @property
    def changed(self) -> dict[str, Any]:
        """Properties set anew or to another value."""
        return {
            name: value
            for name, value in self.desired.properties.items()
            if name not in self.before or not same(value, self.before[name])
        }

    @property
    def removed(self) -> list[str]:
        """Properties no longer desired."""
        return sorted(self.before.keys() - self.desired.properties.keys())

    @property
    def drift(self) -> Mapping[str, Any]:
        """What is desired and not reported."""
        return drift(self.desired.properties, self.reported)


def things(unit: UnitIdentity) -> tuple[str, ...]:
    """What a unit may call itself in AWS topics: its serial or its id. It hears only what it subscribed to.

    A serial that cannot be a level of a topic is no such name.
    """
    names = dict.fromkeys((unit.serial, format_id(unit.unit_id)))
    return tuple(name for name in names if name and _NO_LEVEL.isdisjoint(name))


def delta(desired: Desired, drifted: Mapping[str, Any], *, client_token: str | None = None) -> dict[str, Any]:
    """An AWS shadow delta document. Source: AWS IoT Developer Guide, "Device Shadow service documents"."""
    document: dict[str, Any] = {
        "version": desired.revision,
        "timestamp": seconds(desired),
        "state": drifted,
        "metadata": {name: {"timestamp": seconds(desired)} for name in drifted},
    }
    return document | ({} if client_token is None else {"clientToken": client_token})


def seconds(desired: Desired) -> int:
    """When it was desired, in seconds, as AWS documents have it."""
    return (desired.at or 0) // MICROSECONDS_PER_SECOND


def _own(news: News) -> Iterator[Message]:
    payload = {"revision": news.desired.revision, "desired": news.desired.properties}
    yield Message(unit_id=news.unit.unit_id, topic=DESIRED_TOPIC, payload=msgspec.json.encode(payload), retained=True)


def _thingsboard_changes(news: News) -> Iterator[dict[str, Any]]:
    if news.changed:
        yield news.changed
    if news.removed:
        yield {"deleted": news.removed}


def _thingsboard_device(news: News) -> Iterator[Message]:
    for changes in _thingsboard_changes(news):
        yield Message(unit_id=news.unit.unit_id, topic="v1/devices/me/attributes", payload=msgspec.json.encode(changes))


def _thingsboard_gateway(news: News) -> Iterator[Message]:
    """A unit behind a ThingsBoard gateway hears through it: the unit above it in its product system."""
    if not news.unit.parent_id:
        return
    for changes in _thingsboard_changes(news):
        yield Message(
            unit_id=news.unit.parent_id,
            topic="v1/gateway/attributes",
            payload=msgspec.json.encode({"device": news.unit.serial, "data": changes}),
        )


def _aws_shadow(news: News) -> Iterator[Message]:
    if not news.drift:
        return
    for thing in things(news.unit):
        yield Message(
            unit_id=news.unit.unit_id,
            topic=f"$aws/things/{thing}/shadow/update/delta",
            payload=msgspec.json.encode(delta(news.desired, news.drift)),
        )


DIALECTS: tuple[Callable[[News], Iterator[Message]], ...] = (
    _own,
    _thingsboard_device,
    _thingsboard_gateway,
    _aws_shadow,
)


def messages(news: News) -> list[Message]:
    """Everything to send, in order."""
    return [message for dialect in DIALECTS for message in dialect(news)]
