"""The tags of many units at once, for those who choose units by them."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from monokoto.connect.fleet.store import unit_tags
from monokoto.engines.records import Records

_IN_MAX = 500


def tags_of(records: Records, organisation_id: int, unit_ids: Sequence[int]) -> dict[int, frozenset[str]]:
    """By unit, of those of an organisation's units that have any."""
    found: dict[int, set[str]] = {}
    with records.read() as connection:
        for begin in range(0, len(unit_ids), _IN_MAX):
            query = sa.select(unit_tags.c.unit_id, unit_tags.c.tag).where(
                unit_tags.c.organisation_id == organisation_id,
                unit_tags.c.unit_id.in_(unit_ids[begin : begin + _IN_MAX]),
            )
            for row in connection.execute(query):
                found.setdefault(row.unit_id, set()).add(row.tag)
    return {unit_id: frozenset(tags) for unit_id, tags in found.items()}
