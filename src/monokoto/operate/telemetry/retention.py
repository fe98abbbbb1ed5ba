"""Readings that have outlived what their product promises to keep, taken away.

A reconciler: it looks at the rules and at the store, and makes the one follow the other; run again it finds nothing to do.
Whole parts of the table in which nothing is left to keep are dropped, which costs nothing. A part never changes, so what
was found of it still holds when it is dropped, whatever is inserted meanwhile; refused: dropping whole months, where a
late reading that must be kept could arrive between the look and the drop. The rest is deleted by condition.

Cut-offs are whole days (UTC), so that a run an hour later does not rewrite parts for an hour's readings.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import structlog

from monokoto.connect.products import ProductModel
from monokoto.engines.series import Parameters, Series
from monokoto.kernel.clock import Clock, format_instant
from monokoto.kernel.errors import MonokotoError
from monokoto.operate.telemetry.tables import READINGS

_DAY = 86_400_000_000
_RULES_PER_STATEMENT = 500
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionRule:
    """How long readings of one property are kept."""

    organisation_id: int
    product: str
    property: str
    days: int


def rules_of(models: Iterable[ProductModel]) -> Iterator[RetentionRule]:
    """The rules written in product models (`monokoto:retentionDays`); give it each product's current one."""
    for model in models:
        for name, model_property in model.properties.items():
            if model_property.retention_days is not None:
                yield RetentionRule(
                    organisation_id=model.organisation_id,
                    product=model.product,
                    property=name,
                    days=model_property.retention_days,
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleted:
    """What one rule took away."""

    rule: RetentionRule
    readings: int
    """Rows, superseded readings included."""
    before: int
    """Everything older than this is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionReport:
    """What one run did."""

    at: int
    deleted: tuple[Deleted, ...]
    parts_dropped: int
    """Parts of the table that went whole."""


@dataclass(frozen=True, slots=True)
class _Due:
    """The rules of one cut-off that have something to delete."""

    before: int
    rules: Sequence[RetentionRule]
    counts: Sequence[int]


class RetentionJob:
    """Makes the store forget what the products no longer keep. Blocking; run it in a thread, daily or oftener."""

    def __init__(self, series: Series, rules: Callable[[], Iterable[RetentionRule]], clock: Clock) -> None:
        self._series = series
        self._rules = rules
        self._clock = clock
        self.last: RetentionReport | None = None
        """The last run's report, for whoever watches."""

    def run(self) -> RetentionReport:
        """Delete what is due.

        Raises:
            Unavailable: the store is away; run again later.
        """
        now = self._clock.now()
        due = self._due(now)
        dropped = self._drop_parts(due) if due else 0
        for one in due:
            self._delete(one)
        deleted = tuple(
            Deleted(rule=rule, readings=count, before=one.before)
            for one in due
            for rule, count in zip(one.rules, one.counts, strict=True)
        )
        for one_deleted in deleted:
            _log.info(
                "readings_deleted",
                product=one_deleted.rule.product,
                property=one_deleted.rule.property,
                readings=one_deleted.readings,
                before=format_instant(one_deleted.before),
            )
        self.last = RetentionReport(at=now, deleted=deleted, parts_dropped=dropped)
        return self.last

    def _due(self, now: int) -> list[_Due]:
        by_age: dict[int, list[RetentionRule]] = defaultdict(list)
        for rule in self._rules():
            by_age[rule.days].append(rule)
        due: list[_Due] = []
        for days, rules in sorted(by_age.items()):
            before = (now // _DAY - days) * _DAY
            some = [rules[first : first + _RULES_PER_STATEMENT] for first in range(0, len(rules), _RULES_PER_STATEMENT)]
            due += [self._counted(before, part) for part in some]
        return [one for one in due if one.rules]

    def _counted(self, before: int, rules: Sequence[RetentionRule]) -> _Due:
        where, parameters = _expired(0, before, rules)
        table = self._series.query(
            f"SELECT organisation, product, property, count() AS readings FROM {READINGS} "
            f"WHERE {where} GROUP BY organisation, product, property",
            parameters,
        )
        counts = {(row["organisation"], row["product"], row["property"]): row["readings"] for row in table.to_pylist()}
        found = [rule for rule in rules if (rule.organisation_id, rule.product, rule.property) in counts]
        return _Due(before, found, [counts[rule.organisation_id, rule.product, rule.property] for rule in found])

    def _drop_parts(self, due: Sequence[_Due]) -> int:
        """Drop the parts in which every row is expired; returns how many went."""
        conditions: list[str] = []
        parameters: dict[str, int | str | list[str]] = {}
        for index, one in enumerate(due):
            where, bound = _expired(index, one.before, one.rules)
            conditions.append(where)
            parameters |= bound
        parameters["newest"] = max(one.before for one in due)
        # Only parts that begin before the youngest cut-off are looked into.
        table = self._series.query(
            f"SELECT _part AS part FROM {READINGS} WHERE _partition_id <= "
            "toString(toYYYYMM(fromUnixTimestamp64Micro({newest:Int64}, 'UTC'))) "
            f"GROUP BY _part HAVING countIf(NOT ({' OR '.join(conditions)})) = 0",
            parameters,
        )
        return sum(self._drop_part(part) for part in table["part"].to_pylist())

    def _drop_part(self, part: str) -> bool:
        if not part.replace("_", "").isalnum():
            return False
        try:
            self._series.command(f"ALTER TABLE {READINGS} DROP PART '{part}'")
        except MonokotoError:
            # Merged into another part since it was looked at: its rows go by condition.
            return False
        return True

    def _delete(self, due: _Due) -> None:
        where, parameters = _expired(0, due.before, due.rules)
        self._series.command(f"DELETE FROM {READINGS} WHERE {where}", parameters)


def _expired(index: int, before: int, rules: Sequence[RetentionRule]) -> tuple[str, dict[str, int | str | list[str]]]:
    """The condition that a row is expired by one of the rules, and its parameters, numbered by `index`."""
    parameters: dict[str, int | str | list[str]] = {f"before_{index}": before}
    by_product: dict[tuple[int, str], list[str]] = defaultdict(list)
    for rule in rules:
        by_product[rule.organisation_id, rule.product].append(rule.property)
    choices = []
    for number, ((organisation_id, product), properties) in enumerate(sorted(by_product.items())):
        name = f"{index}_{number}"
        choices.append(
            f"organisation = {{organisation_{name}:Int64}} AND product = {{product_{name}:String}} "
            f"AND property IN {{properties_{name}:Array(String)}}"
        )
        parameters |= {
            f"organisation_{name}": organisation_id,
            f"product_{name}": product,
            f"properties_{name}": properties,
        }
    time = f"at < fromUnixTimestamp64Micro({{before_{index}:Int64}}, 'UTC')"
    return f"{time} AND ({' OR '.join(f'({choice})' for choice in choices)})", parameters


def forget_unit(series: Series, organisation_id: int, unit_id: int) -> int:
    """Remove every trace of one unit's readings and events from the disk; returns how many rows went.

    The parts that hold them are written anew without them before this returns; a lightweight delete would only hide them.
    """
    parameters: Parameters = {"organisation": organisation_id, "unit": unit_id}
    where = "organisation = {organisation:Int64} AND unit = {unit:Int64}"
    gone = 0
    for table in ("readings", "events"):
        count = series.query(f"SELECT count() AS rows FROM {table} WHERE {where}", parameters)["rows"][0].as_py()
        if count:
            series.command(f"ALTER TABLE {table} DELETE WHERE {where} SETTINGS mutations_sync = 2", parameters)
        gone += count
    return gone
