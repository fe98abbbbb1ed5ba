"""Work on many things at once."""

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Create the tables."""


def downgrade() -> None:
    """Drop them."""
