"""Work on many things at once, and what became of each."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "jobs",
        sa.Column("job_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("organisation_id", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("parameters", sa.Text, nullable=False),
        sa.Column("selection", sa.Text, nullable=False),
        sa.Column("pace", sa.Integer, nullable=False),
        sa.Column("organisation_kind", sa.String(16), nullable=False),
        sa.Column("key_id", sa.BigInteger, nullable=False),
        sa.Column("person_id", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("cancelling", sa.Boolean, nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("items", sa.Integer, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("started_at", sa.BigInteger),
        sa.Column("finished_at", sa.BigInteger),
        sa.Column("holder", sa.String(32), nullable=False),
        sa.Column("held_until", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("job_id", name="pk_jobs"),
    )
    op.create_index("ix_jobs_organisation", "jobs", ["organisation_id", "job_id"])
    op.create_index("ix_jobs_state", "jobs", ["state", "job_id"])
    op.create_index("ix_jobs_finished", "jobs", ["organisation_id", "finished_at"])
    op.create_table(
        "job_items",
        sa.Column("job_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("number", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("organisation_id", sa.BigInteger, nullable=False),
        sa.Column("unit_id", sa.BigInteger, nullable=False),
        sa.Column("maker_id", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("before", sa.Text),
        sa.Column("at", sa.BigInteger),
        sa.PrimaryKeyConstraint("job_id", "number", name="pk_job_items"),
    )
    op.create_index("ix_job_items_state", "job_items", ["job_id", "state", "number"])


def downgrade() -> None:
    """Drop them."""
    op.drop_table("job_items")
    op.drop_table("jobs")
