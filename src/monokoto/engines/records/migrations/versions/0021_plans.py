"""Plans: what using a product costs. The database itself refuses to change or delete a version."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"

_REFUSALS = {
    "sqlite": (
        "CREATE TRIGGER plan_versions_{what} BEFORE {what} ON plan_versions"
        " BEGIN SELECT RAISE(ABORT, 'versions of plans are never changed'); END",
    ),
    "postgresql": (
        "CREATE OR REPLACE FUNCTION refuse_plan_change() RETURNS trigger LANGUAGE plpgsql"
        " AS 'BEGIN RAISE EXCEPTION ''versions of plans are never changed''; END'",
        "CREATE TRIGGER plan_versions_{what} BEFORE {what} ON plan_versions"
        " FOR EACH ROW EXECUTE FUNCTION refuse_plan_change()",
    ),
}


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "plans",
        sa.Column("organisation_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("product", sa.String(64), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("applied_digest", sa.String(64), nullable=False),
        sa.Column("retired_at", sa.BigInteger, nullable=True),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", "product", "name", name="pk_plans"),
    )
    op.create_table(
        "plan_versions",
        sa.Column("organisation_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("product", sa.String(64), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("version", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("source", sa.String(64), nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("published_at", sa.BigInteger, nullable=False),
        sa.Column("actor_id", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", "product", "name", "version", name="pk_plan_versions"),
    )
    op.create_table(
        "plan_sources",
        sa.Column("organisation_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("product", sa.String(64), nullable=False),
        sa.Column("version", sa.String(64), nullable=False),
        sa.Column("taken_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", "product", name="pk_plan_sources"),
    )
    for statement in _REFUSALS[op.get_bind().dialect.name]:
        for what in ("UPDATE", "DELETE") if "{what}" in statement else ("",):
            op.execute(statement.format(what=what))


def downgrade() -> None:
    """Drop them."""
    for table in ("plan_sources", "plan_versions", "plans"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_plan_change()")
