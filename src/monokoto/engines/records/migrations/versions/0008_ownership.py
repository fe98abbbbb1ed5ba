"""Who a unit belongs to and belonged to, and with whom it is shared."""

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Create the tables."""


def downgrade() -> None:
    """Drop them."""
