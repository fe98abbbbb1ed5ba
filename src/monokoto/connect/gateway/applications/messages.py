"""What the platform's news are on the wire: topics and payloads for applications, encoded once for all who get the same."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import msgspec

from monokoto.connect.gateway.applications.live import Aspect, News
from monokoto.connect.gateway.applications.topics import TELEMETRY, topic_of
from monokoto.kernel.clock import Instant, format_instant
from monokoto.mqtt import Message, Properties, Publish, Version, encode

_VALUES = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_number = itertools.count()


class Told:
    """One message to applications."""

    __slots__ = ("_encoded", "at", "key", "payload", "properties", "retained", "tail", "topic")

    def __init__(
        self, unit_id: int, tail: str, payload: bytes, at: int, *, key: tuple[Any, ...], retained: bool
    ) -> None:
        self.tail = tail
        self.topic = topic_of(unit_id, tail)
        self.payload = payload
        self.at = at
        self.retained = retained
        """Whether it is a state, of which the last is what counts."""
        self.key = (self.topic, *key)
        """What waits under the same key gives way to what is newer."""
        self.properties = Properties(
            payload_format_indicator=1,
            content_type="application/json",
            user_properties=(("at", format_instant(Instant(at))),),
        )
        self._encoded: dict[tuple[int, bool], bytes] = {}

    def plain(self, version: Version, retain: bool) -> bytes:
        """The PUBLISH of QoS 0 without a subscription identifier: the same for everybody."""
        found = self._encoded.get((version, retain))
        if found is None:
            packet = Publish(topic=self.topic, payload=self.payload, retain=retain, properties=self.properties)
            found = self._encoded[version, retain] = encode(packet, version)
        return found

    def message(self, qos: int, retain: bool) -> Message:
        """The same for a session's own queue."""
        return Message(topic=self.topic, payload=self.payload, qos=qos, retain=retain, properties=self.properties)


def told(news: News) -> Iterator[Told]:
    """The messages in one piece of news."""
    aspect = Aspect(news.aspect)
    if aspect is not Aspect.VALUES:
        tail, state = _TAILS[aspect]
        key = () if state else (next(_number),)
        yield Told(news.unit_id, tail.format(news.name), news.payload, news.at, key=key, retained=state)
        return
    values = _VALUES(news.payload)
    for name, value in values.items():
        yield Told(news.unit_id, f"properties/{name}", bytes(value), news.at, key=(), retained=True)
    if not news.token:  # how things stand is told property by property: each has its own time
        payload = b'{"at":"%b","values":%b}' % (format_instant(Instant(news.at)).encode(), news.payload)
        yield Told(news.unit_id, TELEMETRY, payload, news.at, key=tuple(values), retained=False)


_TAILS = {
    Aspect.EVENTS: ("events/{}", False),
    Aspect.DESIRED: ("desired", True),
    Aspect.PRESENCE: ("presence", True),
    Aspect.STATUS: ("actions/{}/status", False),
}
"""The topic behind the unit, and whether it is a state."""
