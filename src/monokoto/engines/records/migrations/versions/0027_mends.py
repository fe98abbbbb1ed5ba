"""Room for sealed secrets: what is sealed is longer. They are sealed by `seal_all` once the tables are as they must be."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"

_SEALED = (
    ("webhooks", {"url": 2048, "secret": 128, "old_secret": 128}),
    ("notification_receivers", {"url": 2048, "secret": 128}),
    ("push_subscriptions", {"endpoint": 2048, "auth": 64}),
)


def upgrade() -> None:
    """Let them be texts of any length."""
    for table, columns in _SEALED:
        with op.batch_alter_table(table) as batch:
            for name, length in columns.items():
                batch.alter_column(name, type_=sa.Text(), existing_type=sa.String(length), existing_nullable=False)
    _let_hidden_alerts_wait()


def _let_hidden_alerts_wait() -> None:
    """How long an alert waits for the one that hides it, and until when that is not decided."""
    op.add_column("alerts", sa.Column("suppress_grace", sa.BigInteger, nullable=False, server_default="0"))
    op.add_column("alerts", sa.Column("undecided_until", sa.BigInteger))
    some = sa.text("undecided_until IS NOT NULL")
    op.create_index("ix_alerts_undecided", "alerts", ["undecided_until"], sqlite_where=some, postgresql_where=some)


def downgrade() -> None:
    """Back to what they were; what is sealed stays, and an older release cannot read it."""
    op.drop_index("ix_alerts_undecided", "alerts")
    with op.batch_alter_table("alerts") as batch:
        batch.drop_column("undecided_until")
        batch.drop_column("suppress_grace")
    for table, columns in _SEALED:
        with op.batch_alter_table(table) as batch:
            for name, length in columns.items():
                batch.alter_column(name, type_=sa.String(length), existing_type=sa.Text(), existing_nullable=False)
