"""Receivers of facts, and what is still to be delivered."""

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Create the tables."""


def downgrade() -> None:
    """Drop them."""
