"""The table in `docs/walls.md`, out of the rows and the rules: `poe walls` writes it, a test holds it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.append(str(Path(__file__).parent))

from walls_console import PAGES
from walls_rows import ROWS, Row, Wall
from walls_rules import DONE, OPEN_TO, STANDINGS, Column, expected
from walls_world import ROLES

from monokoto.connect.people.roles import ROLES as SCOPES_OF
from monokoto.web import Scope

PAGE = Path(__file__).resolve().parents[2] / "docs" / "walls.md"
HEAD = """\
# Walls

Who gets what from which route. Written by `uv run poe walls` out of the rows and rules in `tests/walls`, which ask every cell
of every table here of a running application; a route without a row fails the tests. `yes`: no wall refuses it; a number: the
HTTP status that does. What is somebody else's is not there (404), so that nobody learns what there is.

"""
SIDES = (
    ("maker", "subject", "maker"), ("owner", "subject", "owner"), ("owner", "let", "owner who let it"),
    ("guest", "subject", "guest, to look"), ("renter", "let", "renter"), ("past", "subject", "past owner"),
    ("other", "subject", "other owner"), ("foreign", "subject", "other maker"), ("platform", "subject", "platform"),
)  # fmt: skip
"""Organisation, unit, and what that makes it."""


def written() -> str:
    """The whole page."""
    return HEAD + "\n".join([*_of_units(), *_of_things(), *_of_roles(), *_of_pages()]) + "\n"


def _named(key: str) -> str:
    method, _, path = key.partition(" ")
    path, _, way = path.partition(" #")
    return f"{method} `{path}`" + (f" {way}" if way else "")


def _cell(row: Row, key: str, column: Column) -> str:
    told = expected(row, key.partition(" ")[0], column)
    return "yes" if told == DONE else str(told)


def _table(heads: list[str], rows: Iterator[list[str]]) -> Iterator[str]:
    yield "| " + " | ".join(heads) + " |"
    yield "|---" * len(heads) + "|"
    for row in rows:
        yield "| " + " | ".join(row) + " |"
    yield ""


def _of_units() -> Iterator[str]:
    yield "## About a unit"
    yield ""
    yield "Asked with everything a role of that organisation may hold. Somebody who holds less gets 403 before anything else."
    yield ""

    def rows() -> Iterator[list[str]]:
        for key, row in ROWS.items():
            if row.wall in OPEN_TO:
                cells = [
                    _cell(row, key, Column("", name, frozenset({Scope.ADMIN, Scope.PLATFORM}), subject=subject))
                    if subject in row.subjects or (subject, name) not in STANDINGS
                    else "-"
                    for name, subject, _ in SIDES
                ]
                yield [_named(key), str(row.wall), *cells]

    yield from _table(["route", "wall", *(title for *_, title in SIDES)], rows())


def _of_things() -> Iterator[str]:
    yield "## Everything else"
    yield ""

    def rows() -> Iterator[list[str]]:
        for key, row in ROWS.items():
            if row.wall not in OPEN_TO:
                foreign = {Wall.OPEN: "yes", Wall.TOKEN: "401"}.get(row.wall, "")
                if not foreign:
                    who = Column("", "other", frozenset(Scope), person=True)
                    foreign = (
                        _cell(row, key, who) if row.ids or row.outside or row.wall is Wall.NOBODYS else "their own"
                    )
                yield [_named(key), str(row.wall), _cell(row, key, Column("nobody")), foreign]

    yield from _table(["route", "wall", "nobody", "another organisation"], rows())


def _of_roles() -> Iterator[str]:
    yield "## Which scope, and which role has it"
    yield ""
    roles = sorted({role for _, role in ROLES}, key=list(SCOPES_OF).index)

    def rows() -> Iterator[list[str]]:
        for scope in Scope:
            held = [
                "yes"
                if expected(Row(wall=Wall.OWN, scope=scope), "GET", Column("", "x", SCOPES_OF[role].scopes)) == DONE
                else ""
                for role in roles
            ]
            count = sum(row.scope is scope for row in ROWS.values())
            yield [f"`{scope}`", str(count), *held]

    yield from _table(["scope", "routes", *roles], rows())


def _of_pages() -> Iterator[str]:
    yield "## The console"
    yield ""
    yield "A page asks the routes above in its visitor's name; who has not signed in gets past none but the first kind."
    yield ""
    yield from _table(["page", "for"], ([_named(key), str(page.face)] for key, page in PAGES.items()))


if __name__ == "__main__":
    PAGE.write_text(written())
