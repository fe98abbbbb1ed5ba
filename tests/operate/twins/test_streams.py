"""Live changes: what a listener gets, how a slow one is served, what comes after a break, who is turned away."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import uvicorn
from litestar import Litestar
from litestar.di import Provide
from twins_making import MAKER, OTHER, FakeUnits, House, Message, batch, make_house, unit, until

from monokoto.kernel.errors import Invalid, TooMany
from monokoto.kernel.ids import ApiKeyId, OrganisationId, format_id
from monokoto.kernel.limits import STREAM_CLIENTS_PER_ORGANISATION_MAX, STREAM_PENDING_UNITS_MAX
from monokoto.operate.twins import CONTROLLERS
from monokoto.operate.twins.serving import Sight, Stream, parse_last_event_id
from monokoto.web import Caller, Scope, authentication, exception_handlers, provide_caller

AT = 1_767_225_600_000_000


@pytest.fixture
def house(tmp_path: Path) -> House:
    many = (unit(number) for number in range(1, STREAM_PENDING_UNITS_MAX + 2001))
    return make_house(tmp_path, units=FakeUnits(*many, unit(99_999, organisation_id=OTHER)))


def parse(chunk: bytes) -> list[tuple[str, int, dict[str, Any]]]:
    """Events as (name, id, data)."""
    events = []
    for part in chunk.split(b"\n\n"):
        fields = dict(line.split(b": ", 1) for line in part.split(b"\n") if line and not line.startswith(b":"))
        if b"data" in fields:
            events.append((fields[b"event"].decode(), int(fields[b"id"]), msgspec.json.decode(fields[b"data"])))
    return events


class Client:
    """Reads a stream's chunks."""

    def __init__(self, house: House, *, last_event_id: int | None = None, heartbeat_seconds: float = 5.0, **which: Any):
        listener = house.twins.listeners.open(MAKER, **which)
        caller = Caller(organisation_id=OrganisationId(MAKER), scopes=frozenset({Scope.TELEMETRY_READ}))
        sight = Sight(house.gate, caller, held=False)
        stream = Stream(house.twins, listener, sight, last_event_id=last_event_id, heartbeat_seconds=heartbeat_seconds)
        self.chunks = stream.chunks()

    async def raw(self) -> bytes:
        async with asyncio.timeout(30):
            return await anext(self.chunks)

    async def events(self) -> list[tuple[str, int, dict[str, Any]]]:
        """The next chunk that is not the head nor a heartbeat."""
        while not (found := parse(await self.raw())):
            pass
        return found

    async def close(self) -> None:
        await self.chunks.aclose()  # type: ignore[attr-defined]


def say(unit_id: int, at: int, **values: float | str) -> Message:
    return Message(unit_id, AT + at, AT + at, values)


def test_a_units_stream_begins_with_the_twin_and_goes_on_with_what_is_new(house: House) -> None:
    async def main() -> None:
        await house.twins.observe(batch([say(1, 1, count=1.0, mode="slow")]))
        client = Client(house, unit_id=1)
        assert (await client.raw()).startswith(b"retry:")
        ((name, event_id, twin),) = await client.events()
        assert (name, event_id, twin["unit"]) == ("twin", AT + 1, format_id(1))
        assert twin["reported"]["properties"]["mode"]["value"] == "slow"
        await house.twins.observe(batch([say(2, 2, count=9.0), say(1, 3, count=2.0)]))
        ((name, event_id, event),) = await client.events()
        assert (name, event_id, event["unit"], event["revision"]) == ("reported", AT + 3, format_id(1), AT + 3)
        assert {key: value["value"] for key, value in event["properties"].items()} == {"count": 2}
        await house.twins.patch_desired(MAKER, 1, {"mode": "fast"}, by=1)
        ((name, _, event),) = await client.events()
        assert (name, event["revision"], event["properties"]) == ("desired", 1, {"mode": "fast"})
        await client.close()
        assert len(house.twins.listeners) == 0

    asyncio.run(main())


def test_a_slow_client_gets_the_latest_state_once(house: House) -> None:
    async def main() -> None:
        client = Client(house, product="cooker")
        await client.raw()
        for number in range(1, 301):
            await house.twins.observe(batch([say(1 + number % 3, number, count=float(number))]))
        events = await client.events()
        assert [(name, event["unit"], event["properties"]["count"]["value"]) for name, _, event in events] == [
            ("reported", format_id(1), 300),
            ("reported", format_id(2), 298),
            ("reported", format_id(3), 299),
        ]
        await client.close()

    asyncio.run(main())


def test_past_the_limit_a_point_in_time_is_held_and_nothing_is_lost(house: House) -> None:
    fleet = STREAM_PENDING_UNITS_MAX + 2000

    async def main() -> None:
        client = Client(house)
        await client.raw()
        await house.twins.observe(batch([say(number, number, count=float(number)) for number in range(1, fleet + 1)]))
        listener = next(iter(house.twins.listeners._listeners.values()))
        assert listener._news.reported == {}, "no set of units is held any more"
        served: set[str] = set()
        while len(served) < fleet:
            served |= {event["unit"] for _, _, event in await client.events()}
        assert served == {format_id(number) for number in range(1, fleet + 1)}
        await client.close()

    asyncio.run(main())


