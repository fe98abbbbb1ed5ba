"""Answers kept for requests that are sent again."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "idempotency_keys",
        sa.Column("organisation_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("actor_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("key_digest", sa.LargeBinary(32), nullable=False),
        sa.Column("credential_id", sa.BigInteger, nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(32), nullable=False),
        sa.Column("holder", sa.BigInteger, nullable=False),
        sa.Column("held_until", sa.BigInteger, nullable=False),
        sa.Column("begun_at", sa.BigInteger, nullable=False),
        sa.Column("answer", sa.LargeBinary),
        sa.Column("done_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("organisation_id", "actor_id", "key_digest", name="pk_idempotency_keys"),
    )
    op.create_index("ix_idempotency_keys_begun_at", "idempotency_keys", ["begun_at"])


def downgrade() -> None:
    """Drop them."""
    op.drop_table("idempotency_keys")
