"""Hands the platform's news to the connections that subscribed to them. A slow one waits by itself and delays nobody."""

from __future__ import annotations

from collections.abc import Sequence

from monokoto.connect.gateway.applications.live import News
from monokoto.connect.gateway.applications.messages import Told, told
from monokoto.connect.gateway.applications.topics import covers
from monokoto.connect.gateway.applications.watches import Listener, Place, Subscribed, Watches
from monokoto.connect.gateway.connections.connection import ENDING
from monokoto.connect.gateway.counters import Counters
from monokoto.kernel.clock import Clock
from monokoto.mqtt import encode
from monokoto.mqtt.outbound import Pending

_CHUNK_BYTES = 16 * 1024
"""Written at once; after it a connection is looked at again, whether it still takes more."""


class Telling:
    """From news to bytes."""

    def __init__(self, watches: Watches, counters: Counters, clock: Clock) -> None:
        self._watches = watches
        self._counters = counters
        self._clock = clock

    def take(self, batch: Sequence[News]) -> None:
        """Tell everybody whom it concerns."""
        chunks: dict[Listener, list[bytes]] = {}
        for news in batch:
            places = self._watches.places(news)
            if places:
                self._tell(news, places, chunks)
        for listener, parts in chunks.items():
            self._write(listener, parts)

    def drain(self, listener: Listener) -> None:
        """The connection takes more: tell it what waited."""
        parts: list[bytes] = []
        size = 0
        while listener.waiting and not self._must_wait(listener):
            key = next(iter(listener.waiting))
            message, subscribed, retain = listener.waiting[key]
            if subscribed.qos and not _room(listener):
                break
            del listener.waiting[key]
            part = self._encode(message, subscribed, retain)
            parts.append(part)
            size += len(part)
            if size > _CHUNK_BYTES:
                self._write(listener, parts)
                parts, size = [], 0
        self._write(listener, parts)

    def _tell(self, news: News, places: Sequence[Place], chunks: dict[Listener, list[bytes]]) -> None:
        for message in told(news):
            for place in places:
                for tail, subscriptions in place.items():
                    if covers(tail, message.tail):
                        for subscribed in subscriptions.values():
                            self._hand(news, message, subscribed, chunks)

    def _hand(self, news: News, message: Told, subscribed: Subscribed, chunks: dict[Listener, list[bytes]]) -> None:
        listener = subscribed.listener
        if listener.caller.organisation_id not in news.audience:
            return
        if news.token:
            if subscribed.token != news.token or not subscribed.wants_present:
                return
            retain = subscribed.fresh
        else:
            retain = subscribed.retain_as_published and message.retained
        if listener.waiting or self._must_wait(listener) or (subscribed.qos and not _room(listener)):
            self._counters.dropped += listener.wait(message, subscribed, retain)
            return
        parts = chunks.setdefault(listener, [])
        parts.append(self._encode(message, subscribed, retain))
        if len(parts) >= 64:
            self._write(listener, chunks.pop(listener))

    def _must_wait(self, listener: Listener) -> bool:
        return listener.held or listener.connection.blocked

    def _encode(self, message: Told, subscribed: Subscribed, retain: bool) -> bytes:
        connection = subscribed.listener.connection
        outbound = subscribed.listener.kept.session.outbound
        self._counters.delivered += 1
        if not subscribed.qos and not subscribed.identifier:
            part = message.plain(connection.version, retain)
            if not 0 < outbound.packet_bytes_max < len(part):
                return part
            self._counters.dropped += 1
            return b""
        identifiers = (subscribed.identifier,) if subscribed.identifier else ()
        outbound.put(Pending(message=message.message(subscribed.qos, retain), identifiers=identifiers))
        return b"".join(encode(packet, connection.version) for packet in outbound.pump(self._clock.now()))

    def _write(self, listener: Listener, parts: list[bytes]) -> None:
        connection = listener.connection
        if parts and connection.state != ENDING:
            connection.transport.write(b"".join(parts))


def _room(listener: Listener) -> bool:
    """Whether the window of QoS 1 takes one more."""
    outbound = listener.kept.session.outbound
    return outbound.in_flight < outbound.window
