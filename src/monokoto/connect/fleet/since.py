"""Units registered since, for whoever tells of it."""

from __future__ import annotations

import sqlalchemy as sa

from monokoto.connect.fleet.store import unit_from_row, units
from monokoto.connect.fleet.unit import Unit
from monokoto.engines.records import Records


def registered_since(records: Records, organisation_id: int, unit_id: int, limit: int) -> list[Unit]:
    """The organisation's units from this id on, the oldest first: ids rise with time."""
    query = (
        sa.select(units)
        .where(units.c.organisation_id == organisation_id, units.c.unit_id >= unit_id)
        .order_by(units.c.unit_id)
        .limit(limit)
    )
    with records.read() as connection:
        return [unit_from_row(row) for row in connection.execute(query)]
