"""Products and their versions."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "products",
        sa.Column("organisation_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("product", sa.String(64), nullable=False),
        sa.Column("title", sa.String, nullable=False),
        sa.Column("current_version", sa.String(64), nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", "product", name="pk_products"),
    )
    op.create_table(
        "product_versions",
        sa.Column("organisation_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("product", sa.String(64), nullable=False),
        sa.Column("version", sa.String(64), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("thing_model", sa.JSON, nullable=False),
        sa.Column("document", sa.JSON, nullable=False),
        sa.Column("files", sa.JSON, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", "product", "version", name="pk_product_versions"),
        sa.ForeignKeyConstraint(
            ["organisation_id", "product"],
            ["products.organisation_id", "products.product"],
            name="fk_product_versions_organisation_id_products",
        ),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("product_versions")
    op.drop_table("products")
