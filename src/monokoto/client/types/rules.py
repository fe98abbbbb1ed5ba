# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""Types of `client.rules`."""

from __future__ import annotations

from typing import Any

from msgspec import Struct


class AddedRule(Struct, frozen=True, kw_only=True):
    """A rule an organisation added."""

    id: str
    name: str
    enabled: bool
    watched: Watched
    rule: dict[str, Any]
    """The rule as in the section `rules` of product.yaml (docs/rules.md)"""
    version: int
    """Counts what it says and whom it is for"""
    created_at: str
    updated_at: str
    unwatched: list[Unwatched]
    """Versions of the product it does not suit"""


class AddedRulePage(Struct, frozen=True, kw_only=True):
    """Some items and the way to the next ones."""

    items: list[AddedRule]
    next_cursor: str | None = None
    """Pass as `cursor` for the next page; null on the last"""


class Raised(Struct, frozen=True, kw_only=True):
    """An alert that stands."""

    since: str
    """When the condition became true, by the unit's time"""
    severity: str


class Rule(Struct, frozen=True, kw_only=True):
    """A rule as it was understood."""

    name: str
    title: dict[str, str]
    """By language; under "" the one without"""
    help: dict[str, str]
    severity: str
    severities: dict[str, str]
    """The ladder, the worst first"""
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
    rule: dict[str, Any]
    """The rule as in the section `rules` of product.yaml (docs/rules.md)"""


class RulePage(Struct, frozen=True, kw_only=True):
    """Some items and the way to the next ones."""

    items: list[Rule]
    next_cursor: str | None = None
    """Pass as `cursor` for the next page; null on the last"""


class RuleVersion(Struct, frozen=True, kw_only=True):
    """What a rule said once."""

    version: int
    watched: Watched
    rule: dict[str, Any]
    """The rule as in the section `rules` of product.yaml (docs/rules.md)"""
    created_at: str


class RuleVersionPage(Struct, frozen=True, kw_only=True):
    """Some items and the way to the next ones."""

    items: list[RuleVersion]
    next_cursor: str | None = None
    """Pass as `cursor` for the next page; null on the last"""


class UnitRule(Struct, frozen=True, kw_only=True):
    """A rule that watches a unit."""

    key: str
    """What its alerts call it: `<product>/<name>`, or the id of an added rule"""
    version: str
    added: bool
    """Whether the asker's organisation added it; else it is the product's"""
    rule: Rule
    raised: Raised | None


class UnitRulePage(Struct, frozen=True, kw_only=True):
    """Some items and the way to the next ones."""

    items: list[UnitRule]
    next_cursor: str | None = None
    """Pass as `cursor` for the next page; null on the last"""


class Unwatched(Struct, frozen=True, kw_only=True):
    """A version of the product for whose units the rule does not run, and why."""

    version: str
    reason: str


class Watched(Struct, frozen=True, kw_only=True):
    """The units a rule is for: those that have all of this, and lie open to the organisation at the time."""

    maker: str
    """The id of the organisation whose product it is"""
    product: str
    units: list[str]
    tags: list[str]
    group: str
