"""Members who joined since, for whoever tells of it."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from monokoto.connect.people.store import memberships, persons
from monokoto.engines.records import Records


@dataclass(frozen=True, slots=True)
class Joined:
    """Somebody became a member."""

    person_id: int
    name: str
    role: str
    at: int


def joined_since(records: Records, organisation_id: int, at: int, limit: int) -> list[Joined]:
    """Who joined the organisation at this instant or later, the first to join first."""
    query = (
        sa.select(memberships.c.person_id, persons.c.name, memberships.c.role, memberships.c.created_at)
        .join(persons, persons.c.person_id == memberships.c.person_id)
        .where(memberships.c.organisation_id == organisation_id, memberships.c.created_at >= at)
        .order_by(memberships.c.created_at, memberships.c.person_id)
        .limit(limit)
    )
    with records.read() as connection:
        return [Joined(row.person_id, row.name, row.role, row.created_at) for row in connection.execute(query)]
