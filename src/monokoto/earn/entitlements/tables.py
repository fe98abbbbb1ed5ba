"""The tables of entitlements."""

from __future__ import annotations

import sqlalchemy as sa

from monokoto.engines.records import Sealed, metadata
from monokoto.kernel.limits import NAME_LENGTH_MAX

KEY_LENGTH_MAX = 200
NOTE_LENGTH_MAX = 500
THE_INSTALLATION = 0
"""In place of an organisation: the keys that sign are those of all."""


def _number(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=nullable)


entitlements = sa.Table(
    "entitlements",
    metadata,
    sa.Column("entitlement_id", sa.BigInteger, primary_key=True, autoincrement=False),
    _number("organisation_id"),
    sa.Column("product", sa.String(NAME_LENGTH_MAX), nullable=False),
    sa.Column("feature", sa.String(NAME_LENGTH_MAX), nullable=False),
    sa.Column("holder_kind", sa.String(16), nullable=False),
    _number("holder_id"),
    sa.Column("source", sa.String(16), nullable=False),
    sa.Column("key", sa.String(KEY_LENGTH_MAX), nullable=False),
    _number("begin_at"),
    _number("end_at", nullable=True),
    sa.Column("value", sa.Text, nullable=False),
    sa.Column("amount", sa.String(100)),
    sa.Column("priority", sa.Integer, nullable=False),
    sa.Column("category", sa.SmallInteger, nullable=False),
    sa.Column("origin_kind", sa.String(16)),
    _number("origin_id", nullable=True),
    sa.Column("note", sa.String(NOTE_LENGTH_MAX), nullable=False),
    _number("created_at"),
    _number("created_by"),
    _number("changed_at"),
    _number("taken_at", nullable=True),
    sa.Index("uq_entitlements_key", "organisation_id", "key", unique=True),
    sa.Index("ix_entitlements_holder", "organisation_id", "holder_kind", "holder_id"),
    sa.Index("ix_entitlements_origin", "organisation_id", "origin_kind", "origin_id"),
    sa.Index("ix_entitlements_changed_at", "changed_at", "entitlement_id"),
)
suspensions = sa.Table(
    "entitlement_suspensions",
    metadata,
    sa.Column("suspension_id", sa.BigInteger, primary_key=True, autoincrement=False),
    _number("organisation_id"),
    _number("customer_id"),
    sa.Column("because", sa.String(NOTE_LENGTH_MAX), nullable=False),
    sa.Column("suspended_by", sa.String(16), nullable=False, server_default="hand"),
    _number("begin_at"),
    _number("end_at", nullable=True),
    _number("changed_at"),
    sa.Index("ix_entitlement_suspensions_customer_id", "organisation_id", "customer_id"),
    sa.Index("ix_entitlement_suspensions_changed_at", "changed_at"),
)
tokens = sa.Table(
    "entitlement_tokens",
    metadata,
    sa.Column("unit_id", sa.BigInteger, primary_key=True, autoincrement=False),
    _number("organisation_id"),
    _number("counter"),
    sa.Column("digest", sa.String(64), nullable=False),
    _number("issued_at"),
    _number("renew_at"),
    _number("expires_at"),
    sa.Column("token", sa.Text, nullable=False),
    _number("told"),
    sa.Index("ix_entitlement_tokens_renew_at", "renew_at"),
)
thresholds = sa.Table(
    "entitlement_thresholds",
    metadata,
    sa.Column("threshold_id", sa.BigInteger, primary_key=True, autoincrement=False),
    _number("organisation_id"),
    sa.Column("pool", sa.String(40), nullable=False),
    _number("unit_id"),
    sa.Column("product", sa.String(NAME_LENGTH_MAX), nullable=False),
    sa.Column("feature", sa.String(NAME_LENGTH_MAX), nullable=False),
    _number("period_begin"),
    sa.Column("threshold", sa.String(50), nullable=False),
    sa.Column("used", sa.String(100), nullable=False),
    sa.Column("total", sa.String(100), nullable=False),
    _number("at"),
    sa.Index(
        "uq_entitlement_thresholds_once",
        *("organisation_id", "pool", "product", "feature", "period_begin", "threshold"),
        unique=True,
    ),
    sa.Index("ix_entitlement_thresholds_organisation_id", "organisation_id", "threshold_id"),
)
keys = sa.Table(
    "entitlement_keys",
    metadata,
    sa.Column("key_id", sa.String(64), primary_key=True),
    _number("organisation_id"),
    sa.Column("private", Sealed("entitlements.key"), nullable=False),
    sa.Column("public", sa.String(64), nullable=False),
    _number("created_at"),
    _number("signs_from"),
    _number("signs_until"),
)
