"""Many commands in one request: each item by itself, over the real routes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from commands_making import CHILD, FOREIGN, MAKER, UNIT, House, make_house, said
from litestar import Litestar
from litestar.di import Provide
from litestar.testing import TestClient

from monokoto.kernel.errors import Forbidden
from monokoto.kernel.ids import ApiKeyId, OrganisationId, PersonId, format_id
from monokoto.kernel.limits import COMMANDS_AT_ONCE_MAX
from monokoto.operate.commands import CONTROLLERS
from monokoto.web import Caller, RecordedRequest, Scope, authentication, exception_handlers, provide_caller, recording

HIDDEN = 333
PATH = "/api/v1/commands"


class Keys:
    def authenticate(self, secret: str) -> Caller:
        scope = Scope.CONTROL_READ if secret == "reader" else Scope.CONTROL_WRITE
        who: dict[str, Any] = {"person_id": PersonId(5)} if secret == "person" else {"key_id": ApiKeyId(77)}
        return Caller(organisation_id=OrganisationId(MAKER), scopes=frozenset({scope}), **who)


class Remembering:
    """A recorder."""

    def __init__(self) -> None:
        self.told: list[RecordedRequest] = []

    async def record(self, request: RecordedRequest) -> None:
        self.told.append(request)


class Answering:
    """A way down to units that do at once what they are asked, but one that says nothing."""

    def __init__(self, house: House) -> None:
        self._house = house

    def __getattr__(self, name: str) -> Any:
        sent = getattr(self._house.down, name)

        async def send(given: Any, *more: Any, **named: Any) -> None:
            await sent(given, *more, **named)
            for command in self._house.commands.list(MAKER, UNIT, limit=100):
                if command.open and command.action == "restart":
                    asyncio.get_running_loop().call_soon(self._done, command)

        return send

    def _done(self, command: Any) -> None:
        self._hearing = asyncio.ensure_future(self._house.hear(said(command, "succeeded")))


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = make_house(tmp_path)
    made.commands._handing._downlink = Answering(made)
    yield made
    made.records.close()


@pytest.fixture
def recorder() -> Remembering:
    return Remembering()


@pytest.fixture
def client(house: House, own_gate: Any, recorder: Remembering) -> Iterator[TestClient[Litestar]]:
    class SomeGate(type(own_gate)):  # type: ignore[misc]
        def unit(self, caller: Caller, unit_id: int) -> Any:
            if unit_id == HIDDEN:
                raise Forbidden("Not yours to control.")
            return super().unit(caller, unit_id)

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        await house.commands.start()
        yield
        await house.commands.stop()

    app = Litestar(
        list(CONTROLLERS),
        dependencies={
            "caller": Provide(provide_caller),
            "commands": Provide(lambda: house.commands, sync_to_thread=False),
            "gate": Provide(SomeGate, sync_to_thread=False),
        },
        middleware=[authentication(Keys()), recording(recorder)],
        exception_handlers=exception_handlers,
        lifespan=[lifespan],
    )
    with TestClient(app) as found:
        yield found


def ask(client: TestClient[Litestar], *items: dict[str, Any], who: str = "key", **query: Any) -> Any:
    headers = {"Authorization": f"Bearer {who}"}
    return client.post(PATH, json={"items": list(items)}, params=query, headers=headers)


def item(unit: int, action: str = "restart", **more: Any) -> dict[str, Any]:
    return {"unit": format_id(unit), "action": action, **more}


def test_each_item_is_carried_out_or_refused_by_itself(client: TestClient[Litestar]) -> None:
    answer = ask(
        client,
        item(UNIT, request="one"),
        item(UNIT, "boost", input={"minutes": 99}),
        item(FOREIGN),
        item(HIDDEN),
        {"unit": "none", "action": "restart"},
        item(CHILD, "boost", input={"minutes": 5}, timeout=60),
        item(UNIT, request="one"),
        item(UNIT, "restart", timeout=0.5) | {"timeout": -1},
    )
    assert answer.status_code == 200
    items = answer.json()["items"]
    assert [one.get("refused", {}).get("status", 0) for one in items] == [0, 422, 404, 403, 422, 0, 0, 422]
    assert items[1]["refused"]["faults"][0]["place"] == "/minutes"
    assert [items[place]["command"]["unit"] for place in (0, 5)] == [format_id(UNIT), format_id(CHILD)]
    assert items[0]["command"]["id"] == items[6]["command"]["id"]
    assert items[5]["command"]["input"] == {"minutes": 5}
    assert items[0]["command"]["created_by"] == format_id(77)


def test_each_unit_of_which_something_was_asked_is_recorded(
    client: TestClient[Litestar], recorder: Remembering
) -> None:
    answer = ask(client, item(UNIT, "boost", input={"minutes": 5}), item(HIDDEN), item(CHILD))
    commands = [one["command"] for one in answer.json()["items"] if "command" in one]
    (told,) = recorder.told
    assert (told.action, told.detail) == ("invokeActions", {"fields": ["items"], "refused": 1})
    assert [(unit, detail) for unit, detail in told.subjects] == [
        (format_id(unit), {"action": action, "command": command["id"]})
        for unit, action, command in zip((UNIT, CHILD), ("boost", "restart"), commands, strict=True)
    ]


def test_what_one_request_asked_is_listed_by_its_batch_page_by_page(client: TestClient[Litestar]) -> None:
    headers = {"Authorization": "Bearer key"}
    items = [{"unit": format_id(UNIT), "action": "restart"} for _ in range(3)]
    first = client.post(PATH, json={"items": items}, headers=headers).json()
    second = client.post(PATH, json={"items": items[:1]}, headers=headers).json()
    assert first["batch"] != second["batch"]
    found, cursor = [], ""
    while True:
        given = {"batch": first["batch"], "limit": 2, **({"cursor": cursor} if cursor else {})}
        page = client.get(PATH, params=given, headers={"Authorization": "Bearer reader"}).json()
        assert len(page["items"]) <= 2
        found += page["items"]
        cursor = page.get("next_cursor")
        if not cursor:
            break
    assert {one["id"] for one in found} == {one["command"]["id"] for one in first["items"]}


def test_with_wait_it_answers_once_nothing_more_comes_of_any(client: TestClient[Litestar]) -> None:
    done = ask(client, *[item(UNIT)] * 5, item(UNIT, "explode"), wait=30).json()["items"]
    assert [one["command"]["status"] for one in done[:5]] == ["succeeded"] * 5
    assert done[5]["refused"]["code"] == "not-found"
    # One says nothing: what is known by then is answered when the time is over.
    first, second = ask(client, item(UNIT), item(CHILD), wait=1.5).json()["items"]
    assert (first["command"]["status"], second["command"]["status"]) == ("succeeded", "sent")


def test_nobody_waits_for_a_yes_and_a_key_says_it_at_once(client: TestClient[Litestar]) -> None:
    sure = item(UNIT, "clean", confirmed=True)
    (asked,) = ask(client, item(UNIT, "clean"), wait=30).json()["items"]
    assert asked["command"]["status"] == "unconfirmed"
    assert ask(client, sure).json()["items"][0]["command"]["status"] == "queued"
    # A person says yes by a second request, here as everywhere.
    assert ask(client, sure, who="person").json()["items"][0]["command"]["status"] == "unconfirmed"


def test_what_is_no_list_of_commands_is_refused_as_a_whole(client: TestClient[Litestar], house: House) -> None:
    assert ask(client, item(UNIT), who="reader").status_code == 403
    for wrong in ([], [item(UNIT)] * (COMMANDS_AT_ONCE_MAX + 1), [item(UNIT, unknown=1)], [{"unit": format_id(UNIT)}]):
        assert ask(client, *wrong).status_code in {400, 422}
    assert not house.commands.list(MAKER, UNIT)


def test_waiting_for_many_sees_what_another_process_did(house: House) -> None:
    async def story() -> None:
        from commands_making import make_commands  # noqa: PLC0415

        asked = [await house.ask("restart") for _ in range(3)]
        waiting = asyncio.ensure_future(house.commands.wait_for_all(asked, seconds=30))
        await asyncio.sleep(0)
        other = make_commands(house)
        for command in asked:
            await other.cancel(MAKER, UNIT, command.id)
        ended = await waiting
        assert [(one.id, one.status) for one in ended] == [(one.id, "cancelled") for one in asked]
        assert not house.commands._watchers

    asyncio.run(asyncio.wait_for(story(), 60))
