"""The client against a whole installation: everything a program of somebody's would do with it."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import io
import re
import stat
import threading
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from monokoto.client import (
    AsyncClient,
    Client,
    Conflict,
    Forbidden,
    IdempotencyKeyReused,
    Invalid,
    NotFound,
    Pages,
    PreconditionFailed,
    Unauthenticated,
    Unreachable,
    types,
)
from monokoto.client.wire import OpenObject
from monokoto.testing import Installation, wait_until

ROOT = Path(__file__).resolve().parents[2]
_serials = (f"c-{number}" for number in count())


def registered(client: Client, **more: Any) -> types.Registered:
    return client.units.register(serial=next(_serials), product="thermostat", **more)


def measured(here: Installation, client: Client) -> str:
    """A unit that has sent something."""
    made = registered(client)
    with Client(here.api_url, made.token or "") as unit:
        unit.ingest.send_telemetry({"temperature": 21.5})
    wait_until(lambda: client.twins.get(made.unit.id).reported.properties)
    wait_until(lambda: client.history.get_unit_history(made.unit.id).series)
    return made.unit.id


def test_a_unit_through_its_life(client: Client) -> None:
    made = registered(client, tags=["a"], location=types.Location(latitude=37.5, longitude=127.0))
    unit = made.unit
    assert made.token
    assert (unit.status, unit.location) == (types.UnitStatus.ACTIVE, types.Location(latitude=37.5, longitude=127.0))
    assert client.units.get(unit.id) == unit
    named = client.units.update(unit.id, name="Hall", if_match=f'"{unit.revision}"')
    assert (named.name, named.tags) == ("Hall", ["a"])
    assert client.units.update(unit.id, location=None).location is None
    assert client.units.update(unit.id, location=types.LocationPatch(place="roof")).location == types.Location(
        place="roof"
    )
    with pytest.raises(PreconditionFailed):
        client.units.update(unit.id, name="Stairs", if_match=f'"{unit.revision}"')
    assert client.units.retire(unit.id).status is types.UnitStatus.RETIRED


def test_problems_are_exceptions_of_their_kind(here: Installation, client: Client) -> None:
    serial = registered(client).unit.serial
    with pytest.raises(Conflict) as taken:
        client.units.register(serial=serial, product="thermostat")
    assert taken.value.code == "conflict"
    with pytest.raises(NotFound):
        client.units.get("0000000000000")
    with pytest.raises(Invalid) as invalid:
        client.units.list(sort="color").first()
    assert [fault.place for fault in invalid.value.faults] == ["sort"]
    with pytest.raises(Unauthenticated), Client(here.api_url, "koto_wrong") as stranger:
        stranger.units.list().first()
    reader = client.organisation.create_key(name="reader", scopes=[types.Scope.UNITS_READ])
    with pytest.raises(Forbidden), Client(here.api_url, reader.secret) as limited:
        registered(limited)
    with pytest.raises(Unreachable), Client("http://127.0.0.1:9", "k", sleep=lambda _: None) as nobody:
        nobody.units.list().first()


def test_a_key_of_ones_own_does_a_thing_once(client: Client) -> None:
    serial = next(_serials)
    first = client.units.register(serial=serial, product="thermostat", idempotency_key="once")
    again = client.units.register(serial=serial, product="thermostat", idempotency_key="once")
    assert again == first
    with pytest.raises(IdempotencyKeyReused):
        client.units.register(serial="other", product="thermostat", idempotency_key="once")


class Lossy(httpx.BaseTransport):
    """Carries requests out and loses the first answer to each change."""

    def __init__(self) -> None:
        self._inner = httpx.HTTPTransport()
        self._seen: set[str] = set()
        self.lost = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = self._inner.handle_request(request)
        key = request.headers.get("Idempotency-Key")
        if key and key not in self._seen:
            answer.read()
            answer.close()
            self._seen.add(key)
            self.lost += 1
            raise httpx.ReadError("the answer is lost", request=request)
        return answer

    def close(self) -> None:
        self._inner.close()


def test_a_lost_answer_registers_no_unit_twice(here: Installation, key: str, client: Client) -> None:
    lossy = Lossy()
    with Client(here.api_url, key, transport=lossy, sleep=lambda _: None) as unlucky:
        made = registered(unlucky, tags=["lost"])
    assert lossy.lost == 1
    assert [one.id for one in client.units.list(tag=["lost"])] == [made.unit.id]
    with Client(here.api_url, made.token or "") as unit:
        unit.ingest.send_telemetry({"temperature": 20})


def test_lists_are_read_page_by_page(client: Client) -> None:
    made = [registered(client, tags=["paged"]).unit.id for _ in range(5)]
    assert [one.id for one in client.units.list(tag=["paged"], limit=2)] == made
    assert [len(page.items) for page in client.units.list(tag=["paged"], limit=2).pages()] == [2, 2, 1]
    assert len(client.units.list(tag=["paged"], limit=2).first().items) == 2
    assert client.ask("GET", "/api/v1/units", query={"tag": "paged", "fields": "id", "limit": 1})["items"] == [
        {"id": made[0]}
    ]


def test_readings_go_in_and_out(here: Installation, client: Client, tmp_path: Path) -> None:
    unit = measured(here, client)
    (series,) = client.history.get_unit_history(unit, property=["temperature"]).series
    assert (series.property, series.value, series.unit) == ("temperature", [21.5], unit)
    (bucket,) = client.history.get_unit_history(unit, width="1h", aggregate=["avg", "count"]).series
    assert (bucket["avg"], bucket["count"], bucket.value) == ([21.5], [1], [])
    asked = client.history.post(units=[unit], properties=["temperature"], from_="-1h")
    assert asked.series[0].value == [21.5]
    file = tmp_path / "readings.csv"
    size = client.history.export_readings(unit=[unit], format="csv").save(file)
    assert file.stat().st_size == size
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(client.history.export_readings(unit=[unit], format="csv").lines())[1].startswith(f'"{unit}"')
    assert [one.name for one in tmp_path.iterdir()] == ["readings.csv"]
    rows = client.twins.get_latest(units=[unit])
    assert isinstance(rows, types.LatestRows)
    assert rows.items[0].properties["temperature"].value == 21.5
    columns = client.twins.get_latest(units=[unit], format="columns")
    assert isinstance(columns, types.LatestColumns)


def test_a_file_that_cannot_be_had_leaves_nothing(client: Client, tmp_path: Path) -> None:
    with pytest.raises(Invalid):
        client.history.export_readings(product="thermostat", format="pdf").save(tmp_path / "x")
    assert list(tmp_path.iterdir()) == []


def test_units_are_imported_from_an_open_file(client: Client) -> None:
    rows = io.BytesIO(b"serial,product\n" + b"".join(f"i-{n},thermostat\n".encode() for n in range(300)))
    with client.units.import_(rows, content_type="text/csv") as answer:
        assert answer.headers["Units-Registered"] == "300"
        assert sum(1 for _ in answer.lines()) == 301


def test_a_twin_is_followed_live(client: Client) -> None:
    unit = registered(client).unit.id
    with client.twins.stream_twin(unit) as events:
        stream: Iterator[Any] = iter(events)
        assert next(stream).name == "twin"
        client.twins.patch_desired(unit, {"target": 21})
        desired = next(one for one in stream if one.name == "desired")
        assert desired.json()["properties"] == {"target": 21}


def test_a_stream_may_be_closed_by_another_thread(client: Client) -> None:
    events = client.twins.stream_twin(registered(client).unit.id)
    begun, names = threading.Event(), []

    def follow() -> None:
        for event in events:
            names.append(event.name)
            begun.set()

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    assert begun.wait(30)
    events.close()
    thread.join(10)
    assert not thread.is_alive(), "it must not wait for the next sign of life, which comes every 15 s"
    assert names == ["twin"]


def test_a_job_is_previewed_and_watched_to_its_end(client: Client) -> None:
    unit = registered(client).unit.id
    asked: dict[str, Any] = {"selection": types.Selection(ids=[unit]), "parameters": {"add": ["swept"]}}
    preview = client.jobs.create(kind="units.tag", preview=True, **asked)
    assert isinstance(preview, types.Preview)
    job = client.jobs.create(kind="units.tag", **asked)
    assert isinstance(job, types.Job)
    last = [event.json() for event in client.jobs.stream(job.id)][-1]
    assert last["state"] == client.jobs.get(job.id).state == "done"
    assert client.units.get(unit).tags == ["swept"]


def test_the_client_on_an_event_loop(here: Installation, key: str, client: Client, tmp_path: Path) -> None:
    unit = measured(here, client)

    async def ask() -> None:
        async with AsyncClient(here.api_url, key) as loop:
            made = await loop.units.register(serial=next(_serials), product="thermostat", tags=["loop"])
            assert [one.id async for one in loop.units.list(tag=["loop"])] == [made.unit.id]
            assert len((await loop.units.list(tag=["loop"]).first()).items) == 1
            await loop.history.export_readings(unit=[unit], format="ndjson").save(tmp_path / "r")
            answer = await loop.units.import_(b"serial,product\nasync-1,thermostat\n", content_type="text/csv")
            assert [line async for line in answer.lines()][1].startswith("2,registered,async-1")
            async for event in loop.twins.stream_twin(unit):
                assert event.json()["unit"] == unit
                break

    asyncio.run(ask())
    assert (tmp_path / "r").stat().st_size


WITHOUT_ARGUMENTS_IN_VAIN = {"things", "health"}
"""Groups whose answers are no JSON of ours, or come before anybody is known."""


def test_nothing_an_answer_says_is_lost(here: Installation, client: Client) -> None:
    """Every question that needs no argument, or a unit alone: what it answers is what its type holds."""
    unit = measured(here, client)
    held = set()
    with contextlib.ExitStack() as after:
        seen: list[bytes] = []
        hooks = client.api.http.event_hooks
        after.callback(setattr, client.api.http, "event_hooks", hooks)
        client.api.http.event_hooks = {"response": [lambda answer: seen.append(answer.read())]}
        for group_name, group in vars(client).items():
            if group_name in {"api", "url"} | WITHOUT_ARGUMENTS_IN_VAIN:
                continue
            for name, method in inspect.getmembers(group, inspect.ismethod):
                needed = [
                    one
                    for one in inspect.signature(method).parameters.values()
                    if one.default is inspect.Parameter.empty
                ]
                if not name.startswith(("get", "list")) or [one.name for one in needed] not in ([], ["unit"]):
                    continue
                with contextlib.suppress(Forbidden, Invalid, NotFound):
                    answer = method(*[unit for _ in needed])
                    answer = answer.first() if isinstance(answer, Pages) else answer
                    assert _plain(answer) == _without_defaults(msgspec.json.decode(seen[-1])), f"{group_name}.{name}"
                    held.add(f"{group_name}.{name}")
    assert {"units.list", "units.get", "twins.get", "presence.list", "audit.list", "ownership.list"} <= held
    assert len(held) > 20


def _plain(value: Any) -> Any:
    return _without_defaults(msgspec.json.decode(msgspec.json.encode(value)))


def _without_defaults(value: Any) -> Any:
    """What is left out and what is null, or empty, is the same to a reader."""
    if isinstance(value, dict | OpenObject):
        inside = {name: _without_defaults(one) for name, one in value.items()}
        return {name: one for name, one in inside.items() if one not in (None, "", [], {})}
    return [_without_defaults(one) for one in value] if isinstance(value, list) else value


def test_the_example_of_the_page_runs(here: Installation, key: str, tmp_path: Path, client: Client) -> None:
    page = (ROOT / "docs" / "client.md").read_text()
    example = re.findall(r"```python\n(.*?)```", page, re.DOTALL)[0]
    example = example.replace("http://127.0.0.1:8080", here.api_url)
    with contextlib.chdir(tmp_path), contextlib.redirect_stdout(io.StringIO()) as said:
        exec(example, {"key": key})
        exec(example, {"key": key})
    text = said.getvalue()
    assert "token, shown this once:" in text
    assert "The unit 'hall-1' cannot be registered." in text
    assert "hall-1 active {}" in text
    assert (tmp_path / "readings.csv").exists()
