"""The section `rules` of product.yaml: its check, and what differs between two versions of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from monokoto.connect.products import ABSENT, Bump, Change, ProductModel, Report, Section, change_at, child
from monokoto.kernel.limits import RULES_PER_PRODUCT_MAX
from monokoto.operate.rules.parsing.reading import Node
from monokoto.operate.rules.parsing.rule import read_rule
from monokoto.operate.rules.parsing.setting import Members, Setting, no_members
from monokoto.operate.rules.rule import Rule

NAME = "rules"


class RulesSection:
    """As `products.SectionChecker`."""

    name = NAME

    def check(self, section: Section) -> None:
        """Every fault goes to the section's report."""
        node = Node(section.value, child("", NAME), section.report, section.files, section.used)
        _read(node, section.model, no_members)

    def changes(self, before: Any, after: Any) -> Sequence[Change]:
        """A change for each rule. What a rule watches for may change with any version: alerts name the version that raised
        them. One more, or one less, is a minor change: somebody may listen for its alerts."""
        olds, news = (value if isinstance(value, Mapping) else {} for value in (before, after))
        found = []
        for name in [*olds, *(name for name in news if name not in olds)]:
            old, new = olds.get(name, ABSENT), news.get(name, ABSENT)
            if old is ABSENT:
                found.append(change_at(f"/{NAME}/{name}", old, new, Bump.MINOR, "a new rule"))
            elif new is ABSENT:
                found.append(change_at(f"/{NAME}/{name}", old, new, Bump.MINOR, "nothing watches for it any more"))
            elif _said(old) != _said(new):
                found.append(change_at(f"/{NAME}/{name}", old, new, Bump.PATCH, "the rule is another one"))
        return found


def rules_of(
    document: Mapping[str, Any],
    model: ProductModel,
    files: Mapping[str, str] | None = None,
    members: Members = no_members,
) -> tuple[Rule, ...]:
    """The rules a product's document has.

    Raises:
        Invalid: with every fault.
    """
    section = document.get(NAME)
    if not section:
        return ()
    report = Report()
    found = _read(Node(section, child("", NAME), report, files or {}), model, members)
    report.raise_if_any(f"The rules of {model.product}")
    return found


def _read(node: Node, model: ProductModel, members: Members) -> tuple[Rule, ...]:
    names = tuple(str(name) for name in node.value)
    if len(names) > RULES_PER_PRODUCT_MAX:
        node.fault(f"has {len(names)} rules; at most {RULES_PER_PRODUCT_MAX}")
        return ()
    rules = [read_rule(node.child(name), name, Setting(model, names, members)) for name in names]
    _check_circles(node)
    return tuple(rule for rule in rules if rule is not None)


def _check_circles(node: Node) -> None:
    """Rules that hide each other would all be hidden; one that names itself is hidden by its alerts further up."""
    over = {name: _hider(rule) for name, rule in node.value.items() if isinstance(rule, Mapping)}
    for name in over:
        seen, now = {name}, over.get(name)
        while isinstance(now, str) and now in over and now not in seen:
            seen.add(now)
            now = over.get(now)
        if now == name and len(seen) > 1:
            node.child(name).fault("hides a rule that hides it", "suppressed_by")


def _hider(rule: Mapping[str, Any]) -> Any:
    said = rule.get("suppressed_by")
    return said.get("rule") if isinstance(said, Mapping) else said


def _said(value: Any) -> bytes:
    return msgspec.json.encode(value, order="deterministic")
