"""Units, their tags and credentials, and the change number of each organisation's fleet."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_INDEXES = (
    ("uq_units_serial", "units", ("organisation_id", "product", "serial"), True),
    ("ix_units_id", "units", ("organisation_id", "unit_id"), False),
    ("ix_units_serial", "units", ("organisation_id", "serial", "unit_id"), False),
    ("ix_units_parent", "units", ("organisation_id", "parent_id", "unit_id"), False),
    ("ix_units_path", "units", ("organisation_id", "path"), False),
    ("ix_units_changed", "units", ("organisation_id", "changed", "unit_id"), False),
    ("ix_units_stopped", "units", ("stopped_at",), False),
    ("ix_unit_tags_unit", "unit_tags", ("unit_id",), False),
    ("uq_credentials_lookup", "credentials", ("lookup",), True),
    ("ix_credentials_unit", "credentials", ("organisation_id", "unit_id"), False),
    ("ix_credentials_ends", "credentials", ("ends_at",), False),
)


def _bytewise(length: int) -> sa.types.TypeEngine[str]:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "units",
        sa.Column("unit_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("organisation_id", sa.BigInteger, nullable=False),
        sa.Column("product", sa.String(64), nullable=False),
        sa.Column("version", sa.String(64), nullable=False),
        sa.Column("serial", _bytewise(128), nullable=False),
        sa.Column("name", sa.String(128), nullable=False),
        sa.Column("tags", sa.JSON, nullable=False),
        sa.Column("latitude", sa.Double),
        sa.Column("longitude", sa.Double),
        sa.Column("altitude", sa.Double),
        sa.Column("place", sa.String(200), nullable=False),
        sa.Column("searched", sa.Text, nullable=False),
        sa.Column("parent_id", sa.BigInteger, nullable=False),
        sa.Column("path", _bytewise(208), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("stopped_at", sa.BigInteger),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("changed", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("unit_id", name="pk_units"),
    )
    op.create_table(
        "unit_tags",
        sa.Column("organisation_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("tag", _bytewise(64), nullable=False),
        sa.Column("unit_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.PrimaryKeyConstraint("organisation_id", "tag", "unit_id", name="pk_unit_tags"),
    )
    op.create_table(
        "credentials",
        sa.Column("credential_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("organisation_id", sa.BigInteger, nullable=False),
        sa.Column("unit_id", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("hint", sa.String(64), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(32), nullable=False),
        sa.Column("lookup", sa.LargeBinary(32)),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("starts_at", sa.BigInteger, nullable=False),
        sa.Column("ends_at", sa.BigInteger, nullable=False),
        sa.Column("revoked_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("credential_id", name="pk_credentials"),
    )
    op.create_table(
        "fleet_changes",
        sa.Column("organisation_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", name="pk_fleet_changes"),
    )
    for name, table, columns, unique in _INDEXES:
        op.create_index(name, table, list(columns), unique=unique)


def downgrade() -> None:
    """Drop them."""
    for table in ("fleet_changes", "credentials", "unit_tags", "units"):
        op.drop_table(table)
