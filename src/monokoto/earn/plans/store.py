"""Plans as rows: a head for each, its versions, and from which version of the product they were taken last."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from monokoto.earn.plans.parsing.plans import read_document
from monokoto.earn.plans.plan import Plan
from monokoto.engines.records import metadata
from monokoto.kernel.clock import Instant
from monokoto.kernel.errors import NotFound
from monokoto.kernel.limits import NAME_LENGTH_MAX

plans = sa.Table(
    "plans",
    metadata,
    sa.Column("organisation_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("product", sa.String(NAME_LENGTH_MAX), primary_key=True),
    sa.Column("name", sa.String(NAME_LENGTH_MAX), primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("applied_digest", sa.String(64), nullable=False),
    sa.Column("retired_at", sa.BigInteger, nullable=True),
    sa.Column("created_at", sa.BigInteger, nullable=False),
)
plan_versions = sa.Table(
    "plan_versions",
    metadata,
    sa.Column("organisation_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("product", sa.String(NAME_LENGTH_MAX), primary_key=True),
    sa.Column("name", sa.String(NAME_LENGTH_MAX), primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("source", sa.String(64), nullable=False),
    sa.Column("document", sa.Text, nullable=False),
    sa.Column("published_at", sa.BigInteger, nullable=False),
    sa.Column("actor_id", sa.BigInteger, nullable=False),
)
plan_sources = sa.Table(
    "plan_sources",
    metadata,
    sa.Column("organisation_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("product", sa.String(NAME_LENGTH_MAX), primary_key=True),
    sa.Column("version", sa.String(64), nullable=False),
    sa.Column("taken_at", sa.BigInteger, nullable=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedPlan:
    """A version of a plan as it was published."""

    plan: Plan
    digest: str
    """SHA-256 of the document in canonical JSON."""
    source: str
    """The version of the product it came with; empty: it was published by itself."""
    published_at: Instant
    actor_id: int
    latest: int
    """The plan's newest version."""
    retired_at: Instant | None
    """Since when nobody can subscribe to the plan any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What of a plan changes."""

    version: int
    applied_digest: str
    """Of the document that came with the product last; empty: it does not come with the product."""
    retired_at: int | None


def published_from_row(row: sa.Row[Any], plan: Plan | None = None) -> PublishedPlan:
    """The value in a row of both tables; `plan` where it is understood already."""
    document = msgspec.json.decode(row.document)
    known = plan or read_document(
        document, organisation_id=row.organisation_id, product=row.product, name=row.name, version=row.version
    )
    return PublishedPlan(
        plan=known,
        digest=row.digest,
        source=row.source,
        published_at=Instant(row.published_at),
        actor_id=row.actor_id,
        latest=row.latest,
        retired_at=None if row.retired_at is None else Instant(row.retired_at),
    )


_JOINED = sa.select(plan_versions, plans.c.version.label("latest"), plans.c.retired_at).join(
    plans,
    (plans.c.organisation_id == plan_versions.c.organisation_id)
    & (plans.c.product == plan_versions.c.product)
    & (plans.c.name == plan_versions.c.name),
)


def _mine(table: sa.Table, organisation_id: int, product: str, name: str) -> sa.ColumnElement[bool]:
    return (table.c.organisation_id == organisation_id) & (table.c.product == product) & (table.c.name == name)


def find(connection: sa.Connection, organisation_id: int, product: str, name: str, version: int = 0) -> sa.Row[Any]:
    """The row of a version, by default the newest one; raises NotFound."""
    wanted = plan_versions.c.version == (version or plans.c.version)
    row = connection.execute(_JOINED.where(_mine(plan_versions, organisation_id, product, name), wanted)).one_or_none()
    if row is None:
        which = f" in version {version}" if version else ""
        raise NotFound(
            f"The product {product[:80]!r} has no plan {name[:80]!r}{which}.",
            remedy="`koto plans list` names those there are.",
        )
    return row


