"""The Thing Description Directory: its own description, its collections, what happens in it.

Source: https://www.w3.org/TR/wot-discovery/ (sections 6.1, 7.2, 7.3). Things come into it by being registered and claimed, so
there is no writing; the specification lets a directory refuse it.
"""

from __future__ import annotations

import asyncio
import time
import weakref
from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgspec

from monokoto.connect.fleet import Status, Unit
from monokoto.kernel.clock import MICROSECONDS_PER_SECOND, Clock
from monokoto.kernel.errors import TooMany
from monokoto.kernel.limits import STREAM_CLIENTS_MAX, STREAM_CLIENTS_PER_ORGANISATION_MAX, STREAM_SECONDS_MAX
from monokoto.operate.things.addresses import Addresses
from monokoto.operate.things.description import CONTEXT, thing_id
from monokoto.operate.things.service import Things
from monokoto.web import Caller, Gate

DISCOVERY = "https://www.w3.org/2022/wot/discovery"
CREATED, UPDATED, DELETED = EVENTS = ("thing_created", "thing_updated", "thing_deleted")
_LOOK_SECONDS = 2.0
_HEARTBEAT_SECONDS = 15.0
_CHANGES_MAX = 1000
_OVERLAP = 5 * MICROSECONDS_PER_SECOND
_TD, _TEXT = "application/td+json", {"type": "string"}


def directory_description(addresses: Addresses) -> dict[str, Any]:
    """The description of the directory itself, as `/.well-known/wot` gives it out: read-only, behind a key."""
    things = f"{addresses.api}/api/v1/things"
    security = {name: addresses.security()[name] for name in ("key", "token")}
    return {
        "@context": [*CONTEXT, DISCOVERY],
        "@type": "ThingDirectory",
        "id": "urn:monokoto:directory",
        "title": "Monokoto: directory of Things",
        "version": {"instance": "1.0.0"},
        "securityDefinitions": security,
        "security": ["key"],
        "properties": {
            "things": {
                "title": "The descriptions of all Things within the reach of whoever asks",
                "type": "array",
                "items": {"type": "object"},
                "readOnly": True,
                "observable": False,
                "uriVariables": {
                    "limit": {"type": "integer", "minimum": 1, "title": "Descriptions on a page"},
                    "format": {"type": "string", "enum": ["array", "collection"]},
                    "product": {"type": "string", "title": "Things of this product alone"},
                },
                "forms": [_read(f"{things}{{?limit,format,product}}", "application/ld+json")],
            }
        },
        "actions": {
            "retrieveThing": {
                "title": "One description",
                "uriVariables": {"id": {**_TEXT, "title": "The Thing's id"}},
                "output": {"type": "object"},
                "safe": True,
                "idempotent": True,
                "synchronous": True,
                "forms": [_invoke(f"{things}/{{id}}", _TD)],
            },
            "searchJSONPath": {
                "title": "What a JSONPath finds in the array of descriptions",
                "uriVariables": {"query": {**_TEXT, "title": "A JSONPath (RFC 9535)"}},
                "output": {"type": "array"},
                "safe": True,
                "idempotent": True,
                "synchronous": True,
                "forms": [_invoke(f"{addresses.api}/api/v1/search/jsonpath{{?query}}", "application/json")],
            },
        },
        "events": {
            kind: {
                "title": title,
                "data": {"type": "object", "properties": {"id": {"type": "string", "format": "iri-reference"}}},
                "forms": [_listen(f"{things}/events/{kind}")],
            }
            for kind, title in zip(EVENTS, ("A Thing came", "A Thing changed", "A Thing went"), strict=True)
        },
    }


def _read(href: str, content_type: str) -> dict[str, Any]:
    return {"op": "readproperty", "href": href, "htv:methodName": "GET", "contentType": content_type}


def _invoke(href: str, content_type: str) -> dict[str, Any]:
    return {
        "op": "invokeaction",
        "href": href,
        "htv:methodName": "GET",
        "contentType": "application/json",
        "response": {"contentType": content_type},
    }


def _listen(href: str) -> dict[str, Any]:
    op = ["subscribeevent", "unsubscribeevent"]
    return {"op": op, "href": href, "subprotocol": "sse", "contentType": "application/json", "security": ["token"]}


def collection(things: Sequence[dict[str, Any]], *, here: str, following: str | None, total: int) -> dict[str, Any]:
    """A page as JSON-LD (`format=collection`)."""
    return {
        "@context": DISCOVERY,
        "@type": "ThingCollection",
        "@id": here,
        "total": total,
        "member": list(things),
        **({"next": following} if following else {}),
    }


