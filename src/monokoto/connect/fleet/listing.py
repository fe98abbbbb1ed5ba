"""Finding units: filters, orders, pages by cursor."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol, runtime_checkable

import sqlalchemy as sa

from monokoto.connect.fleet.store import load_unit, searched, unit_from_row, unit_tags, units
from monokoto.connect.fleet.tree import prefix_range, subtree_range
from monokoto.connect.fleet.unit import Status, Unit
from monokoto.kernel.errors import Fault, Invalid
from monokoto.kernel.limits import SEARCH_LENGTH_MAX, TAGS_PER_UNIT_MAX
from monokoto.web import Page, Sorting, decode_cursor, page_of

PRESENT = (Status.ACTIVE, Status.SUSPENDED)
"""What is listed when nobody asks for a status: the retired are history."""

_FIND = {"sqlite": "instr", "postgresql": "strpos"}
"""Plain search for a text; LIKE would fold case again, row by row, and has signs of its own."""


class Sort(StrEnum):
    """Orders of a list that are asked for by name; `SORTING` has the fields of all others."""

    OLDEST = "created_at"
    NEWEST = "-created_at"
    SERIAL = "serial"
    SERIAL_DOWN = "-serial"
    LEAST_CHANGED = "updated_at"
    LAST_CHANGED = "-updated_at"


@runtime_checkable
class UnitSets(Protocol):
    """Which units are in a state that other parts know of; answers from memory."""

    def online(self, organisation_id: int, unit_ids: Sequence[int] | None) -> Sequence[int]:
        """Of the organisation's units, or of these, those that are connected."""
        ...

    def owned(self, organisation_id: int) -> Sequence[int]:
        """Of the units within the organisation's reach those that belong to somebody other than their maker."""
        ...


@dataclass(frozen=True, slots=True)
class Box:
    """A part of the earth, by degrees; its west may lie east of its east, where it spans the 180th meridian."""

    south: float
    west: float
    north: float
    east: float

    def condition(self) -> sa.ColumnElement[bool]:
        """Units that lie in it."""
        latitude, longitude = units.c.latitude, units.c.longitude
        between = latitude.between(self.south, self.north)
        if self.west <= self.east:
            return between & longitude.between(self.west, self.east)
        return between & ((longitude >= self.west) | (longitude <= self.east))


def parse_box(text: str) -> Box:
    """`south,west,north,east` in degrees. Raises Invalid."""
    parts = text.split(",")
    try:
        box = Box(*(float(part) for part in parts)) if len(parts) == 4 else None
    except ValueError:
        box = None
    if box is None or not (-90 <= box.south <= box.north <= 90 and -180 <= box.west <= 180 and -180 <= box.east <= 180):
        reason = "south,west,north,east in degrees, such as 37.4,126.7,37.7,127.2"
        raise Invalid("This is no part of the earth.", faults=[Fault(place="box", reason=reason)])
    return box


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitFilter:
    """Which units; every condition given must hold."""

    product: str = ""
    version: str = ""
    serial: str = ""
    serial_prefix: str = ""
    tags: tuple[str, ...] = ()
    """All of them."""
    parent_id: int | None = None
    """Direct parts of this unit; 0: units that are no part of any."""
    below: int | None = None
    """All parts of this unit, at every depth."""
    status: tuple[Status, ...] = PRESENT
    text: str = ""
    """Somewhere in the serial, the name or the place, in whatever case."""
    box: Box | None = None
    """Where its location lies; a unit without one lies nowhere."""
    among: tuple[Sequence[int], ...] = ()
    """One of these units, for each of the sets."""
    beyond: tuple[Sequence[int], ...] = ()
    """None of these units, for each of the sets."""

    def within(self, unit_ids: Sequence[int], wish: bool) -> UnitFilter:
        """The same, and one of these units; with a wish that is false, none of them."""
        if wish:
            return replace(self, among=(*self.among, unit_ids))
        return replace(self, beyond=(*self.beyond, unit_ids))


@dataclass(frozen=True, slots=True)
class Held:
    """Units of whatever makers that lie open to somebody who did not make them, and what that somebody calls them."""

    units: Mapping[int, int]
    """Unit to maker."""
    labels: Mapping[int, str]

    def condition(self, connection: sa.Connection) -> sa.ColumnElement[bool]:
        """These units and no other; the makers are named too, so that no query goes without its organisations."""
        return units.c.organisation_id.in_(sorted(set(self.units.values()))) & _one_of(connection, list(self.units))

    def maker_of(self, unit_id: int) -> int:
        """The maker of one of them; 0, who made nothing, for any other unit."""
        return self.units.get(unit_id, 0)

    def called(self, connection: sa.Connection, text: str) -> sa.ColumnElement[bool]:
        """A text somewhere in the serial or the label: what the maker calls a unit is not for others to search."""
        labelled = [unit_id for unit_id, label in self.labels.items() if text.casefold() in label.casefold()]
        find = getattr(sa.func, _FIND[connection.dialect.name])
        by_serial: sa.ColumnElement[bool] = find(sa.func.lower(units.c.serial), text.lower()) > 0
        return by_serial | _one_of(connection, labelled)


def _one_of(connection: sa.Connection, unit_ids: Sequence[int]) -> sa.ColumnElement[bool]:
    """However many they are, one value is bound: the ids as a JSON list."""
    text = sa.bindparam(None, json.dumps(unit_ids), sa.Text)
    rows = (
        sa.func.json_each(text)
        if connection.dialect.name == "sqlite"
        else sa.func.json_array_elements_text(sa.cast(text, sa.JSON))
    ).table_valued("value")
    return units.c.unit_id.in_(sa.select(sa.cast(rows.c.value, sa.BigInteger)))


