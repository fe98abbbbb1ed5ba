"""Corrections as rows. They are never changed, but for the note that the usage has been overruled by now."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import sqlalchemy as sa

from monokoto.earn.metering.correcting.correction import Correction
from monokoto.earn.metering.keeping import SampleKind
from monokoto.engines.records import metadata
from monokoto.kernel.clock import Instant

corrections = sa.Table(
    "usage_corrections",
    metadata,
    sa.Column("correction_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("organisation_id", sa.BigInteger, nullable=False),
    sa.Column("meter", sa.String(160), nullable=False),
    sa.Column("unit_id", sa.BigInteger, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("name", sa.String(20), nullable=False),
    sa.Column("kind", sa.Integer, nullable=False),
    sa.Column("value", sa.Text, nullable=False),
    sa.Column("before", sa.Text),
    sa.Column("carried", sa.Text, nullable=False),
    sa.Column("arrived", sa.BigInteger, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("corrected_at", sa.BigInteger, nullable=False),
    sa.Column("corrected_by", sa.BigInteger, nullable=False),
    sa.Column("applied", sa.Boolean, nullable=False),
    sa.Index("ix_usage_corrections_organisation_id", "organisation_id", "correction_id"),
)


class _Carried(msgspec.Struct):
    key: str
    groups: dict[str, str]
    source: str
    id: str


def insert(connection: sa.Connection, made: list[Correction]) -> None:
    """Note them, before usage is overruled."""
    connection.execute(sa.insert(corrections), [_to_row(one) for one in made])


def note_applied(connection: sa.Connection, made: list[Correction]) -> None:
    """The usage has been overruled."""
    for one in made:
        connection.execute(
            sa.update(corrections)
            .where(corrections.c.organisation_id == one.organisation_id, corrections.c.correction_id == one.id)
            .values(applied=True)
        )


def find_unapplied(connection: sa.Connection, limit: int) -> list[Correction]:
    """Of every organisation: those a process noted and then died."""
    rows = connection.execute(
        sa.select(corrections).where(~corrections.c.applied).order_by(corrections.c.correction_id).limit(limit)
    )
    return [_from_row(row) for row in rows]


def find_all(connection: sa.Connection, organisation_id: int, *, before: int, limit: int) -> list[Correction]:
    """The newest first, older than one (0: all)."""
    found = sa.select(corrections).where(corrections.c.organisation_id == organisation_id)
    if before:
        found = found.where(corrections.c.correction_id < before)
    rows = connection.execute(found.order_by(corrections.c.correction_id.desc()).limit(limit))
    return [_from_row(row) for row in rows]


def _to_row(one: Correction) -> dict[str, Any]:
    carried = _Carried(one.key, dict(one.groups), one.source, one.told_id)
    return {
        "correction_id": one.id, "organisation_id": one.organisation_id, "meter": one.meter, "unit_id": one.unit_id,
        "at": one.at, "name": str(one.name), "kind": int(one.kind), "value": str(one.value),
        "before": None if one.before is None else str(one.before), "carried": msgspec.json.encode(carried).decode(),
        "arrived": one.arrived, "reason": one.reason, "corrected_at": one.corrected_at,
        "corrected_by": one.corrected_by, "applied": False,
    }  # fmt: skip


def _from_row(row: sa.Row[Any]) -> Correction:
    carried = msgspec.json.decode(row.carried, type=_Carried)
    return Correction(
        id=row.correction_id, organisation_id=row.organisation_id, meter=row.meter, unit_id=row.unit_id, at=row.at,
        name=int(row.name), kind=SampleKind(row.kind), value=Decimal(row.value),
        before=None if row.before is None else Decimal(row.before), key=carried.key, groups=carried.groups,
        source=carried.source, told_id=carried.id, arrived=row.arrived, reason=row.reason,
        corrected_at=Instant(row.corrected_at), corrected_by=row.corrected_by,
    )  # fmt: skip
