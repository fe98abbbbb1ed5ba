"""Every route of the application, asked by everybody: what the rules say, and never a word of somebody else's."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from litestar.routes import HTTPRoute
from walls_asking import Answer
from walls_console import PAGES
from walls_rows import ROWS, Row, Wall
from walls_rules import DONE, OPEN_TO, Column, asker_of, columns, expected
from walls_world import Asker, World

from monokoto.api import create_app
from monokoto.assembly import routes
from monokoto.kernel.errors import Unauthenticated
from monokoto.web import Caller, is_open, scopes_of


class _Nobody:
    def authenticate(self, secret: str) -> Caller:
        raise Unauthenticated("Nobody is known here.")


def handlers() -> dict[str, Any]:
    """Every route by method and path."""
    services = dict.fromkeys(routes.SERVICES)
    app = create_app(routes=routes.ALL, dependencies=services, authenticator=_Nobody())
    found = {}
    for route in app.routes:
        assert isinstance(route, HTTPRoute), f"{route.path} is no HTTP route: say in tests/walls who may open it"
        for handler, _ in route.route_handler_map.values():
            for method in handler.http_methods - {"OPTIONS"}:
                found[f"{method} {route.path_format}"] = handler
    return found


HANDLERS = handlers()
COLUMNS = tuple(columns())


def name_of(key: str) -> str:
    """The route of a row: `#` and what follows tells one way to ask from another."""
    return key.partition(" #")[0]


def test_every_route_has_its_row() -> None:
    known = {name_of(key) for key in ROWS} | set(PAGES)
    lacking = sorted(set(HANDLERS) - known)
    assert not lacking, (
        f"say what stands before {lacking}: a Row in tests/walls/walls_rows.py (of the console: a Page in walls_console.py) "
        "with its wall, its scope and a request that is right; then `poe walls` writes docs/walls.md"
    )
    gone = sorted(known - set(HANDLERS))
    assert not gone, f"these are no routes any more: take their rows away: {gone}"


@pytest.mark.parametrize("key", ROWS)
def test_the_guards_ask_for_the_scope_of_the_row(key: str) -> None:
    row, handler = ROWS[key], HANDLERS[name_of(key)]
    scopes = scopes_of(handler)
    wanted = [row.scope] if row.scope and not row.in_handler else []
    if " #" not in key or row.scope:
        assert scopes == wanted, f"{key}: its guards ask for {scopes}, its row says {wanted}"
    opened = row.wall in {Wall.OPEN, Wall.TOKEN} or (401 in row.done and row.wall is Wall.NOBODYS)
    assert is_open(handler) == opened, (
        f"{key}: only what is open, or opened by a unit's token, is answered without a key"
    )


SOMETIMES_THERE = {
    "GET /api/v1/units/{unit}/entitlement-token": "once the unit has something",
    "GET /api/v1/twins/rebuild": "while one goes on",
    "GET /api/v1/units/{unit}/actions/{action}/{command}": "a command is of the one time of its unit",
    "GET /api/v1/units/{unit}/properties/{name}": "a value is of the one time of its unit",
    "GET /api/v1/payment-providers/{method}": "each has an account of their own, or none",
}


def test_a_row_takes_no_refusal_for_an_answer() -> None:
    """With 404 among what is `done`, a row holds whoever asks, and so whatever the route forgets."""
    both = {key for key, row in ROWS.items() if 404 in row.done and min(row.done) < 300}
    assert both == set(SOMETIMES_THERE), "say who is told that it is not there: `owners`, `outside`"


def request_of(world: World, key: str, row: Row, asker: Asker, subject: str, *, use_up: bool) -> dict[str, Any]:
    """What to send."""
    method, _, path = name_of(key).partition(" ")
    ids = {"unit": world.ids[subject], "thing": world.ids[subject]}
    ids |= {name: one[1:] if one.startswith("=") else world.ids[one] for name, one in row.ids.items()}
    if subject == "let" and "command" in row.ids:
        ids["command"] = world.ids["let-command"]
    body = row.body
    if callable(body):
        body = {} if row.costly and not use_up else body(world, asker)
    if use_up and row.fresh is not None:
        ids |= row.fresh(world, asker)
    world.seen.update(ids[name] for name in ids if row.fresh is not None and use_up)
    if isinstance(body, dict | list):
        body = json.loads(_named_in(json.dumps(body), ids))
    path = _named_in(path, ids)
    query = {name: value.format(**ids, subject=world.ids["subject"]) for name, value in row.query.items()}
    headers = row.headers(world, asker) if callable(row.headers) else row.headers
    return {"method": method, "path": path, "body": body, "query": query, "headers": headers}


def _named_in(text: str, ids: Mapping[str, str]) -> str:
    for name, value in ids.items():
        text = text.replace("{" + name + "}", value)
    return text


STAND_FOR_ALL = frozenset(
    {"nobody", "a made-up key", "the unit's token", "admin of maker", "owner of owner", "key for units:read"}
)


def concerns(row: Row, column: Column) -> bool:
    """Whether there is anything to ask: of an open route a few stand for everybody, of a list the unit says nothing."""
    if row.wall in {Wall.OPEN, Wall.KNOWN}:
        return column.title in STAND_FOR_ALL
    if row.wall is Wall.NOBODYS and column.organisation in row.owners:
        return False
    return column.subject in (row.subjects if row.wall in OPEN_TO else ("subject",))


def asked(world: World, key: str, row: Row, asker: Asker, subject: str, *, use_up: bool) -> Answer:
    """Raises AssertionError: it asks about what nobody has, which every wall refuses whatever it forgets."""
    made = request_of(world, key, row, asker, subject, use_up=use_up)
    nobodys = world.made_up(repr([made["path"], made["query"], made["body"]]))
    assert not nobodys, f"{key}: nothing here has the id {nobodys}: let the world make what the row asks about"
    method, path = made.pop("method"), made.pop("path")
    answer: Answer = world.ask(method, path, asker, **made)
    return answer


def judged(world: World, row: Row, answer: Answer, column: Column) -> Iterator[str]:
    """What is wrong with an answer whatever was asked."""
    if answer.status >= 500 and answer.status != 503:
        yield f"answered {answer.status}: {answer.body[:200]!r}"
    text = answer.text
    for mark, readers in world.marks.items():
        if mark in text and column.organisation not in readers and mark != f"zq{row.opens}qz":
            yield f"told {column.title} {mark}, which is for {sorted(readers)}"
    if "Traceback" in text or "sqlalchemy" in text.lower():
        yield f"shows its inside: {answer.body[:200]!r}"


@pytest.fixture(scope="module")
def askers(world: World) -> list[tuple[Column, Asker]]:
    return [(column, asker_of(world, column)) for column in COLUMNS]


@pytest.mark.parametrize("key", ROWS)
def test_everybody_gets_what_the_rules_say(world: World, askers: list[tuple[Column, Asker]], key: str) -> None:
    row, method = ROWS[key], key.partition(" ")[0]
    wrong, carried_out = [], 0
    # Those who are refused come first: what they asked for must still be there for those who may.
    for column, asker in sorted(askers, key=lambda one: expected(row, method, one[0]) == DONE):
        if not concerns(row, column):
            continue
        wanted = expected(row, method, column)
        leaves = key == "DELETE /api/v1/session" and wanted == DONE
        who = world.new_person(column.organisation, asker.role) if leaves else asker
        answer = asked(world, key, row, who, column.subject, use_up=wanted == DONE)
        fits = answer.status == wanted if wanted != DONE else answer.status in row.done
        if not fits:
            said = answer.body[:160].decode(errors="replace")
            wrong.append(f"{column.title}: {answer.status} and not {wanted or row.done}: {said}")
        wrong += [f"{column.title}: {one}" for one in judged(world, row, answer, column)]
        if fits and wanted == DONE and row.says is not None and (said := row.says(world, column.organisation, answer)):
            wrong.append(f"{column.title}: {said}")
        carried_out += answer.status < 300
    assert not wrong, "\n".join([key, *wrong])
    if row.wall is not Wall.NOBODYS and not row.perhaps:
        assert bool(carried_out) != bool(row.never), (
            f"{key}: the request of the row is right for nobody, or `never` is wrong"
        )
