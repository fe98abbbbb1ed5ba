"""Who a unit belongs to and belonged to, and with whom it is shared."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Create the tables."""
    _create_ownerships()
    _create_accesses()
    _create_codes()
    op.create_table(
        "ownership_changes",
        sa.Column("organisation_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("number", sa.BigInteger, nullable=False),
    )


def _create_ownerships() -> None:
    op.create_table(
        "ownerships",
        sa.Column("ownership_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("organisation_id", sa.BigInteger, nullable=False),
        sa.Column("unit_id", sa.BigInteger, nullable=False),
        sa.Column("owner_id", sa.BigInteger, nullable=False),
        sa.Column("begins_at", sa.BigInteger, nullable=False),
        sa.Column("ends_at", sa.BigInteger),
        sa.Column("ending", sa.String(16)),
        sa.Column("maker_sees", sa.Boolean, nullable=False),
        sa.Column("label", sa.String(128), nullable=False),
        sa.Column("place", sa.String(200), nullable=False),
        sa.Column("made_by", sa.BigInteger, nullable=False),
        sa.Column("changed", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_ownerships_unit", "ownerships", ["organisation_id", "unit_id"])
    op.create_index("ix_ownerships_changed", "ownerships", ["organisation_id", "changed"])
    current = sa.text("ends_at IS NULL")
    op.create_index(
        "uq_ownerships_current", "ownerships", ["unit_id"], unique=True, sqlite_where=current, postgresql_where=current
    )


def _create_accesses() -> None:
    op.create_table(
        "unit_accesses",
        sa.Column("access_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("organisation_id", sa.BigInteger, nullable=False),
        sa.Column("unit_id", sa.BigInteger, nullable=False),
        sa.Column("ownership_id", sa.BigInteger, nullable=False),
        sa.Column("giver_id", sa.BigInteger, nullable=False),
        sa.Column("guest_id", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("top_id", sa.BigInteger, nullable=False),
        sa.Column("begins_at", sa.BigInteger, nullable=False),
        sa.Column("ends_at", sa.BigInteger),
        sa.Column("control", sa.Boolean, nullable=False),
        sa.Column("owner_sees", sa.Boolean, nullable=False),
        sa.Column("label", sa.String(128), nullable=False),
        sa.Column("made_by", sa.BigInteger, nullable=False),
        sa.Column("changed", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_unit_accesses_unit", "unit_accesses", ["organisation_id", "unit_id"])
    op.create_index("ix_unit_accesses_changed", "unit_accesses", ["organisation_id", "changed"])


def _create_codes() -> None:
    op.create_table(
        "claim_codes",
        sa.Column("digest", sa.LargeBinary(32), primary_key=True),
        sa.Column("organisation_id", sa.BigInteger, nullable=False),
        sa.Column("unit_id", sa.BigInteger, nullable=False),
        sa.Column("ownership_id", sa.BigInteger, nullable=False),
        sa.Column("made_at", sa.BigInteger, nullable=False),
        sa.Column("made_by", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger),
    )
    op.create_index("ix_claim_codes_unit", "claim_codes", ["organisation_id", "unit_id"])
    op.create_table(
        "transfer_offers",
        sa.Column("transfer_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("organisation_id", sa.BigInteger, nullable=False),
        sa.Column("unit_id", sa.BigInteger, nullable=False),
        sa.Column("ownership_id", sa.BigInteger, nullable=False),
        sa.Column("from_id", sa.BigInteger, nullable=False),
        sa.Column("to_id", sa.BigInteger, nullable=False),
        sa.Column("made_at", sa.BigInteger, nullable=False),
        sa.Column("made_by", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_transfer_offers_unit", "transfer_offers", ["organisation_id", "unit_id"])
    op.create_index("ix_transfer_offers_to", "transfer_offers", ["to_id", "transfer_id"])


def downgrade() -> None:
    """Drop them."""
    for table in ("ownership_changes", "transfer_offers", "claim_codes", "unit_accesses", "ownerships"):
        op.drop_table(table)
