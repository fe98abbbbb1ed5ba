"""Ownerships begun since, for whoever tells of it."""

from __future__ import annotations

import sqlalchemy as sa

from monokoto.connect.ownership.ownership import Ownership
from monokoto.connect.ownership.store import ownership_from_row, ownerships
from monokoto.engines.records import Records


def owned_since(records: Records, organisation_id: int, ownership_id: int, limit: int) -> list[Ownership]:
    """Those of units the organisation made, and those it became the owner by, from this id on: ids rise with time."""
    table = ownerships.c
    query = (
        sa.select(ownerships)
        .where(
            table.ownership_id >= ownership_id,
            sa.or_(table.organisation_id == organisation_id, table.owner_id == organisation_id),
        )
        .order_by(table.ownership_id)
        .limit(limit)
    )
    with records.read() as connection:
        return [ownership_from_row(row) for row in connection.execute(query)]
