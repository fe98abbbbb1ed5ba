"""Pauses of reminding, by invoice; what owners give as a present."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"


def _number(name: str, *, key: bool = False, nullable: bool = False) -> "sa.Column[int]":
    return sa.Column(name, sa.BigInteger, primary_key=key, autoincrement=False, nullable=nullable)


def upgrade() -> None:
    """The tables."""
    op.create_table(
        "dunning_pauses",
        _number("organisation_id", key=True),
        _number("invoice_id", key=True),
        _number("begin_at", nullable=True),
        _number("until_at", nullable=True),
        sa.Column("because", sa.String(500), nullable=False),
        _number("before"),
    )
    op.add_column("dunning_steps", sa.Column("paused", sa.BigInteger, nullable=False, server_default="0"))
    op.create_table(
        "portal_gifts",
        _number("gift_id", key=True),
        _number("organisation_id"),
        _number("giver_organisation_id"),
        _number("giver_id"),
        sa.Column("product", sa.String(64), nullable=False),
        sa.Column("plan", sa.String(64), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("message", sa.String(200), nullable=False),
        sa.Column("code", sa.LargeBinary(32), nullable=False),
        _number("created_at"),
        _number("expires_at"),
        _number("ended_at", nullable=True),
        _number("subscription_id", nullable=True),
    )
    op.create_index("uq_portal_gifts_code", "portal_gifts", ["code"], unique=True)
    op.create_index("ix_portal_gifts_giver", "portal_gifts", ["giver_organisation_id", "gift_id"])


def downgrade() -> None:
    """Neither."""
    with op.batch_alter_table("dunning_steps") as batch:
        batch.drop_column("paused")
    op.drop_table("portal_gifts")
    op.drop_table("dunning_pauses")