def find_all(
    connection: sa.Connection,
    organisation_id: int,
    *,
    product: str,
    retired: bool | None,
    after: tuple[str, str],
    limit: int,
) -> list[sa.Row[Any]]:
    """The newest versions, by product and name, past one."""
    query = _JOINED.where(
        plan_versions.c.organisation_id == organisation_id,
        plan_versions.c.version == plans.c.version,
        sa.tuple_(plans.c.product, plans.c.name) > sa.tuple_(sa.literal(after[0]), sa.literal(after[1])),
    )
    if product:
        query = query.where(plans.c.product == product)
    if retired is not None:
        query = query.where(plans.c.retired_at.is_not(None) if retired else plans.c.retired_at.is_(None))
    return list(connection.execute(query.order_by(plans.c.product, plans.c.name).limit(limit)))


def find_versions(connection: sa.Connection, organisation_id: int, product: str, name: str) -> list[sa.Row[Any]]:
    """All versions, the newest first."""
    query = _JOINED.where(_mine(plan_versions, organisation_id, product, name))
    return list(connection.execute(query.order_by(plan_versions.c.version.desc())))


def find_saying(connection: sa.Connection, key: str, organisation_id: int | None = None) -> list[sa.Row[Any]]:
    """All versions that may have something under a key (they name it somewhere), of one organisation or (None) of all."""
    asked = _JOINED.where(plan_versions.c.document.contains(f'"{key}"', autoescape=True))
    if organisation_id is not None:
        asked = asked.where(plan_versions.c.organisation_id == organisation_id)
    return list(connection.execute(asked))


def lock(connection: sa.Connection, organisation_id: int, product: str, *, now: int) -> str:
    """Let one who changes a product's plans come after the other; the product's version they were taken from last."""
    row = {"organisation_id": organisation_id, "product": product, "version": "", "taken_at": now}
    insert = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(plan_sources)
    connection.execute(insert.values(row).on_conflict_do_nothing())
    return _source(connection, organisation_id, product, locked=True)


def source(connection: sa.Connection, organisation_id: int, product: str) -> str:
    """The product's version its plans were taken from last; empty: none yet."""
    return _source(connection, organisation_id, product, locked=False)


def _source(connection: sa.Connection, organisation_id: int, product: str, *, locked: bool) -> str:
    mine = (plan_sources.c.organisation_id == organisation_id) & (plan_sources.c.product == product)
    query = sa.select(plan_sources.c.version).where(mine)
    return connection.execute(query.with_for_update() if locked else query).scalar_one_or_none() or ""


def sources(connection: sa.Connection, organisation_id: int) -> dict[str, str]:
    """The same of every product."""
    query = sa.select(plan_sources.c.product, plan_sources.c.version)
    mine = plan_sources.c.organisation_id == organisation_id
    return {row.product: row.version for row in connection.execute(query.where(mine))}


def set_source(connection: sa.Connection, organisation_id: int, product: str, version: str, *, now: int) -> None:
    """Its plans are taken from this version now."""
    mine = (plan_sources.c.organisation_id == organisation_id) & (plan_sources.c.product == product)
    connection.execute(plan_sources.update().where(mine).values(version=version, taken_at=now))


def heads(connection: sa.Connection, organisation_id: int, product: str) -> dict[str, Head]:
    """The plans of a product, by name."""
    mine = (plans.c.organisation_id == organisation_id) & (plans.c.product == product)
    return {
        row.name: Head(version=row.version, applied_digest=row.applied_digest, retired_at=row.retired_at)
        for row in connection.execute(sa.select(plans).where(mine))
    }


def put_head(
    connection: sa.Connection, organisation_id: int, product: str, name: str, head: Head, *, now: int, new: bool
) -> None:
    """What of a plan changes."""
    values = {"version": head.version, "applied_digest": head.applied_digest, "retired_at": head.retired_at}
    if new:
        key = {"organisation_id": organisation_id, "product": product, "name": name, "created_at": now}
        connection.execute(plans.insert().values(**key, **values))
    else:
        connection.execute(plans.update().where(_mine(plans, organisation_id, product, name)).values(values))


def insert_version(
    connection: sa.Connection,
    plan: Plan,
    document: Mapping[str, Any],
    *,
    digest: str,
    source: str,
    now: int,
    actor_id: int,
) -> None:
    """One more version, for ever."""
    row = {
        "organisation_id": plan.organisation_id, "product": plan.product, "name": plan.name, "version": plan.version,
        "digest": digest, "source": source, "document": msgspec.json.encode(document).decode(),
        "published_at": now, "actor_id": actor_id,
    }  # fmt: skip
    connection.execute(plan_versions.insert().values(row))
