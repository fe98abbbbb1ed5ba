"""A stream ends when what opened it does; the server tells whoever makes it that the client is gone."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator

import httpx
import pytest
import uvicorn
from litestar import Litestar, get
from litestar.response import Stream

from monokoto.kernel.errors import Unavailable
from monokoto.kernel.ids import OrganisationId
from monokoto.web import Caller, Scope, authentication, ending_streams

SECONDS = 0.2


class Keys:
    def authenticate(self, _secret: str) -> Caller:
        return Caller(organisation_id=OrganisationId(1), scopes=frozenset({Scope.ADMIN}))


class Doors:
    """Open until told otherwise; away when told so."""

    def __init__(self) -> None:
        self.open = True
        self.away = False
        self.asked = 0

    def still_in(self, _caller: Caller) -> bool:
        self.asked += 1
        if self.away:
            raise Unavailable("away")
        return self.open


class Streams:
    def __init__(self) -> None:
        self.ended = threading.Event()

    async def beats(self) -> AsyncIterator[bytes]:
        try:
            while True:
                yield b": still here\n\n"
                await asyncio.sleep(0.02)
        finally:
            self.ended.set()


@pytest.fixture
def doors() -> Doors:
    return Doors()


@pytest.fixture
def streams() -> Streams:
    return Streams()


@pytest.fixture
def url(doors: Doors, streams: Streams) -> Iterator[str]:
    """An application with a stream without end, behind a real server."""

    @get("/beats")
    async def beats() -> Stream:
        return Stream(streams.beats(), media_type="text/event-stream")

    application = Litestar([beats], middleware=[authentication(Keys()), ending_streams(doors, seconds=SECONDS)])
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(application, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = server.force_exit = True
    thread.join(10)
    listener.close()


def beats(url: str, stop: Callable[[int], bool]) -> int:
    """How many pieces came until the end, or until told to stop."""
    count = 0
    with httpx.stream("GET", f"{url}/beats", headers={"Authorization": "Bearer any"}, timeout=30) as answer:
        for _ in answer.iter_raw():
            count += 1
            if stop(count):
                break
    return count


def test_a_stream_ends_when_its_key_does(url: str, doors: Doors, streams: Streams) -> None:
    def revoke(count: int) -> bool:
        doors.open = count < 3
        return False

    assert beats(url, revoke) >= 3  # and the answer has an end: reading it to that raises nothing
    assert doors.asked >= 1
    assert streams.ended.wait(10), "whoever makes the stream goes on for nobody"


def test_it_goes_on_while_the_key_lives_and_while_nobody_can_say(url: str, doors: Doors) -> None:
    doors.away = True
    assert beats(url, lambda _count: doors.asked >= 3) > 3
