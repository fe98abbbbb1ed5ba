"""Partnerships in the records."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from monokoto.earn.partners.partnership import Partnership
from monokoto.engines.records import metadata
from monokoto.kernel.clock import Instant
from monokoto.kernel.ids import OrganisationId
from monokoto.kernel.limits import NAME_LENGTH_MAX

partnerships = sa.Table(
    "partnerships",
    metadata,
    # The maker's.
    sa.Column("organisation_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("partner", sa.String(NAME_LENGTH_MAX), primary_key=True),
    sa.Column("partner_organisation_id", sa.BigInteger, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Index("ix_partnerships_partner", "partner_organisation_id", "organisation_id", "partner"),
)


def put(connection: sa.Connection, one: Partnership) -> None:
    """In the place of the one that stood under this name."""
    remove(connection, one.organisation_id, one.partner)
    connection.execute(
        partnerships.insert().values(
            organisation_id=one.organisation_id, partner=one.partner,
            partner_organisation_id=one.partner_organisation_id, created_at=one.created_at,
        )
    )  # fmt: skip


def remove(connection: sa.Connection, organisation_id: int, partner: str) -> bool:
    """Whether there was one."""
    table = partnerships.c
    gone = partnerships.delete().where(table.organisation_id == organisation_id, table.partner == partner)
    return connection.execute(gone).rowcount == 1


def of_maker(connection: sa.Connection, organisation_id: int) -> list[Partnership]:
    """All of a maker's, by name."""
    query = sa.select(partnerships).where(partnerships.c.organisation_id == organisation_id)
    return [_from_row(row) for row in connection.execute(query.order_by(partnerships.c.partner))]


def of_partner(
    connection: sa.Connection, partner_organisation_id: int, *, after: tuple[int, str], limit: int
) -> list[Partnership]:
    """An organisation's, of all makers, past one."""
    table = partnerships.c
    query = (
        sa.select(partnerships)
        .where(
            table.partner_organisation_id == partner_organisation_id,
            (table.organisation_id > after[0])
            | ((table.organisation_id == after[0]) & (table.partner > after[1])),
        )
        .order_by(table.organisation_id, table.partner)
        .limit(limit)
    )  # fmt: skip
    return [_from_row(row) for row in connection.execute(query)]


def find(
    connection: sa.Connection, partner_organisation_id: int, organisation_id: int, partner: str
) -> Partnership | None:
    """One of an organisation's."""
    table = partnerships.c
    query = sa.select(partnerships).where(
        table.organisation_id == organisation_id,
        table.partner == partner,
        table.partner_organisation_id == partner_organisation_id,
    )
    row = connection.execute(query).one_or_none()
    return None if row is None else _from_row(row)


def _from_row(row: sa.Row[Any]) -> Partnership:
    return Partnership(
        organisation_id=OrganisationId(row.organisation_id),
        partner=row.partner,
        partner_organisation_id=OrganisationId(row.partner_organisation_id),
        created_at=Instant(row.created_at),
    )
