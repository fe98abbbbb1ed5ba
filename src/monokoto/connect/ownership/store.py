"""Ownerships, shares, rentals, codes and offers as rows. `organisation_id` is the maker's everywhere: who made a unit never
changes, and all that happens to its units is put in one order by the maker's change number."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from monokoto.connect.ownership.ownership import Access, AccessKind, Ending, Ownership
from monokoto.engines.records import metadata
from monokoto.kernel.ids import AccessId, OrganisationId, OwnershipId, UnitId
from monokoto.kernel.limits import PLACE_LENGTH_MAX, UNIT_NAME_LENGTH_MAX

ownerships = sa.Table(
    "ownerships",
    metadata,
    sa.Column("ownership_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("organisation_id", sa.BigInteger, nullable=False),
    sa.Column("unit_id", sa.BigInteger, nullable=False),
    sa.Column("owner_id", sa.BigInteger, nullable=False),
    sa.Column("begins_at", sa.BigInteger, nullable=False),
    sa.Column("ends_at", sa.BigInteger),
    sa.Column("ending", sa.String(16)),
    sa.Column("maker_sees", sa.Boolean, nullable=False),
    sa.Column("label", sa.String(UNIT_NAME_LENGTH_MAX), nullable=False),
    sa.Column("place", sa.String(PLACE_LENGTH_MAX), nullable=False),
    sa.Column("made_by", sa.BigInteger, nullable=False),
    sa.Column("changed", sa.BigInteger, nullable=False),
    sa.Index("ix_ownerships_unit", "organisation_id", "unit_id"),
    sa.Index("ix_ownerships_changed", "organisation_id", "changed"),
    # Two owners at once cannot be, whatever a program does.
    sa.Index(
        "uq_ownerships_current",
        "unit_id",
        unique=True,
        sqlite_where=sa.text("ends_at IS NULL"),
        postgresql_where=sa.text("ends_at IS NULL"),
    ),
)

unit_accesses = sa.Table(
    "unit_accesses",
    metadata,
    sa.Column("access_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("organisation_id", sa.BigInteger, nullable=False),
    sa.Column("unit_id", sa.BigInteger, nullable=False),
    sa.Column("ownership_id", sa.BigInteger, nullable=False),
    sa.Column("giver_id", sa.BigInteger, nullable=False),
    sa.Column("guest_id", sa.BigInteger, nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("top_id", sa.BigInteger, nullable=False),
    sa.Column("begins_at", sa.BigInteger, nullable=False),
    sa.Column("ends_at", sa.BigInteger),
    sa.Column("control", sa.Boolean, nullable=False),
    sa.Column("owner_sees", sa.Boolean, nullable=False),
    sa.Column("label", sa.String(UNIT_NAME_LENGTH_MAX), nullable=False),
    sa.Column("made_by", sa.BigInteger, nullable=False),
    sa.Column("changed", sa.BigInteger, nullable=False),
    sa.Index("ix_unit_accesses_unit", "organisation_id", "unit_id"),
    sa.Index("ix_unit_accesses_changed", "organisation_id", "changed"),
)

claim_codes = sa.Table(
    "claim_codes",
    metadata,
    sa.Column("digest", sa.LargeBinary(32), primary_key=True),
    sa.Column("organisation_id", sa.BigInteger, nullable=False),
    sa.Column("unit_id", sa.BigInteger, nullable=False),
    # The ownership a transfer code ends; 0: a code from the box.
    sa.Column("ownership_id", sa.BigInteger, nullable=False),
    sa.Column("made_at", sa.BigInteger, nullable=False),
    sa.Column("made_by", sa.BigInteger, nullable=False),
    sa.Column("expires_at", sa.BigInteger),
    sa.Index("ix_claim_codes_unit", "organisation_id", "unit_id"),
)

transfer_offers = sa.Table(
    "transfer_offers",
    metadata,
    sa.Column("transfer_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("organisation_id", sa.BigInteger, nullable=False),
    sa.Column("unit_id", sa.BigInteger, nullable=False),
    sa.Column("ownership_id", sa.BigInteger, nullable=False),
    sa.Column("from_id", sa.BigInteger, nullable=False),
    sa.Column("to_id", sa.BigInteger, nullable=False),
    sa.Column("made_at", sa.BigInteger, nullable=False),
    sa.Column("made_by", sa.BigInteger, nullable=False),
    sa.Column("expires_at", sa.BigInteger, nullable=False),
    sa.Index("ix_transfer_offers_unit", "organisation_id", "unit_id"),
    sa.Index("ix_transfer_offers_to", "to_id", "transfer_id"),
)

ownership_changes = sa.Table(
    "ownership_changes",
    metadata,
    sa.Column("organisation_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("number", sa.BigInteger, nullable=False),
)

_INSERTS: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
_IN_MAX = 5_000
"""Values bound to one statement; both engines take more, none gladly."""


def next_change(connection: sa.Connection, organisation_id: int) -> int:
    """The number of a change that is about to be made, taken first in its transaction.

    Its row stays locked until the commit: what happens to a maker's units happens one after another and becomes visible
    in the order of the numbers, so that two claims of one unit cannot both be the first, and a reader who has seen
    number n has missed nothing below it.
    """
    insert = _INSERTS[connection.dialect.name](ownership_changes).values(organisation_id=organisation_id, number=1)
    counted = insert.on_conflict_do_update(
        index_elements=[ownership_changes.c.organisation_id], set_={"number": ownership_changes.c.number + 1}
    )
    number: int = connection.execute(counted.returning(ownership_changes.c.number)).scalar_one()
    return number


def ownership_to_row(one: Ownership, changed: int) -> dict[str, Any]:
    """The row of an ownership."""
    return {
        "ownership_id": one.id,
        "organisation_id": one.organisation_id,
        "unit_id": one.unit_id,
        "owner_id": one.owner_id,
        "begins_at": one.begin,
        "ends_at": one.end,
        "ending": None if one.ending is None else one.ending.value,
        "maker_sees": one.maker_sees,
        "label": one.label,
        "place": one.place,
        "made_by": one.by,
        "changed": changed,
    }


def ownership_from_row(row: sa.Row[Any]) -> Ownership:
    """The value in a row of `ownerships`."""
    return Ownership(
        id=OwnershipId(row.ownership_id),
        organisation_id=OrganisationId(row.organisation_id),
        unit_id=UnitId(row.unit_id),
        owner_id=OrganisationId(row.owner_id),
        begin=row.begins_at,
        end=row.ends_at,
        ending=None if row.ending is None else Ending(row.ending),
        maker_sees=row.maker_sees,
        label=row.label,
        place=row.place,
        by=row.made_by,
    )


def access_to_row(one: Access, changed: int) -> dict[str, Any]:
    """The row of a share or rental."""
    return {
        "access_id": one.id,
        "organisation_id": one.organisation_id,
        "unit_id": one.unit_id,
        "ownership_id": one.ownership_id,
        "giver_id": one.giver_id,
        "guest_id": one.guest_id,
        "kind": one.kind.value,
        "top_id": one.top_id,
        "begins_at": one.begin,
        "ends_at": one.end,
        "control": one.control,
        "owner_sees": one.owner_sees,
        "label": one.label,
        "made_by": one.by,
        "changed": changed,
    }


def access_from_row(row: sa.Row[Any]) -> Access:
    """The value in a row of `unit_accesses`."""
    return Access(
        id=AccessId(row.access_id),
        organisation_id=OrganisationId(row.organisation_id),
        unit_id=UnitId(row.unit_id),
        ownership_id=OwnershipId(row.ownership_id),
        giver_id=OrganisationId(row.giver_id),
        guest_id=OrganisationId(row.guest_id),
        kind=AccessKind(row.kind),
        top_id=AccessId(row.top_id),
        begin=row.begins_at,
        end=row.ends_at,
        control=row.control,
        owner_sees=row.owner_sees,
        label=row.label,
        by=row.made_by,
    )


def of_units(table: sa.Table, organisation_id: int, unit_ids: Iterable[int]) -> list[sa.ColumnElement[bool]]:
    """Conditions that choose the rows of a maker's units, a few thousand units at a time."""
    units = sorted(set(unit_ids))
    return [
        (table.c.organisation_id == organisation_id) & table.c.unit_id.in_(units[start : start + _IN_MAX])
        for start in range(0, len(units), _IN_MAX)
    ]


def load_ownerships(connection: sa.Connection, organisation_id: int, unit_ids: Iterable[int]) -> list[Ownership]:
    """Who had these units of a maker, in order of time."""
    found: list[Ownership] = []
    for condition in of_units(ownerships, organisation_id, unit_ids):
        query = sa.select(ownerships).where(condition).order_by(ownerships.c.begins_at, ownerships.c.ownership_id)
        found += map(ownership_from_row, connection.execute(query))
    return found


def load_accesses(connection: sa.Connection, organisation_id: int, unit_ids: Iterable[int]) -> list[Access]:
    """With whom these units of a maker were shared and to whom rented, in order of time."""
    found: list[Access] = []
    for condition in of_units(unit_accesses, organisation_id, unit_ids):
        query = sa.select(unit_accesses).where(condition).order_by(unit_accesses.c.begins_at, unit_accesses.c.access_id)
        found += map(access_from_row, connection.execute(query))
    return found
