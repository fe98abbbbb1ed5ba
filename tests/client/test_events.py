"""Live streams: parsed as the standard says, taken up again where they broke off."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from itertools import islice, pairwise

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monokoto.client import AsyncClient, Client, Retries, ServerEvent, UnexpectedAnswer, Unreachable
from monokoto.client.wire import server_events
from monokoto.client.wire.server_events import EventParser

STREAM = (
    b'\xef\xbb\xbf: hello\nretry: 1500\nid: 1\nevent: twin\ndata: {"a":\ndata: 1}\n\n'
    b"data:no blank\r\n\r\nid\ndata: \xe2\x80\xa8 is no line's end\n\nevent: nothing\n\ndata: half"
)
EVENTS = [
    ServerEvent("twin", '{"a":\n1}', "1"),
    ServerEvent("message", "no blank", "1"),
    ServerEvent("message", "\u2028 is no line's end", ""),
]


@given(st.lists(st.integers(0, len(STREAM)), max_size=12), st.sampled_from([b"\n", b"\r\n", b"\r"]))
def test_events_are_the_same_however_the_bytes_are_cut(cuts: list[int], line_end: bytes) -> None:
    stream = STREAM.replace(b"\r\n", b"\n").replace(b"\n", line_end)
    edges = [0, *sorted(min(one, len(stream)) for one in cuts), len(stream)]
    parser = EventParser()
    pieces = [stream[begin:end] for begin, end in pairwise(edges)]
    assert [event for piece in pieces for event in parser.feed(piece)] == EVENTS
    assert parser.asked_seconds == 1.5


def test_json_is_read_and_what_is_none_is_said() -> None:
    assert EVENTS[0].json() == {"a": 1}
    with pytest.raises(UnexpectedAnswer):
        EVENTS[1].json()


def test_an_event_without_end_is_no_event(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_events, "EVENT_BYTES_MAX", 100)
    for endless in (b"data: " + b"x" * 101, b"data: 12345\n" * 10):
        parser = EventParser()
        with pytest.raises(UnexpectedAnswer):
            list(parser.feed(endless))


class Pieces(httpx.SyncByteStream, httpx.AsyncByteStream):
    """Some bytes, then the end or a break."""

    def __init__(self, *pieces: bytes, breaks: bool) -> None:
        self._pieces = pieces
        self._breaks = breaks

    def __iter__(self) -> Iterator[bytes]:
        yield from self._pieces
        if self._breaks:
            raise httpx.ReadError("broke off")

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self:
            yield piece


class Platform:
    """A connection after the other."""

    def __init__(self, *connections: Pieces | Exception) -> None:
        self._connections = list(connections)
        self.resumed: list[str | None] = []
        self.waited: list[float] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.resumed.append(request.headers.get("Last-Event-ID"))
        connection = self._connections.pop(0)
        if isinstance(connection, Exception):
            raise connection
        return httpx.Response(200, stream=connection, headers={"Content-Type": "text/event-stream"})

    def client(self, retries: Retries | None = None) -> Client:
        return Client(
            "http://koto.test", "k", retries=retries, transport=httpx.MockTransport(self), sleep=self.waited.append
        )


def connections() -> tuple[Pieces | Exception, ...]:
    return (
        Pieces(b"id: 7\ndata: a\n\nid: 8\ndata: lost", breaks=True),
        httpx.ConnectError("refused"),
        Pieces(b"id: 8\ndata: b\n\n", breaks=False),
        Pieces(b"data: c\n\n", breaks=True),
    )


def test_a_stream_is_taken_up_behind_the_last_whole_event() -> None:
    platform = Platform(*connections())
    events = platform.client().twins.stream_twin("0000000000001")
    assert [one.data for one in islice(events, 3)] == ["a", "b", "c"]
    assert platform.resumed == [None, "7", "7", "8"]
    assert events.last_event_id == "8"


def test_a_stream_on_an_event_loop_too() -> None:
    platform = Platform(*connections())

    async def sleep(seconds: float) -> None:
        platform.waited.append(seconds)

    async def ask() -> list[str]:
        found = []
        async with AsyncClient("http://koto.test", "k", transport=httpx.MockTransport(platform), sleep=sleep) as client:
            async for event in client.twins.stream_twin("0000000000001", last_event_id="6"):
                found.append(event.data)
                if len(found) == 3:
                    break
        return found

    assert asyncio.run(ask()) == ["a", "b", "c"]
    assert platform.resumed == ["6", "7", "7", "8"]


def test_a_stream_with_an_end_ends() -> None:
    platform = Platform(Pieces(b"data: 1\n\n", breaks=True), Pieces(b"data: 2\n\n", breaks=False))
    assert [one.data for one in platform.client().jobs.stream("0000000000001")] == ["1", "2"]


def test_a_stream_that_gives_nothing_is_given_up() -> None:
    platform = Platform(*[Pieces(breaks=False) for _ in range(20)])
    with pytest.raises(Unreachable):
        next(iter(platform.client(Retries(attempts_max=2)).twins.stream_twins()))
    assert len(platform.resumed) == 7


def test_a_closed_stream_is_over() -> None:
    platform = Platform(Pieces(b"data: 1\n\ndata: 2\n\n", breaks=False))
    with platform.client().twins.stream_twins() as events:
        for event in events:
            assert event.data == "1"
            break
    assert list(events) == []
