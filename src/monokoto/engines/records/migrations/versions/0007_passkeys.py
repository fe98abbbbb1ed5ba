"""Passkeys and the accounts of outside identity providers."""

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Create the tables."""


def downgrade() -> None:
    """Drop them."""