def test_a_client_that_comes_back_gets_what_it_missed(house: House) -> None:
    async def main() -> None:
        minute = 60_000_000
        await house.twins.observe(batch([say(1, 1, count=1.0, mode="slow"), say(2, 2, count=2.0)]))
        client = Client(house)
        await client.raw()
        await house.twins.observe(batch([say(1, minute, count=3.0)]))
        ((_, last_event_id, _),) = await client.events()
        await client.close()
        await house.twins.observe(batch([say(2, 2 * minute, count=4.0)]))
        house.clock._now = AT + 2 * minute
        await house.twins.patch_desired(MAKER, 3, {"count": 5}, by=1)
        back = Client(house, last_event_id=last_event_id)
        events = await back.events()
        assert [(event["unit"], event["properties"]) for _, _, event in events] == [
            (format_id(1), {"count": {"value": 3, "at": "2026-01-01T00:01:00Z"}}),
            (format_id(2), {"count": {"value": 4, "at": "2026-01-01T00:02:00Z"}}),
        ], "what arrived shortly before the break comes again; what was long before does not"
        ((name, _, event),) = await back.events()
        assert (name, event["unit"], event["properties"]) == ("desired", format_id(3), {"count": 5})
        await back.close()

    asyncio.run(main())


def test_filters_and_the_wall_between_tenants(house: House) -> None:
    async def main() -> None:
        other = house.twins.listeners.open(OTHER)
        kettles = house.twins.listeners.open(MAKER, product="kettle")
        second = house.twins.listeners.open(MAKER, unit_id=2)
        everything = house.twins.listeners.open(MAKER)
        await house.twins.observe(batch([say(1, 1, count=1.0)]))
        await house.twins.patch_desired(MAKER, 1, {"count": 1}, by=1)
        for listener in (other, kettles, second):
            assert (await listener.take(timeout_seconds=0.01)).empty
        news = await everything.take(timeout_seconds=1)
        assert (news.reported, news.since, news.desired) == ({"cooker": {1}}, AT + 1, {1})

    asyncio.run(main())


def test_a_repeat_tells_nobody(house: House) -> None:
    async def main() -> None:
        await house.twins.observe(batch([say(1, 5, count=1.0)]))
        listener = house.twins.listeners.open(MAKER)
        await house.twins.observe(batch([say(1, 4, count=7.0)]))
        assert (await listener.take(timeout_seconds=0.01)).empty

    asyncio.run(main())


def test_a_quiet_stream_beats(house: House) -> None:
    async def main() -> None:
        client = Client(house, heartbeat_seconds=0.02)
        await client.raw()
        assert (await client.raw()).startswith(b":")
        await client.close()

    asyncio.run(main())


def test_a_stopping_server_ends_its_streams(house: House) -> None:
    async def main() -> None:
        client = Client(house)
        await client.raw()
        house.twins.end_streams()
        with pytest.raises(StopAsyncIteration):
            await client.raw()
        assert len(house.twins.listeners) == 0

    asyncio.run(main())


def test_streams_are_limited_and_forgotten_when_their_client_is_gone(house: House) -> None:
    async def main() -> None:
        listeners = house.twins.listeners
        held = [listeners.open(MAKER) for _ in range(STREAM_CLIENTS_PER_ORGANISATION_MAX)]
        with pytest.raises(TooMany):
            listeners.open(MAKER)
        assert listeners.open(OTHER) is not None
        held.pop()
        gc.collect()
        assert listeners.open(MAKER) is not None

    asyncio.run(main())


@pytest.mark.parametrize("text", ["x", "-1", "1" * 30, "1.5", "²"])
def test_a_foreign_event_id_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        parse_last_event_id(text)


def test_no_event_id_is_a_new_client() -> None:
    assert parse_last_event_id(None) is None
    assert parse_last_event_id("") is None
    assert parse_last_event_id("17") == 17


class Keys:
    def authenticate(self, secret: str) -> Caller:
        return Caller(
            organisation_id=OrganisationId(MAKER), key_id=ApiKeyId(1), scopes=frozenset({Scope.TELEMETRY_READ})
        )


@asynccontextmanager
async def served(house: House) -> AsyncIterator[str]:
    """A real server on a free port."""
    app = Litestar(
        list(CONTROLLERS),
        dependencies={
            "caller": Provide(provide_caller),
            "twins": Provide(lambda: house.twins, sync_to_thread=False),
            "gate": Provide(lambda: house.gate, sync_to_thread=False),
        },
        middleware=[authentication(Keys())],
        exception_handlers=exception_handlers,
        openapi_config=None,
    )
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", timeout_graceful_shutdown=1))
    task = asyncio.create_task(server.serve())
    await until(lambda: server.started)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    await task


def test_over_real_http_and_a_client_that_goes_away(house: House) -> None:
    async def main() -> None:
        async with served(house) as url, httpx.AsyncClient(headers={"Authorization": "Bearer x"}) as http:
            async with http.stream("GET", f"{url}/api/v1/units/{format_id(1)}/twin/stream") as answer:
                assert answer.headers["content-type"].startswith("text/event-stream")
                lines = answer.aiter_lines()
                while await anext(lines) != "event: twin":
                    pass
                await house.twins.observe(batch([say(1, 1, count=1.0)]))
                while await anext(lines) != "event: reported":
                    pass
                assert await anext(lines) == f"id: {AT + 1}"
                assert len(house.twins.listeners) == 1
            await until(lambda: len(house.twins.listeners) == 0)
            refused = await http.get(f"{url}/api/v1/twins/stream", headers={"Last-Event-ID": "nonsense"})
            assert refused.status_code == 422
            assert (await http.get(f"{url}/api/v1/units/{format_id(99_999)}/twin/stream")).status_code == 404

    asyncio.run(main())
