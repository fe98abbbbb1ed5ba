"""Filters people saved under a name."""

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Create the tables."""


def downgrade() -> None:
    """Drop them."""
