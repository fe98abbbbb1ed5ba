"""Presence: no tables. It is a snapshot among the objects (see its README); the number keeps the chain whole."""

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Nothing to create."""


def downgrade() -> None:
    """Nothing to drop."""
