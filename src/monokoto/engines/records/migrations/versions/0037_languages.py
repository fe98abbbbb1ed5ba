"""Whether a person chose their language. Those there are keep the one they have; whoever comes chooses, or is followed."""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0035"


def upgrade() -> None:
    """The column."""
    op.add_column("persons", sa.Column("locale_chosen", sa.Boolean(), nullable=False, server_default=sa.true()))


def downgrade() -> None:
    """Without it."""
    op.drop_column("persons", "locale_chosen")