SORTING = Sorting(
    {
        "created_at": units.c.unit_id,  # ids rise with time
        "updated_at": units.c.changed,
        "serial": units.c.serial,
        "name": units.c.name,
        "product": units.c.product,
        "version": units.c.version,
        "status": units.c.status,
    },
    unique=units.c.unit_id,
    default="created_at",
)
"""The orders of units."""


def list_units(
    connection: sa.Connection,
    organisation_id: int,
    wanted: UnitFilter,
    *,
    sort: str,
    limit: int,
    cursor: str | None,
    held: Held | None = None,
) -> Page[Unit]:
    """A page of units: those an organisation made, or those `held`.

    Raises:
        NotFound: the filter names a parent or top that is no unit of this organisation.
        Invalid: the cursor belongs to another list, or a text of the filter is over its limit.
    """
    orders = SORTING.orders(sort, cursor)
    condition = conditions(connection, organisation_id, wanted, held)
    if cursor:
        condition &= SORTING.past(orders, cursor)
    by = [order.clause for order in orders]
    # The page's ids first: sorting whole rows of a large fleet costs several times as much.
    page = sa.select(units.c.unit_id).where(condition).order_by(*by).limit(limit + 1)
    rows = connection.execute(sa.select(units).where(units.c.unit_id.in_(page)).order_by(*by)).all()
    next_cursor = None
    if len(rows) > limit:
        next_cursor = SORTING.cursor(orders, rows[limit - 1])
    return Page(items=[unit_from_row(row) for row in rows[:limit]], next_cursor=next_cursor)


def list_tree(connection: sa.Connection, top: Unit, *, limit: int, cursor: str | None) -> Page[Unit]:
    """A page of a subtree, its top first, every unit before its parts; retired ones too."""
    first, after = subtree_range(top.path)
    past = units.c.path > decode_cursor(cursor, str)[0] if cursor else units.c.path >= first
    query = (
        sa.select(units)
        .where(units.c.organisation_id == top.organisation_id, past, units.c.path >= first, units.c.path < after)
        .order_by(units.c.path)
        .limit(limit + 1)
    )
    rows = connection.execute(query).all()
    return page_of(rows, limit, lambda row: row.path, unit_from_row)


def conditions(
    connection: sa.Connection, organisation_id: int, wanted: UnitFilter, held: Held | None = None
) -> sa.ColumnElement[bool]:
    """The filter as one condition; the organisation, or the makers of what is held, are always in it."""
    _check(wanted)
    all_of = [units.c.organisation_id == organisation_id if held is None else held.condition(connection)]
    for column, value in (
        (units.c.product, wanted.product),
        (units.c.version, wanted.version),
        (units.c.serial, wanted.serial),
    ):
        if value:
            all_of.append(column == value)
    if wanted.serial_prefix:
        first, after = prefix_range(wanted.serial_prefix)
        all_of.append(units.c.serial >= first)
        if after is not None:
            all_of.append(units.c.serial < after)
    # Tags are the maker's notes: to whoever did not make the units they are not there.
    all_of.extend(_tagged(organisation_id, tag) for tag in wanted.tags)

    def whose(unit_id: int) -> int:
        return organisation_id if held is None else held.maker_of(unit_id)

    if wanted.parent_id is not None:
        if wanted.parent_id:
            load_unit(connection, whose(wanted.parent_id), wanted.parent_id)
        all_of.append(units.c.parent_id == wanted.parent_id)
    if wanted.below is not None:
        first, after = subtree_range(load_unit(connection, whose(wanted.below), wanted.below).path)
        all_of += [units.c.path > first, units.c.path < after]
    all_of.extend(_known_otherwise(connection, wanted))
    if len(wanted.status) < len(Status):
        all_of.append(units.c.status.in_([status.value for status in wanted.status]))
    if wanted.text and held is not None:
        all_of.append(held.called(connection, wanted.text))
    elif wanted.text:
        find = getattr(sa.func, _FIND[connection.dialect.name])
        all_of.append(find(units.c.searched, searched(wanted.text)) > 0)
    return sa.and_(*all_of)


def _known_otherwise(connection: sa.Connection, wanted: UnitFilter) -> Iterator[sa.ColumnElement[bool]]:
    if wanted.box is not None:
        yield wanted.box.condition()
    for unit_ids in wanted.among:
        yield _one_of(connection, unit_ids)
    for unit_ids in wanted.beyond:
        yield sa.not_(_one_of(connection, unit_ids))


def _tagged(organisation_id: int, tag: str) -> sa.ColumnElement[bool]:
    return units.c.unit_id.in_(
        sa.select(unit_tags.c.unit_id).where(unit_tags.c.organisation_id == organisation_id, unit_tags.c.tag == tag)
    )


def _check(wanted: UnitFilter) -> None:
    faults = [
        Fault(place=place, reason=f"has at most {SEARCH_LENGTH_MAX} printable characters")
        for place, text in (
            ("product", wanted.product),
            ("version", wanted.version),
            ("serial", wanted.serial),
            ("serial_prefix", wanted.serial_prefix),
            ("text", wanted.text),
            *(("tag", tag) for tag in wanted.tags),
        )
        if text and (len(text) > SEARCH_LENGTH_MAX or not text.isprintable())
    ]
    if len(wanted.tags) > TAGS_PER_UNIT_MAX:
        faults.append(Fault(place="tag", reason=f"at most {TAGS_PER_UNIT_MAX} at once"))
    if faults:
        raise Invalid("These are not conditions we can look for.", faults=faults)
