"""Products and their versions as rows. A row of `product_versions` is written once and never changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from monokoto.connect.products.description.checking import CheckedProduct
from monokoto.engines.records import metadata
from monokoto.kernel.clock import Instant
from monokoto.kernel.ids import OrganisationId, ProductName

products = sa.Table(
    "products",
    metadata,
    sa.Column("organisation_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("product", sa.String(64), primary_key=True),
    sa.Column("title", sa.String, nullable=False),
    sa.Column("current_version", sa.String(64), nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
)

product_versions = sa.Table(
    "product_versions",
    metadata,
    sa.Column("organisation_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("product", sa.String(64), primary_key=True),
    sa.Column("version", sa.String(64), primary_key=True),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("thing_model", sa.JSON, nullable=False),
    sa.Column("document", sa.JSON, nullable=False),
    sa.Column("files", sa.JSON, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.ForeignKeyConstraint(["organisation_id", "product"], ["products.organisation_id", "products.product"]),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """A product of an organisation."""

    organisation_id: OrganisationId
    product: ProductName
    title: str
    current_version: str
    """What new units get: the highest release, or the highest pre-release while there is no release."""
    created_at: Instant
    updated_at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductVersion:
    """One version, without its content."""

    organisation_id: OrganisationId
    product: ProductName
    version: str
    digest: str
    created_at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionContent:
    """One version, with what was applied."""

    header: ProductVersion
    thing_model: Mapping[str, Any]
    document: Mapping[str, Any]
    files: Mapping[str, str]


def product_from_row(row: sa.Row[Any]) -> Product:
    """The value in a row of `products`."""
    return Product(
        organisation_id=OrganisationId(row.organisation_id),
        product=ProductName(row.product),
        title=row.title,
        current_version=row.current_version,
        created_at=Instant(row.created_at),
        updated_at=Instant(row.updated_at),
    )


def version_from_row(row: sa.Row[Any]) -> ProductVersion:
    """The header in a row of `product_versions`."""
    return ProductVersion(
        organisation_id=OrganisationId(row.organisation_id),
        product=ProductName(row.product),
        version=row.version,
        digest=row.digest,
        created_at=Instant(row.created_at),
    )


def content_from_row(row: sa.Row[Any]) -> VersionContent:
    """The whole of a row of `product_versions`."""
    return VersionContent(
        header=version_from_row(row), thing_model=row.thing_model, document=row.document, files=row.files
    )


def version_to_row(organisation_id: int, checked: CheckedProduct, now: int) -> dict[str, Any]:
    """The row of a new version."""
    return {
        "organisation_id": organisation_id,
        "product": checked.product,
        "version": checked.version,
        "digest": checked.digest,
        "thing_model": dict(checked.thing_model),
        "document": dict(checked.document),
        "files": dict(checked.files),
        "created_at": now,
    }


def of_organisation(table: sa.Table, organisation_id: int, product: str | None = None) -> sa.ColumnElement[bool]:
    """The wall: rows of this organisation, and of this product when one is named."""
    mine = table.c.organisation_id == organisation_id
    return mine if product is None else mine & (table.c.product == product)
