"""One rule, from what is written of it: `rules:` of a product, or the body of a rule an organisation adds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from monokoto.connect.products import ProductModel, Report, kind_of, suggestion
from monokoto.operate.conditions import CelType, Condition
from monokoto.operate.rules.change import Severity
from monokoto.operate.rules.parsing.expressions import check_expression, read_condition
from monokoto.operate.rules.parsing.reading import Node
from monokoto.operate.rules.parsing.setting import Setting
from monokoto.operate.rules.parsing.signals import read_signals
from monokoto.operate.rules.rule import Audience, Rule

FIELDS = (
    "title", "severity", "signals", "when", "clear", "for", "clear_for", "lateness", "severities", "audience",
    "suppressed_by", "forbids", "help",
)  # fmt: skip
NAME_RULE = "a name has 1 to 64 lower-case letters, digits and hyphens, the first one a letter"
_NAME = re.compile(r"[a-z][a-z0-9-]{0,63}")
_GRACE = 60 * 1_000_000
_GRACE_MAX = 3600 * 1_000_000
"""Microseconds: so long nobody is told of what another alert may hide."""
_LATENESS_MAX = 24 * 3600 * 1_000_000
"""Microseconds: readings are held so long to be put in order."""


def is_rule_name(name: str) -> bool:
    """Whether it can name a rule."""
    return _NAME.fullmatch(name) is not None


def read_document(
    document: Mapping[str, Any], name: str, setting: Setting, *, place: str = "", report: Report | None = None
) -> Rule:
    """A rule that stands alone.

    Raises:
        Invalid: with every fault, by JSON pointers that begin with `place`.
    """
    report = report or Report()
    rule = read_rule(Node(document, place, report), name, setting)
    report.raise_if_any("The rule")
    assert rule is not None
    return rule


def read_rule(node: Node, name: str, setting: Setting) -> Rule | None:
    """One rule of a product; None when it has faults: they are told."""
    before = len(node.report)
    if not is_rule_name(name):
        node.fault(f"{name[:80]!r} cannot name a rule: {NAME_RULE}")
    if not node.fields(FIELDS, ("when",), what="a rule"):
        return None
    signals = read_signals(node, setting)
    when = read_condition(node, "when", setting) if node.has("when") else None
    clear = read_condition(node, "clear", setting) if node.has("clear") else None
    severity = Severity(node.choice("severity", Severity, Severity.WARNING))
    rule_title, rule_help = node.translated("title"), node.translated("help")
    hold, clear_hold = node.duration("for"), node.duration("clear_for")
    lateness = node.duration("lateness", low=0, high=_LATENESS_MAX)
    severities, clears = _severities(node, setting)
    suppressed_by, grace = _suppressed_by(node, setting)
    forbids = _forbids(node, setting.model)
    audience = Audience(node.choice("audience", Audience, Audience.BOTH))
    if when is None or len(node.report) > before:
        return None
    return Rule(
        name=name, title=rule_title, help=rule_help, severity=severity, severities=severities,
        severity_clears=clears, audience=audience,
        signals=signals, when=when, clear=clear, hold_us=hold, clear_hold_us=clear_hold, lateness_us=lateness,
        suppressed_by=suppressed_by, suppress_grace_us=grace, forbids=forbids, document=node.value,
        types=setting.variables,
    )  # fmt: skip


_Ladder = tuple[tuple[Severity, Condition], ...]


def _severities(node: Node, setting: Setting) -> tuple[_Ladder, _Ladder]:
    """The ladder, the worst first, and what ends its steps: `critical: mean > 95`, or `critical: {when: ..., clear: ...}`."""
    if not node.has("severities"):
        return (), ()
    part = node.child("severities")
    if not part.fields(Severity, what="`severities`"):
        return (), ()
    found: dict[Severity, Condition] = {}
    clears: dict[Severity, Condition] = {}
    for word in part.value:
        if not isinstance(part.value[word], dict):
            condition = check_expression(part, part.value[word], part.child(word).place, setting, CelType.BOOLEAN)
            clear = None
        else:
            step = part.child(word)
            step.fields(("when", "clear"), ("when",), what="a step of `severities`")
            condition = read_condition(step, "when", setting) if step.has("when") else None
            clear = read_condition(step, "clear", setting) if step.has("clear") else None
        if word in set(Severity):
            found.update({Severity(word): condition} if condition is not None else {})
            clears.update({Severity(word): clear} if clear is not None else {})
    return _worst_first(found), _worst_first(clears)


def _worst_first(steps: Mapping[Severity, Condition]) -> _Ladder:
    return tuple(sorted(steps.items(), key=lambda step: -step[0].rank))


def _suppressed_by(node: Node, setting: Setting) -> tuple[str, int]:
    """The name of the rule that hides it, and for how long its alerts wait for that one's: `offline`, or
    `{rule: gateway/offline, grace: 2 min}`."""
    key = "suppressed_by"
    if not node.has(key):
        return "", 0
    if not isinstance(node.value[key], dict):
        return _named_rule(node, key, setting), _GRACE
    part = node.child(key)
    if not part.fields(("rule", "grace"), ("rule",), what=f"`{key}`") or not part.has("rule"):
        return "", 0
    return _named_rule(part, "rule", setting), part.duration("grace", _GRACE, low=0, high=_GRACE_MAX)


def _named_rule(node: Node, key: str, setting: Setting) -> str:
    """A rule beside this one, or `product/rule` of another product: what that one has is not known here."""
    other = node.text(key)
    if not other or setting.neighbours is None or other in setting.neighbours:
        return other
    product, sign, name = other.partition("/")
    if not sign:
        hint = suggestion(other, setting.neighbours) or f"; one of another product is named `product/{other[:64]}`"
        wrong = f"there is no rule {other[:80]!r} here{hint}"
    elif product == setting.model.product:
        wrong = f"a rule of this product is named without `{product}/`"
    elif not (is_rule_name(product) and is_rule_name(name)):
        wrong = f"{other[:80]!r} does not name a rule of another product, such as `gateway/offline`"
    else:
        return other
    node.fault(wrong, key)
    return other


def _forbids(node: Node, model: ProductModel) -> tuple[str, ...]:
    if not node.has("forbids"):
        return ()
    value = node.value["forbids"]
    if not isinstance(value, list | str) or not value:
        node.fault(f"must be a list of actions, this is {kind_of(value)}", "forbids")
        return ()
    actions = node.names("forbids")
    for action in actions:
        if action not in model.actions:
            node.fault(f"{action[:80]!r} is no action of the product{suggestion(action, model.actions)}", "forbids")
    return actions
