"""Versions applied since, for whoever tells of it."""

from __future__ import annotations

from typing import Any, cast

import sqlalchemy as sa

from monokoto.connect.products.store import ProductVersion, product_versions, version_from_row
from monokoto.engines.records import Records


def applied_since(records: Records, organisation_id: int, at: int, limit: int) -> list[ProductVersion]:
    """The organisation's versions applied at this instant or later, the earliest first."""
    table = product_versions.c
    query = (
        sa.select(table.organisation_id, table.product, table.version, table.digest, table.created_at)
        .where(table.organisation_id == organisation_id, table.created_at >= at)
        .order_by(table.created_at, table.product, table.version)
        .limit(limit)
    )
    with records.read() as connection:
        return [version_from_row(cast("sa.Row[Any]", row)) for row in connection.execute(query)]
