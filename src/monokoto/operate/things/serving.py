"""Server-sent events and long-poll out of something watched.

Consumers (node-wot) ask by HEAD first whether they may: that is answered at once. The poll itself answers, head and all, when
there is something: a head that came earlier would make them poll again at once, and again.
An asker that says nothing of what it saw last is known by who it is: what came between two of its polls is not left out.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncIterator
from typing import Any

from litestar import Request, Response
from litestar.response import Stream

from monokoto.kernel.errors import Fault, Invalid, MonokotoError
from monokoto.kernel.limits import LONG_POLLS_REMEMBERED_MAX, STREAM_SECONDS_MAX
from monokoto.operate.things.watching import Item, Watched
from monokoto.web import HEAD_STATE

EVENT_STREAM = "text/event-stream"
HEARTBEAT_SECONDS = 15.0
LOOK_SECONDS = 2.0
"""An access that has ended ends its stream within this time, whatever happens or does not."""
PLACE_HEADER = "Monokoto-After"
_ASIDE_SECONDS = 60.0
"""Somebody who polls again within this time is the same reader going on."""
_HEADERS = {"Cache-Control": "no-cache, no-store", "X-Accel-Buffering": "no"}


def parse_place(text: str, *, what: str) -> int | None:
    """A place we gave out; None when none is given. Raises Invalid."""
    if not text:
        return None
    if text.isascii() and text.isdigit() and len(text) < 19:
        return int(text)
    raise Invalid("This is no place in a stream of ours.", faults=[Fault(place=what, reason="expected a number")])


class Polls:
    """What those who poll without saying so saw last."""

    def __init__(self) -> None:
        self._seen: OrderedDict[tuple[int, int, str], tuple[int, float]] = OrderedDict()

    def place(self, who: tuple[int, int, str]) -> int | None:
        """The place somebody got to a moment ago."""
        seen = self._seen.get(who)
        return seen[0] if seen is not None and time.monotonic() - seen[1] < _ASIDE_SECONDS else None

    def note(self, who: tuple[int, int, str], place: int) -> None:
        """Somebody was told up to this place."""
        self._seen[who] = (place, time.monotonic())
        self._seen.move_to_end(who)
        while len(self._seen) > LONG_POLLS_REMEMBERED_MAX:
            self._seen.popitem(last=False)


def server_sent(watched: Watched, after: int | None, *, from_start: bool) -> Stream:
    """Events without a name, whose data is the item and whose id is its place; `from_start`: first what is there now."""
    return Stream(
        _server_sent(watched, after if after is not None else 0 if from_start else watched.newest()),
        media_type=EVENT_STREAM,
        headers=_HEADERS,
    )


async def _server_sent(watched: Watched, after: int) -> AsyncIterator[bytes]:
    began = told = time.monotonic()
    try:
        yield b"retry: 3000\n\n"
        while time.monotonic() - began < STREAM_SECONDS_MAX:
            items = await watched.news(after, timeout_seconds=LOOK_SECONDS)
            if watched.ended:
                return
            for item in items:
                yield b"id: %d\ndata: %b\n\n" % (item.place, item.body)
                after = max(after, item.place)
            if items:
                told = time.monotonic()
            elif time.monotonic() - told > HEARTBEAT_SECONDS:
                told = time.monotonic()
                yield b": still here\n\n"
    except MonokotoError:
        return  # the access has ended
    finally:
        watched.close()


async def long_poll(
    request: Request[Any, Any, Any], watched: Watched, after: int, *, polls: Polls, who: tuple[int, int, str]
) -> Response[bytes]:
    """The first item after a place, however long that takes; a HEAD is answered at once."""
    if request.scope["state"].get(HEAD_STATE):
        watched.close()
        return Response(b"", media_type="application/json", headers=_HEADERS)
    gone = asyncio.ensure_future(_gone(request))
    began = time.monotonic()
    try:
        while not (watched.ended or gone.done()) and time.monotonic() - began < STREAM_SECONDS_MAX:
            if items := await watched.news(after, timeout_seconds=LOOK_SECONDS):
                polls.note(who, items[0].place)
                return Response(items[0].body, media_type="application/json", headers=_HEADERS)
    finally:
        gone.cancel()
        watched.close()
    return Response(b"", status_code=204, headers=_HEADERS)


async def _gone(request: Request[Any, Any, Any]) -> None:
    """Returns when the asker has gone."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def bounded_poll(watched: Watched, after: int, *, seconds: float) -> Response[bytes]:
    """The first item after a place, or 204 when none comes in time; a header has the place to go on from."""
    item: Item | None = None
    try:
        deadline = time.monotonic() + seconds
        while item is None and not watched.ended and (left := deadline - time.monotonic()) > 0:
            items = await watched.news(after, timeout_seconds=min(left, LOOK_SECONDS))
            item = items[0] if items else None
            await asyncio.sleep(0)
    finally:
        watched.close()
    headers = {**_HEADERS, PLACE_HEADER: str(item.place if item else after)}
    if item is None:
        return Response(b"", status_code=204, headers=headers)
    return Response(item.body, media_type="application/json", headers=headers)
