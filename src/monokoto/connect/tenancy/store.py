"""Organisations and keys as rows."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from monokoto.connect.tenancy.key import ApiKey
from monokoto.connect.tenancy.organisation import Organisation, OrganisationKind
from monokoto.engines.records import metadata
from monokoto.kernel.clock import Instant
from monokoto.kernel.ids import ApiKeyId, OrganisationId
from monokoto.web import Scope

organisations = sa.Table(
    "organisations",
    metadata,
    sa.Column("organisation_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("slug", sa.String(64), nullable=False, unique=True),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
)

api_keys = sa.Table(
    "api_keys",
    metadata,
    sa.Column("key_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column(
        "organisation_id", sa.BigInteger, sa.ForeignKey("organisations.organisation_id"), nullable=False, index=True
    ),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("digest", sa.LargeBinary(32), nullable=False),
    sa.Column("scopes", sa.JSON, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("expires_at", sa.BigInteger),
    sa.Column("revoked_at", sa.BigInteger),
    sa.Column("last_used_at", sa.BigInteger),
)


def organisation_from_row(row: sa.Row[Any]) -> Organisation:
    """The value in a row of `organisations`."""
    return Organisation(
        id=OrganisationId(row.organisation_id),
        slug=row.slug,
        name=row.name,
        kind=OrganisationKind(row.kind),
        created_at=Instant(row.created_at),
    )


def key_from_row(row: sa.Row[Any]) -> ApiKey:
    """The value in a row of `api_keys`; a scope that no longer exists gives nothing."""
    return ApiKey(
        id=ApiKeyId(row.key_id),
        organisation_id=OrganisationId(row.organisation_id),
        name=row.name,
        scopes=frozenset(Scope(scope) for scope in row.scopes if scope in set(Scope)),
        created_at=Instant(row.created_at),
        expires_at=None if row.expires_at is None else Instant(row.expires_at),
        revoked_at=None if row.revoked_at is None else Instant(row.revoked_at),
        last_used_at=None if row.last_used_at is None else Instant(row.last_used_at),
    )


def key_to_row(key: ApiKey, digest: bytes) -> dict[str, Any]:
    """The row of a new key."""
    return {
        "key_id": key.id,
        "organisation_id": key.organisation_id,
        "name": key.name,
        "digest": digest,
        "scopes": sorted(key.scopes),
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
        "last_used_at": key.last_used_at,
    }
