"""Added rules as rows: the rule, and each of its versions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from monokoto.engines.records import metadata
from monokoto.kernel.clock import Instant
from monokoto.kernel.errors import NotFound
from monokoto.kernel.ids import OrganisationId, RuleId, UnitId, format_id
from monokoto.operate.rules.added.added_rule import AddedRule, RuleVersion, Watched

NAME_COLUMN_LENGTH = 64
rules = sa.Table(
    "rules",
    metadata,
    sa.Column("rule_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("organisation_id", sa.BigInteger, nullable=False),
    sa.Column("name", sa.String(NAME_COLUMN_LENGTH), nullable=False),
    sa.Column("enabled", sa.Boolean, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
    sa.Column("deleted_at", sa.BigInteger, nullable=True),
    sa.Index("ix_rules_organisation", "organisation_id", "rule_id"),
)
rule_versions = sa.Table(
    "rule_versions",
    metadata,
    sa.Column("rule_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("organisation_id", sa.BigInteger, nullable=False),
    sa.Column("maker_id", sa.BigInteger, nullable=False),
    sa.Column("product", sa.String(NAME_COLUMN_LENGTH), nullable=False),
    sa.Column("units", sa.Text, nullable=False),
    sa.Column("tags", sa.Text, nullable=False),
    sa.Column("group_id", sa.BigInteger, nullable=False),
    sa.Column("document", sa.Text, nullable=False),
    sa.Column("actor_id", sa.BigInteger, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
)


def rule_to_row(rule: AddedRule) -> dict[str, Any]:
    """The row of a rule, without what its version says."""
    return {
        "rule_id": rule.id,
        "organisation_id": rule.organisation_id,
        "name": rule.name,
        "enabled": rule.enabled,
        "version": rule.version,
        "revision": rule.revision,
        "created_at": rule.created_at,
        "updated_at": rule.updated_at,
        "deleted_at": rule.deleted_at,
    }


def version_to_row(rule: AddedRule, actor_id: int) -> dict[str, Any]:
    """The row of a rule's present version."""
    return {
        "rule_id": rule.id,
        "version": rule.version,
        "organisation_id": rule.organisation_id,
        "maker_id": rule.watched.maker_id,
        "product": rule.watched.product,
        "units": msgspec.json.encode(rule.watched.units).decode(),
        "tags": msgspec.json.encode(rule.watched.tags).decode(),
        "group_id": rule.watched.group,
        "document": msgspec.json.encode(rule.document).decode(),
        "actor_id": actor_id,
        "created_at": rule.updated_at,
    }


def watched_from_row(row: sa.Row[Any]) -> Watched:
    """Whom a version is for."""
    return Watched(
        maker_id=OrganisationId(row.maker_id),
        product=row.product,
        units=tuple(UnitId(one) for one in msgspec.json.decode(row.units)),
        tags=tuple(msgspec.json.decode(row.tags)),
        group=row.group_id,
    )


def rule_from_row(row: sa.Row[Any]) -> AddedRule:
    """The value in a row of `rules` beside that of its version."""
    return AddedRule(
        id=RuleId(row.rule_id),
        organisation_id=OrganisationId(row.organisation_id),
        name=row.name,
        enabled=bool(row.enabled),
        watched=watched_from_row(row),
        document=msgspec.json.decode(row.document),
        version=row.version,
        revision=row.revision,
        created_at=Instant(row.created_at),
        updated_at=Instant(row.updated_at),
        deleted_at=None if row.deleted_at is None else Instant(row.deleted_at),
    )


def version_from_row(row: sa.Row[Any]) -> RuleVersion:
    """The value in a row of `rule_versions`."""
    return RuleVersion(
        version=row.version,
        watched=watched_from_row(row),
        document=msgspec.json.decode(row.document),
        created_at=Instant(row.created_at),
        actor_id=row.actor_id,
    )


def _selected() -> sa.Select[Any]:
    """Rules, each with its present version."""
    said = rule_versions.c
    of_version = (said.rule_id == rules.c.rule_id) & (said.version == rules.c.version)
    whole = sa.select(rules, said.maker_id, said.product, said.units, said.tags, said.group_id, said.document)
    return whole.join_from(rules, rule_versions, of_version)


def mine(organisation_id: int) -> sa.ColumnElement[bool]:
    """The wall: what of the organisation's is not deleted."""
    return sa.and_(rules.c.organisation_id == organisation_id, rules.c.deleted_at.is_(None))


def read_rule(connection: sa.Connection, organisation_id: int, rule_id: int, *, lock: bool = False) -> AddedRule:
    """One rule; raises NotFound."""
    query = _selected().where(mine(organisation_id), rules.c.rule_id == rule_id)
    row = connection.execute(query.with_for_update(of=rules) if lock else query).one_or_none()
    if row is None:
        raise NotFound(f"There is no rule {format_id(rule_id)!r}.")
    return rule_from_row(row)


def read_rules(connection: sa.Connection, organisation_id: int, *, after: int = 0, limit: int) -> list[AddedRule]:
    """An organisation's rules from the oldest on, those past `after`."""
    query = _selected().where(mine(organisation_id), rules.c.rule_id > after).order_by(rules.c.rule_id).limit(limit)
    return [rule_from_row(row) for row in connection.execute(query)]


def read_live(connection: sa.Connection) -> list[AddedRule]:
    """The rules of all organisations that are switched on: what the line watches for."""
    query = _selected().where(rules.c.deleted_at.is_(None), rules.c.enabled).order_by(rules.c.rule_id)
    return [rule_from_row(row) for row in connection.execute(query)]


def read_versions(connection: sa.Connection, organisation_id: int, rule_id: int) -> Sequence[RuleVersion]:
    """All versions of a rule, deleted or not, the newest first; raises NotFound."""
    versions = rule_versions.c
    query = sa.select(rule_versions).where(versions.organisation_id == organisation_id, versions.rule_id == rule_id)
    found = [version_from_row(row) for row in connection.execute(query.order_by(versions.version.desc()))]
    if not found:
        raise NotFound(f"There is no rule {format_id(rule_id)!r}.")
    return found
