"""What follows from a row for each of those who ask: by rule, from the scope, the side and whose the thing is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from walls_rows import Row, Wall
from walls_world import KINDS, ROLES, Asker, World

from monokoto.connect.people.roles import ROLES as SCOPES_OF
from monokoto.kernel.ids import OrganisationId
from monokoto.web import Caller, Scope


class Standing(StrEnum):
    """As what an organisation stands to a unit."""

    MAKER = "maker"
    OWNER = "owner"
    LANDLORD = "owner who let it"
    GUEST = "guest"
    RENTER = "renter"
    PAST = "past owner"


STANDINGS = {
    ("subject", "maker"): Standing.MAKER,
    ("subject", "owner"): Standing.OWNER,
    ("subject", "guest"): Standing.GUEST,
    ("subject", "past"): Standing.PAST,
    ("let", "maker"): Standing.MAKER,
    ("let", "owner"): Standing.LANDLORD,
    ("let", "renter"): Standing.RENTER,
}
_PRESENT = frozenset({Standing.MAKER, Standing.OWNER, Standing.GUEST, Standing.RENTER})
OPEN_TO: dict[Wall, tuple[frozenset[Standing], int]] = {
    Wall.LOOK: (frozenset(Standing), 403),
    Wall.PRESENT: (_PRESENT, 403),
    Wall.CONTROL: (_PRESENT - {Standing.GUEST}, 403),  # it was shared to look at
    Wall.MAKER: (frozenset({Standing.MAKER}), 403),
    Wall.OWNER: (frozenset({Standing.OWNER, Standing.LANDLORD}), 404),
    Wall.SHARE: (frozenset({Standing.OWNER, Standing.GUEST}), 404),
    Wall.RENTAL: (frozenset({Standing.LANDLORD, Standing.RENTER}), 404),
}
"""Walls before a unit: for whom they are open, and what the others with a standing are told; everybody else: 404."""
DONE = 0
"""In place of a status: no wall refuses it."""


@dataclass(frozen=True, slots=True)
class Column:
    """One of those who ask, about one of the two units."""

    title: str
    organisation: str = ""
    scopes: frozenset[Scope] = frozenset()
    person: bool = False
    subject: str = "subject"
    token: bool = False
    """A unit's token."""
    forged: bool = False
    """A person's cookie without the token only our own pages have."""


def columns() -> Iterator[Column]:
    """Everybody, in the order of the table in `docs/walls.md`."""
    yield Column("nobody")
    yield Column("a made-up key")
    yield Column("the unit's token", token=True)
    for name in KINDS:
        scopes = {Scope.ADMIN, Scope.PLATFORM} if name == "platform" else {Scope.ADMIN}
        yield Column(f"admin of {name}", name, frozenset(scopes))
    for name in ("maker", "owner", "renter", "guest"):
        yield Column(f"admin of {name}, the let unit", name, frozenset({Scope.ADMIN}), subject="let")
    for organisation, role in ROLES:
        yield Column(f"{role} of {organisation}", organisation, SCOPES_OF[role].scopes, person=True)
    yield Column("maker-admin of maker, forged", "maker", SCOPES_OF["maker-admin"].scopes, person=True, forged=True)
    for scope in Scope:
        # Of the keys with `platform`, there are some in a platform organisation alone.
        yield Column(f"key for {scope}", "platform" if scope is Scope.PLATFORM else "maker", frozenset({scope}))


def asker_of(world: World, column: Column) -> Asker:
    """Who that is in this world."""
    if column.token:
        return Asker(column.title, "", headers={"authorization": f"Bearer {world.tokens['subject']}"})
    if not column.organisation:
        made_up = {"authorization": "Bearer koto_0000000000001_nobody"} if column.title != "nobody" else {}
        return Asker(column.title, "", headers=made_up)
    if column.forged:
        found = world.people[column.organisation, "maker-admin"]
        headers = {name: value for name, value in found.headers.items() if name != "x-koto-csrf"}
        return Asker(column.title, found.organisation, found.scopes, found.role, found.person, headers, found.cookie)
    if column.person:
        return world.people[column.organisation, column.title.partition(" ")[0]]
    if column.scopes & {Scope.ADMIN} and column.title.startswith("admin"):
        return world.admins[column.organisation]
    return world.key(column.organisation, *column.scopes)


def expected(row: Row, method: str, column: Column) -> int:
    """The status a wall answers with; DONE where none refuses."""
    if row.wall is Wall.OPEN:
        return DONE
    if row.wall is Wall.TOKEN:
        return DONE if column.token else 401
    if row.wall is Wall.NOBODYS and not row.scope and 401 in row.done:
        return 401
    if not column.organisation:
        return 401
    if column.forged and method not in {"GET", "HEAD", "OPTIONS"}:
        return 403
    if column.title in row.besides:
        return row.besides[column.title]
    lacking = 403 if row.scope is not None and not _holds(column, row.scope) else DONE
    wall = _behind(row, column)
    return (wall or lacking) if row.in_handler and row.wall is Wall.OWN and row.ids else (lacking or wall)


def _behind(row: Row, column: Column) -> int:
    """What is answered to those who hold the scope."""
    if row.wall is Wall.NOBODYS:
        return 404 if column.person or row.scope else 403
    if row.wall is Wall.PERSON:
        return DONE if column.person else 403
    if row.wall in OPEN_TO:
        open_to, told = OPEN_TO[row.wall]
        standing = STANDINGS.get((column.subject, column.organisation))
        return row.outside or 404 if standing is None else DONE if standing in open_to else told
    named = row.ids or row.outside
    if named and "everybody" not in row.owners and column.organisation not in row.owners:
        return row.outside or 404
    return DONE


def _holds(column: Column, scope: Scope) -> bool:
    return Caller(organisation_id=OrganisationId(0), scopes=column.scopes).may(scope)
