"""Accounts elsewhere as rows. They are asked before anybody is known, so they have no organisation: an account is its person's,
in whichever organisation they act."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from monokoto.connect.providers.provider import ProviderAccount
from monokoto.engines.records import metadata
from monokoto.kernel.clock import Instant
from monokoto.kernel.ids import PersonId, ProviderAccountId

provider_accounts = sa.Table(
    "provider_accounts",
    metadata,
    sa.Column("account_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("person_id", sa.BigInteger, sa.ForeignKey("persons.person_id"), nullable=False, index=True),
    sa.Column("issuer", sa.String(500), nullable=False),
    sa.Column("subject", sa.String(255), nullable=False),
    sa.Column("email", sa.String(254), nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("last_used_at", sa.BigInteger),
    sa.UniqueConstraint("issuer", "subject", name="uq_provider_accounts_issuer"),
)


def account_from_row(row: sa.Row[Any]) -> ProviderAccount:
    """The value in a row of `provider_accounts`."""
    return ProviderAccount(
        id=ProviderAccountId(row.account_id),
        person_id=PersonId(row.person_id),
        issuer=row.issuer,
        subject=row.subject,
        email=row.email,
        created_at=Instant(row.created_at),
        last_used_at=None if row.last_used_at is None else Instant(row.last_used_at),
    )
