"""What is done with rules an organisation adds. Blocking: called from threads."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import sqlalchemy as sa

from monokoto.connect.products import ProductModel, Products
from monokoto.engines.records import Records
from monokoto.kernel.clock import Clock
from monokoto.kernel.errors import Conflict, Fault, Invalid, TooLarge
from monokoto.kernel.facts import Fact
from monokoto.kernel.ids import OrganisationId, RuleId, UnitId, format_id, new_id, parse_id
from monokoto.kernel.limits import (
    PAGE_SIZE_DEFAULT,
    RULE_BYTES_MAX,
    RULE_UNITS_MAX,
    RULE_VERSIONS_MAX,
    RULES_PER_ORGANISATION_MAX,
    TAGS_PER_UNIT_MAX,
)
from monokoto.operate.rules.added.added_rule import AddedRule, RuleVersion, Watched
from monokoto.operate.rules.added.store import (
    mine,
    read_live,
    read_rule,
    read_rules,
    read_versions,
    rule_to_row,
    rule_versions,
    rules,
    version_to_row,
)
from monokoto.operate.rules.facts import rules_changed
from monokoto.operate.rules.parsing.rule import NAME_RULE, is_rule_name, read_document
from monokoto.operate.rules.parsing.setting import Setting
from monokoto.operate.rules.ports import Reach
from monokoto.web import if_match


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRule:
    """A rule to add."""

    name: str
    product: str
    document: Mapping[str, Any]
    maker: str = ""
    """Whose product it is, as text; empty: whoever made the units of it that lie open."""
    units: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    group: str = ""
    enabled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleChange:
    """What to change of a rule; None leaves it."""

    name: str | None = None
    document: Mapping[str, Any] | None = None
    units: tuple[str, ...] | None = None
    tags: tuple[str, ...] | None = None
    group: str | None = None
    enabled: bool | None = None


class Rules:
    """The rules all organisations added."""

    def __init__(
        self,
        records: Records,
        clock: Clock,
        *,
        products: Products,
        reach: Reach,
        group_exists: Callable[[int, int], object] | None = None,
    ) -> None:
        """`group_exists` raises NotFound for a group that is none of an organisation's."""
        self._records = records
        self._clock = clock
        self._products = products
        self._reach = reach
        self._group_exists = group_exists

    def create(self, organisation_id: int, new: NewRule, *, actor_id: int = 0) -> AddedRule:
        """Add a rule.

        Raises:
            Invalid: with every fault of it, and of what it is for.
            Conflict: another rule has the name, or there are as many rules as there may be.
        """
        now = self._clock.now()
        watched = self._watched(organisation_id, new)
        rule = AddedRule(
            id=RuleId(new_id()), organisation_id=OrganisationId(organisation_id), name=new.name, enabled=new.enabled,
            watched=watched, document=new.document, version=1, revision=1, created_at=now, updated_at=now,
        )  # fmt: skip
        self._check(rule)
        with self._records.write() as connection:
            held = sa.select(sa.func.count()).select_from(rules).where(mine(organisation_id))
            if connection.execute(held).scalar_one() >= RULES_PER_ORGANISATION_MAX:
                raise Conflict(f"The organisation has {RULES_PER_ORGANISATION_MAX} rules, the most it may have.")
            _must_be_free(connection, rule)
            connection.execute(rules.insert().values(rule_to_row(rule)))
            connection.execute(rule_versions.insert().values(version_to_row(rule, actor_id)))
        return rule

    def get(self, organisation_id: int, rule_id: int) -> AddedRule:
        """One rule; raises NotFound."""
        with self._records.read() as connection:
            return read_rule(connection, organisation_id, rule_id)

    def list(self, organisation_id: int, *, after: int = 0, limit: int = PAGE_SIZE_DEFAULT) -> builtins.list[AddedRule]:
        """The organisation's rules from the oldest on, those past `after`."""
        with self._records.read() as connection:
            return read_rules(connection, organisation_id, after=after, limit=limit)

    def versions(self, organisation_id: int, rule_id: int) -> Sequence[RuleVersion]:
        """What a rule said and says, the newest first; also of one that was deleted. Raises NotFound."""
        with self._records.read() as connection:
            return read_versions(connection, organisation_id, rule_id)

    def change(
        self,
        organisation_id: int,
        rule_id: int,
        change: RuleChange,
        *,
        actor_id: int = 0,
        expected: str | None = None,
    ) -> AddedRule:
        """Change a rule; another text or other units make a new version, with state of its own.

        Raises: NotFound, PreconditionFailed (it is not at the entity tag `expected`), Invalid, Conflict.
        """
        with self._records.write() as connection:
            before = read_rule(connection, organisation_id, rule_id, lock=True)
            if_match(expected, before.revision)
            after = self._changed(before, change)
            if after == before:
                return before
            anew = (after.document, after.watched) != (before.document, before.watched)
            after = replace(
                after,
                version=before.version + anew,
                revision=before.revision + 1,
                updated_at=self._clock.now(),
            )
            self._check(after)
            if after.version > RULE_VERSIONS_MAX:
                raise Conflict(f"The rule has {RULE_VERSIONS_MAX} versions, the most it may.", remedy="Add a new rule.")
            if after.name != before.name:
                _must_be_free(connection, after)
            connection.execute(rules.update().where(_this(after)).values(rule_to_row(after)))
            if anew:
                connection.execute(rule_versions.insert().values(version_to_row(after, actor_id)))
        return after

    def delete(self, organisation_id: int, rule_id: int, *, expected: str | None = None) -> None:
        """Take a rule away; its versions stay, for the alerts that name them. Raises NotFound, PreconditionFailed."""
        with self._records.write() as connection:
            before = read_rule(connection, organisation_id, rule_id, lock=True)
            if_match(expected, before.revision)
            gone = replace(before, deleted_at=self._clock.now(), revision=before.revision + 1)
            connection.execute(rules.update().where(_this(gone)).values(rule_to_row(gone)))

    def changed(self, organisation_id: int, rule_id: int) -> Fact:
        """What a route tells once a change is committed."""
        return rules_changed(organisation_id, self._clock.now(), rule_id)

    def live(self) -> builtins.list[AddedRule]:
        """The rules of all organisations that are switched on, from the oldest on."""
        with self._records.read() as connection:
            return read_live(connection)

    def model_of(self, watched: Watched) -> ProductModel:
        """The model a rule for these units is written against: of the version new units get. Raises NotFound."""
        return self._products.current(watched.maker_id, watched.product)

    def watched(self, organisation_id: int, new: NewRule) -> Watched:
        """Whom a rule is for; raises Invalid."""
        return self._watched(organisation_id, new)

    def _watched(self, organisation_id: int, new: NewRule) -> Watched:
        makers = self._reach.makers(organisation_id, new.product)
        if new.maker:
            makers = [one for one in makers if one == parse_id(new.maker, what="maker")]
        if len(makers) != 1:
            reason = (
                "several makers have a product of this name among your units; say `maker`"
                if makers
                else f"no unit of a product {new.product[:64]!r} is yours to watch"
            )
            raise Invalid("The rule is for no units.", faults=[Fault(place="product", reason=reason)])
        empty = Watched(maker_id=next(iter(makers)), product=new.product)
        return self._selecting(organisation_id, empty, new.units, new.tags, new.group)

    def _selecting(
        self, organisation_id: int, watched: Watched, units: Sequence[str], tags: Sequence[str], group: str
    ) -> Watched:
        faults = []
        if len(units) > RULE_UNITS_MAX:
            faults.append(Fault(place="units", reason=f"{len(units)} units; at most {RULE_UNITS_MAX} one by one"))
        if len(tags) > TAGS_PER_UNIT_MAX:
            faults.append(Fault(place="tags", reason=f"{len(tags)} tags; a unit has at most {TAGS_PER_UNIT_MAX}"))
        if tags and watched.maker_id != organisation_id:
            faults.append(Fault(place="tags", reason="tags are the maker's; name units, or a group"))
        if faults:
            raise Invalid("The rule is for no units.", faults=faults)
        found = replace(
            watched,
            units=tuple(sorted({UnitId(parse_id(one, what="unit id")) for one in units})),
            tags=tuple(sorted(set(tags))),
            group=parse_id(group, what="group id") if group else 0,
        )
        if found.group and self._group_exists is not None:
            self._group_exists(organisation_id, found.group)
        if found.units:
            theirs = self._reach.open_units(
                organisation_id, watched.maker_id, watched.product, control=False, wanted=found.units
            )
            opened = set(theirs.tolist())
            if strange := [one for one in units if parse_id(one) not in opened]:
                reason = f"{strange[0]!r} is no unit of {watched.product} that is yours to watch"
                raise Invalid("The rule is for no units.", faults=[Fault(place="units", reason=reason)])
        return found

    def _changed(self, before: AddedRule, change: RuleChange) -> AddedRule:
        watched = before.watched
        if (change.units, change.tags, change.group) != (None, None, None):
            watched = self._selecting(
                before.organisation_id,
                watched,
                [format_id(one) for one in watched.units] if change.units is None else change.units,
                watched.tags if change.tags is None else change.tags,
                (format_id(watched.group) if watched.group else "") if change.group is None else change.group,
            )
        return replace(
            before,
            name=before.name if change.name is None else change.name,
            document=before.document if change.document is None else change.document,
            enabled=before.enabled if change.enabled is None else change.enabled,
            watched=watched,
        )

    def _check(self, rule: AddedRule) -> None:
        if len(msgspec.json.encode(rule.document)) > RULE_BYTES_MAX:
            raise TooLarge(f"A rule has at most {RULE_BYTES_MAX} bytes.")
        if not is_rule_name(rule.name):
            fault = Fault(place="name", reason=f"{rule.name[:64]!r} cannot name a rule: {NAME_RULE}")
            raise Invalid("The rule is not valid.", faults=[fault])
        read_document(rule.document, rule.name, Setting(self.model_of(rule.watched)), place="/rule")


def _this(rule: AddedRule) -> sa.ColumnElement[bool]:
    return sa.and_(rules.c.organisation_id == rule.organisation_id, rules.c.rule_id == rule.id)


def _must_be_free(connection: sa.Connection, rule: AddedRule) -> None:
    taken = sa.select(rules.c.rule_id).where(
        mine(rule.organisation_id), rules.c.name == rule.name, rules.c.rule_id != rule.id
    )
    if connection.execute(taken.limit(1)).first() is not None:
        raise Conflict(f"There is a rule {rule.name!r} already.", remedy="Choose another name.")
