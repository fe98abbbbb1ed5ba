"""Answers kept for requests that are sent again."""

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Create the tables."""


def downgrade() -> None:
    """Drop them."""
