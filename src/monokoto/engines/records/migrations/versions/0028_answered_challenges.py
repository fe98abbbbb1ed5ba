"""Challenges of passkeys prove themselves: kept are those that were answered. Who was signing in at that moment tries again."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    """The answered ones instead of those that wait."""
    op.drop_table("passkey_challenges")
    op.create_table(
        "passkey_answered_challenges",
        sa.Column("digest", sa.LargeBinary(32), primary_key=True),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_passkey_answered_challenges_expires_at", "passkey_answered_challenges", ["expires_at"])


def downgrade() -> None:
    """The other way round."""
    op.drop_table("passkey_answered_challenges")
    op.create_table(
        "passkey_challenges",
        sa.Column("digest", sa.LargeBinary(32), primary_key=True),
        sa.Column("person_id", sa.BigInteger),
        sa.Column("site", sa.LargeBinary(32), nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_passkey_challenges_expires_at", "passkey_challenges", ["expires_at"])
    op.create_index("ix_passkey_challenges_site", "passkey_challenges", ["site", "expires_at"])
