"""Groups, scenes and schedules."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def _number(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=nullable, autoincrement=False)


def upgrade() -> None:
    """Create the tables."""
    _create_groups()
    _create_scenes()
    op.create_table(
        "schedules",
        _number("schedule_id"),
        _number("organisation_id"),
        sa.Column("organisation_kind", sa.String(16), nullable=False),
        _number("key_id"),
        _number("person_id"),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
        _number("revision"),
        _number("checked_until"),
        _number("created_at"),
        _number("updated_at"),
        sa.PrimaryKeyConstraint("schedule_id", name="pk_schedules"),
    )
    op.create_index("uq_schedules_name", "schedules", ["organisation_id", "name"], unique=True)
    op.create_index("ix_schedules_enabled", "schedules", ["enabled", "schedule_id"])


def _create_groups() -> None:
    op.create_table(
        "unit_groups",
        _number("group_id"),
        _number("organisation_id"),
        sa.Column("organisation_kind", sa.String(16), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("filter", sa.Text),
        sa.Column("place", sa.Text, nullable=False),
        _number("version"),
        _number("created_at"),
        _number("created_by"),
        _number("updated_at"),
        sa.PrimaryKeyConstraint("group_id", name="pk_unit_groups"),
    )
    op.create_index("uq_unit_groups_name", "unit_groups", ["organisation_id", "name"], unique=True)
    op.create_table(
        "unit_group_members",
        _number("group_id"),
        _number("unit_id"),
        _number("organisation_id"),
        sa.PrimaryKeyConstraint("group_id", "unit_id", name="pk_unit_group_members"),
    )


def _create_scenes() -> None:
    op.create_table(
        "scenes",
        _number("scene_id"),
        _number("organisation_id"),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        _number("revision"),
        _number("created_at"),
        _number("created_by"),
        _number("updated_at"),
        sa.PrimaryKeyConstraint("scene_id", name="pk_scenes"),
    )
    op.create_index("uq_scenes_name", "scenes", ["organisation_id", "name"], unique=True)
    op.create_table(
        "scene_runs",
        _number("run_id"),
        _number("organisation_id"),
        sa.Column("organisation_kind", sa.String(16), nullable=False),
        _number("key_id"),
        _number("person_id"),
        _number("scene_id"),
        _number("schedule_id"),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("run_key", sa.String(160)),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("confirmed", sa.Boolean, nullable=False),
        sa.Column("cancelling", sa.Boolean, nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("items", sa.Integer, nullable=False),
        _number("planned_at", nullable=True),
        _number("created_at"),
        _number("started_at", nullable=True),
        _number("finished_at", nullable=True),
        sa.Column("holder", sa.String(32), nullable=False),
        _number("held_until"),
        sa.PrimaryKeyConstraint("run_id", name="pk_scene_runs"),
    )
    op.create_index("ix_scene_runs_organisation", "scene_runs", ["organisation_id", "run_id"])
    op.create_index("uq_scene_runs_key", "scene_runs", ["organisation_id", "run_key"], unique=True)
    op.create_index("ix_scene_runs_state", "scene_runs", ["state", "run_id"])
    op.create_index("ix_scene_runs_finished", "scene_runs", ["finished_at"])
    op.create_table(
        "scene_run_items",
        _number("run_id"),
        sa.Column("number", sa.Integer, nullable=False, autoincrement=False),
        _number("organisation_id"),
        sa.Column("step", sa.Integer, nullable=False),
        _number("unit_id"),
        _number("maker_id"),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        _number("command_id"),
        sa.Column("before", sa.Text),
        _number("at", nullable=True),
        sa.PrimaryKeyConstraint("run_id", "number", name="pk_scene_run_items"),
    )
    op.create_index("ix_scene_run_items_state", "scene_run_items", ["run_id", "state", "number"])


def downgrade() -> None:
    """Drop them."""
    for name in ("schedules", "scene_run_items", "scene_runs", "scenes", "unit_group_members", "unit_groups"):
        op.drop_table(name)