class _Ticket:
    """One open stream; it is counted as long as somebody holds it."""

    def __init__(self, organisation_id: int) -> None:
        self.organisation_id = organisation_id


class DirectoryEvents:
    """What happens in the directory, told to whoever listens. Looks by period: what is told is never less than what is so."""

    def __init__(self, things: Things, gate: Gate, clock: Clock, *, look_seconds: float = _LOOK_SECONDS) -> None:
        self._things = things
        self._gate = gate
        self._clock = clock
        self._look_seconds = look_seconds
        self._tickets: weakref.WeakSet[_Ticket] = weakref.WeakSet()
        self._ended = asyncio.Event()

    def end(self) -> None:
        """Let all streams come to their end."""
        self._ended.set()

    def stream(self, caller: Caller, kinds: Sequence[str], since: int | None) -> AsyncIterator[bytes]:
        """Server-sent events of these kinds from now on, or from an instant on.

        Raises:
            TooMany: the limit of streams is reached.
        """
        own = sum(ticket.organisation_id == caller.organisation_id for ticket in list(self._tickets))
        if len(self._tickets) >= STREAM_CLIENTS_MAX or own >= STREAM_CLIENTS_PER_ORGANISATION_MAX:
            raise TooMany(f"{own} streams of the directory are open.", remedy="Close one.")
        ticket = _Ticket(caller.organisation_id)
        self._tickets.add(ticket)
        return self._stream(ticket, caller, kinds, self._clock.now() if since is None else since)

    async def _stream(self, ticket: _Ticket, caller: Caller, kinds: Sequence[str], since: int) -> AsyncIterator[bytes]:
        began = told = time.monotonic()
        within, known = self._within(caller), Known(since)
        yield b"retry: 3000\n\n"
        while not self._ended.is_set() and time.monotonic() - began < STREAM_SECONDS_MAX:
            changed = await asyncio.to_thread(self._things.changed, caller, limit=_CHANGES_MAX)
            before, within = within, self._within(caller)
            for kind, unit_id, at in [*_moved(before, within, self._clock.now()), *known.news(changed)]:
                if kind in kinds:
                    told = time.monotonic()
                    body = msgspec.json.encode({"id": thing_id(unit_id)})
                    yield b"event: %b\nid: %d\ndata: %b\n\n" % (kind.encode(), at, body)
            if time.monotonic() - told > _HEARTBEAT_SECONDS:
                told = time.monotonic()
                yield b": still here\n\n"
            try:
                async with asyncio.timeout(self._look_seconds):
                    await self._ended.wait()
            except TimeoutError:
                continue
        del ticket

    def _within(self, caller: Caller) -> frozenset[int]:
        """The units somebody holds who did not make them: these come and go by being claimed and handed on."""
        reaches = self._gate.units(caller)
        return frozenset() if reaches is None else frozenset(reach.unit_id for reach in reaches if reach.now)


def _moved(before: frozenset[int], after: frozenset[int], at: int) -> list[tuple[str, int, int]]:
    came = [(CREATED, unit_id, at) for unit_id in sorted(after - before)]
    return came + [(DELETED, unit_id, at) for unit_id in sorted(before - after)]


class Known:
    """Which changes of units somebody was told of."""

    def __init__(self, since: int) -> None:
        self._since = since
        self._told: dict[tuple[int, int], int] = {}

    def news(self, changed: Sequence[Unit]) -> list[tuple[str, int, int]]:
        """What became of units since, in order: kind, unit, instant. A change may become visible a little after its instant."""
        newest = max((unit.updated_at for unit in changed), default=0)
        fresh = [
            unit
            for unit in reversed(changed)
            if unit.updated_at > self._since and (unit.id, unit.revision) not in self._told
        ]
        self._told |= {(unit.id, unit.revision): unit.updated_at for unit in fresh}
        told: list[tuple[str, int, int]] = [(_kind(unit, self._since), unit.id, unit.updated_at) for unit in fresh]
        self._since = max(self._since, newest - _OVERLAP)
        self._told = {key: at for key, at in self._told.items() if at > self._since}
        return told


def _kind(unit: Unit, since: int) -> str:
    if unit.status is Status.RETIRED:
        return DELETED
    return CREATED if unit.revision == 1 and unit.created_at > since else UPDATED
