"""Entitlements: what was given to whom, suspensions, tokens for units that are away, thresholds that were told."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"


def _number(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=nullable, autoincrement=False)


def _text(name: str, length: int, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(length), nullable=nullable)


def upgrade() -> None:
    """Create the tables."""
    _create_entitlements()
    op.create_table(
        "entitlement_suspensions",
        *(_number(name) for name in ("suspension_id", "organisation_id", "customer_id")),
        _text("because", 500),
        _number("begin_at"),
        _number("end_at", nullable=True),
        _number("changed_at"),
        sa.PrimaryKeyConstraint("suspension_id", name="pk_entitlement_suspensions"),
    )
    op.create_index(
        "ix_entitlement_suspensions_customer_id", "entitlement_suspensions", ["organisation_id", "customer_id"]
    )
    op.create_index("ix_entitlement_suspensions_changed_at", "entitlement_suspensions", ["changed_at"])
    op.create_table(
        "entitlement_tokens",
        *(_number(name) for name in ("unit_id", "organisation_id", "counter")),
        _text("digest", 64),
        *(_number(name) for name in ("issued_at", "renew_at", "expires_at")),
        sa.Column("token", sa.Text, nullable=False),
        _number("told"),
        sa.PrimaryKeyConstraint("unit_id", name="pk_entitlement_tokens"),
    )
    op.create_index("ix_entitlement_tokens_renew_at", "entitlement_tokens", ["renew_at"])
    _create_thresholds()
    op.create_table(
        "entitlement_keys",
        _text("key_id", 64),
        _number("organisation_id"),
        sa.Column("private", sa.Text, nullable=False),
        _text("public", 64),
        *(_number(name) for name in ("created_at", "signs_from", "signs_until")),
        sa.PrimaryKeyConstraint("key_id", name="pk_entitlement_keys"),
    )


def _create_entitlements() -> None:
    op.create_table(
        "entitlements",
        *(_number(name) for name in ("entitlement_id", "organisation_id")),
        *(_text(name, 64) for name in ("product", "feature")),
        _text("holder_kind", 16),
        _number("holder_id"),
        _text("source", 16),
        _text("key", 200),
        _number("begin_at"),
        _number("end_at", nullable=True),
        sa.Column("value", sa.Text, nullable=False),
        _text("amount", 100, nullable=True),
        sa.Column("priority", sa.Integer, nullable=False),
        sa.Column("category", sa.SmallInteger, nullable=False),
        _text("origin_kind", 16, nullable=True),
        _number("origin_id", nullable=True),
        _text("note", 500),
        *(_number(name) for name in ("created_at", "created_by", "changed_at")),
        _number("taken_at", nullable=True),
        sa.PrimaryKeyConstraint("entitlement_id", name="pk_entitlements"),
    )
    op.create_index("uq_entitlements_key", "entitlements", ["organisation_id", "key"], unique=True)
    op.create_index("ix_entitlements_holder", "entitlements", ["organisation_id", "holder_kind", "holder_id"])
    op.create_index("ix_entitlements_origin", "entitlements", ["organisation_id", "origin_kind", "origin_id"])
    op.create_index("ix_entitlements_changed_at", "entitlements", ["changed_at", "entitlement_id"])


def _create_thresholds() -> None:
    op.create_table(
        "entitlement_thresholds",
        *(_number(name) for name in ("threshold_id", "organisation_id")),
        _text("pool", 40),
        _number("unit_id"),
        *(_text(name, 64) for name in ("product", "feature")),
        _number("period_begin"),
        _text("threshold", 50),
        *(_text(name, 100) for name in ("used", "total")),
        _number("at"),
        sa.PrimaryKeyConstraint("threshold_id", name="pk_entitlement_thresholds"),
    )
    once = ["organisation_id", "pool", "product", "feature", "period_begin", "threshold"]
    op.create_index("uq_entitlement_thresholds_once", "entitlement_thresholds", once, unique=True)
    op.create_index(
        "ix_entitlement_thresholds_organisation_id", "entitlement_thresholds", ["organisation_id", "threshold_id"]
    )


def downgrade() -> None:
    """Drop them."""
    for table in ("keys", "thresholds", "tokens", "suspensions"):
        op.drop_table(f"entitlement_{table}")
    op.drop_table("entitlements")
