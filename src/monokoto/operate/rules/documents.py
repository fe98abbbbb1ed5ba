"""Rules as the API shows and takes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import UNSET, Meta, UnsetType

from monokoto.kernel.clock import format_instant
from monokoto.kernel.ids import format_id
from monokoto.kernel.limits import RULE_UNITS_MAX, TAG_LENGTH_MAX, TAGS_PER_UNIT_MAX
from monokoto.operate.rules.added.added_rule import AddedRule, RuleVersion, Watched
from monokoto.operate.rules.added.service import NewRule, RuleChange
from monokoto.operate.rules.book import Unwatched
from monokoto.operate.rules.rule import Rule
from monokoto.operate.rules.watching import UnitRule

Name = Annotated[str, Meta(min_length=1, max_length=64, description="As in `too-hot`; unique in the organisation")]
Units = Annotated[list[str], Meta(max_length=RULE_UNITS_MAX, description="Unit ids; empty: whichever")]
Tags = Annotated[
    list[Annotated[str, Meta(max_length=TAG_LENGTH_MAX)]],
    Meta(max_length=TAGS_PER_UNIT_MAX, description="All of them; the maker's alone"),
]
Group = Annotated[str, Meta(description="A group's id; empty: whichever")]
_T = TypeVar("_T")
Document = Annotated[
    dict[str, Any], Meta(description="The rule as in the section `rules` of product.yaml (docs/rules.md)")
]


class WatchedJson(msgspec.Struct, frozen=True):
    """The units a rule is for: those that have all of this, and lie open to the organisation at the time."""

    maker: Annotated[str, Meta(description="The id of the organisation whose product it is")]
    product: str
    units: list[str]
    tags: list[str]
    group: str


class UnwatchedJson(msgspec.Struct, frozen=True):
    """A version of the product for whose units the rule does not run, and why."""

    version: str
    reason: str


class AddedRuleJson(msgspec.Struct, frozen=True):
    """A rule an organisation added."""

    id: str
    name: str
    enabled: bool
    watched: WatchedJson
    rule: Document
    version: Annotated[int, Meta(description="Counts what it says and whom it is for")]
    created_at: str
    updated_at: str
    unwatched: Annotated[list[UnwatchedJson], Meta(description="Versions of the product it does not suit")]


class RuleVersionJson(msgspec.Struct, frozen=True):
    """What a rule said once."""

    version: int
    watched: WatchedJson
    rule: Document
    created_at: str


class AddRuleRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A rule to add."""

    name: Name
    product: Annotated[str, Meta(max_length=64, description="The product whose units it is for")]
    rule: Document
    maker: Annotated[str, Meta(description="Whose product, where several makers have one of the name")] = ""
    units: Units = []
    tags: Tags = []
    group: Group = ""
    enabled: bool = True


class ChangeRuleRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A merge patch of a rule."""

    name: Name | UnsetType = UNSET
    rule: Document | UnsetType = UNSET
    units: Units | UnsetType = UNSET
    tags: Tags | UnsetType = UNSET
    group: Group | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET


class RuleJson(msgspec.Struct, frozen=True):
    """A rule as it was understood."""

    name: str
    title: Annotated[dict[str, str], Meta(description='By language; under "" the one without')]
    help: dict[str, str]
    severity: str
    severities: Annotated[dict[str, str], Meta(description="The ladder, the worst first")]
    audience: str
    when: str
    clear: str
    for_seconds: float
    clear_for_seconds: float
    lateness_seconds: float
    suppressed_by: str
    suppress_grace_seconds: float
    forbids: list[str]
    signals: list[str]
    rule: Document


class RaisedJson(msgspec.Struct, frozen=True):
    """An alert that stands."""

    since: Annotated[str, Meta(description="When the condition became true, by the unit's time")]
    severity: str


class UnitRuleJson(msgspec.Struct, frozen=True):
    """A rule that watches a unit."""

    key: Annotated[str, Meta(description="What its alerts call it: `<product>/<name>`, or the id of an added rule")]
    version: str
    added: Annotated[bool, Meta(description="Whether the asker's organisation added it; else it is the product's")]
    rule: RuleJson
    raised: RaisedJson | None


def watched_to_json(watched: Watched) -> WatchedJson:
    """As the API shows it."""
    return WatchedJson(
        maker=format_id(watched.maker_id),
        product=watched.product,
        units=[format_id(one) for one in watched.units],
        tags=list(watched.tags),
        group=format_id(watched.group) if watched.group else "",
    )


def added_to_json(rule: AddedRule, unwatched: Sequence[Unwatched] = ()) -> AddedRuleJson:
    """As the API shows it."""
    return AddedRuleJson(
        id=format_id(rule.id),
        name=rule.name,
        enabled=rule.enabled,
        watched=watched_to_json(rule.watched),
        rule=dict(rule.document),
        version=rule.version,
        created_at=format_instant(rule.created_at),
        updated_at=format_instant(rule.updated_at),
        unwatched=[UnwatchedJson(one.version, one.reason) for one in unwatched],
    )


def version_to_json(version: RuleVersion) -> RuleVersionJson:
    """As the API shows it."""
    return RuleVersionJson(
        version=version.version,
        watched=watched_to_json(version.watched),
        rule=dict(version.document),
        created_at=format_instant(version.created_at),
    )


def rule_to_json(rule: Rule) -> RuleJson:
    """As the API shows it."""
    return RuleJson(
        name=rule.name,
        title=dict(rule.title),
        help=dict(rule.help),
        severity=rule.severity.value,
        severities={severity.value: condition.source for severity, condition in rule.severities},
        audience=rule.audience.value,
        when=rule.when.source,
        clear=rule.clear.source if rule.clear else "",
        for_seconds=rule.hold_us / 1e6,
        clear_for_seconds=rule.clear_hold_us / 1e6,
        lateness_seconds=rule.lateness_us / 1e6,
        suppressed_by=rule.suppressed_by,
        suppress_grace_seconds=rule.suppress_grace_us / 1e6,
        forbids=list(rule.forbids),
        signals=[signal.name for signal in rule.signals],
        rule=dict(rule.document),
    )


def unit_rule_to_json(one: UnitRule) -> UnitRuleJson:
    """As the API shows it."""
    return UnitRuleJson(
        key=one.entry.compiled.key,
        version=one.entry.compiled.version,
        added=one.entry.added is not None,
        rule=rule_to_json(one.entry.rule),
        raised=None
        if one.raised is None
        else RaisedJson(format_instant(one.raised.instance), one.raised.severity.value),
    )


def new_from_json(data: AddRuleRequest) -> NewRule:
    """What the body asks for."""
    return NewRule(
        name=data.name, product=data.product, document=data.rule, maker=data.maker, units=tuple(data.units),
        tags=tuple(data.tags), group=data.group, enabled=data.enabled,
    )  # fmt: skip


def change_from_json(data: ChangeRuleRequest) -> RuleChange:
    """What the body asks for."""
    units, tags = _given(data.units), _given(data.tags)
    return RuleChange(
        name=_given(data.name),
        document=_given(data.rule),
        units=None if units is None else tuple(units),
        tags=None if tags is None else tuple(tags),
        group=_given(data.group),
        enabled=_given(data.enabled),
    )


def _given(value: _T | UnsetType) -> _T | None:
    return None if isinstance(value, UnsetType) else value
