"""Gifts in the records. A code is kept as its digest alone."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from monokoto.earn.portal.gift import Gift
from monokoto.engines.records import metadata
from monokoto.kernel.ids import OrganisationId
from monokoto.kernel.limits import NAME_LENGTH_MAX, TITLE_LENGTH_MAX

portal_gifts = sa.Table(
    "portal_gifts",
    metadata,
    sa.Column("gift_id", sa.BigInteger, primary_key=True, autoincrement=False),
    # The maker's, who sells it.
    sa.Column("organisation_id", sa.BigInteger, nullable=False),
    sa.Column("giver_organisation_id", sa.BigInteger, nullable=False),
    sa.Column("giver_id", sa.BigInteger, nullable=False),
    sa.Column("product", sa.String(NAME_LENGTH_MAX), nullable=False),
    sa.Column("plan", sa.String(NAME_LENGTH_MAX), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("message", sa.String(TITLE_LENGTH_MAX), nullable=False),
    sa.Column("code", sa.LargeBinary(32), nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("expires_at", sa.BigInteger, nullable=False),
    sa.Column("ended_at", sa.BigInteger),
    sa.Column("subscription_id", sa.BigInteger),
    sa.Index("uq_portal_gifts_code", "code", unique=True),
    sa.Index("ix_portal_gifts_giver", "giver_organisation_id", "gift_id"),
)


def insert(connection: sa.Connection, gift: Gift, code: bytes) -> None:
    """A new one."""
    row = {name: getattr(gift, name) for name in _SAME}
    connection.execute(portal_gifts.insert().values(gift_id=gift.id, code=code, **row))


def end(connection: sa.Connection, gift: Gift) -> bool:
    """Keep how it ended; False where it had ended already."""
    table = portal_gifts.c
    ended = (
        portal_gifts.update()
        .where(table.organisation_id == gift.organisation_id, table.gift_id == gift.id, table.ended_at.is_(None))
        .values(ended_at=gift.ended_at, subscription_id=gift.subscription_id)
    )
    return connection.execute(ended).rowcount == 1


def by_code(connection: sa.Connection, code: bytes) -> Gift | None:
    """The one a code opens, whoever sells it: who has the code is whom it is for."""
    row = connection.execute(sa.select(portal_gifts).where(portal_gifts.c.code == code)).one_or_none()
    return None if row is None else _from_row(row)


def find(connection: sa.Connection, giver_organisation_id: int, gift_id: int) -> Gift | None:
    """One its giver made."""
    table = portal_gifts.c
    query = sa.select(portal_gifts).where(
        table.giver_organisation_id == giver_organisation_id, table.gift_id == gift_id
    )
    row = connection.execute(query).one_or_none()
    return None if row is None else _from_row(row)


def find_all(connection: sa.Connection, giver_organisation_id: int, *, before: int | None, limit: int) -> list[Gift]:
    """A giver's, the newest first."""
    table = portal_gifts.c
    query = sa.select(portal_gifts).where(table.giver_organisation_id == giver_organisation_id)
    if before is not None:
        query = query.where(table.gift_id < before)
    return [_from_row(row) for row in connection.execute(query.order_by(table.gift_id.desc()).limit(limit))]


def count_open(connection: sa.Connection, giver_organisation_id: int, now: int) -> int:
    """How many of a giver nobody has taken yet."""
    table = portal_gifts.c
    query = sa.select(sa.func.count()).where(
        table.giver_organisation_id == giver_organisation_id, table.ended_at.is_(None), table.expires_at > now
    )
    return int(connection.execute(query).scalar_one())


_SAME = (
    "organisation_id", "giver_organisation_id", "giver_id", "product", "plan", "version", "message", "created_at",
    "expires_at", "ended_at", "subscription_id",
)  # fmt: skip


def _from_row(row: sa.Row[Any]) -> Gift:
    told: dict[str, Any] = {name: row._mapping[name] for name in _SAME}
    told["organisation_id"] = OrganisationId(told["organisation_id"])
    return Gift(id=row.gift_id, **told)
