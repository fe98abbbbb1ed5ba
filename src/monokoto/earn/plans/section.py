"""The section `plans` of product.yaml: its check, and what differs between two versions of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from monokoto.connect.products import ABSENT, Bump, Change, Report, Section, change_at, child
from monokoto.earn.plans.parsing.named import ANYTHING, Named
from monokoto.earn.plans.parsing.plans import check_name, read_plan
from monokoto.earn.plans.parsing.reading import Node
from monokoto.earn.plans.plan import Plan
from monokoto.kernel.limits import PLANS_PER_PRODUCT_MAX

NAME = "plans"
_STAY = "who subscribed stays on their version"


class PlansSection:
    """As `products.SectionChecker`."""

    name = NAME

    def check(self, section: Section) -> None:
        """Every fault goes to the section's report."""
        _read(Node(section.value, child("", NAME), section.report), Named.of(section.document))

    def changes(self, before: Any, after: Any) -> Sequence[Change]:
        """A change for each plan, or for each part of one. No subscription moves by it, so it is never a breaking one."""
        olds, news = (value if isinstance(value, Mapping) else {} for value in (before, after))
        found: list[Change] = []
        for name in [*olds, *(name for name in news if name not in olds)]:
            old, new = olds.get(name, ABSENT), news.get(name, ABSENT)
            place = child(child("", NAME), name)
            if old is ABSENT:
                found.append(change_at(place, old, new, Bump.MINOR, "a new plan"))
            elif new is ABSENT:
                found.append(change_at(place, old, new, Bump.MINOR, f"nobody can subscribe to it any more; {_STAY}"))
            elif _said(old) != _said(new):
                found += _parts(place, old, new)
        return found


def plans_of(document: Mapping[str, Any], *, organisation_id: int, product: str) -> tuple[Plan, ...]:
    """The plans a product's document has, without a version of their own.

    Raises:
        Invalid: with every fault.
    """
    section = document.get(NAME)
    if not section:
        return ()
    report = Report()
    node = Node(section, child("", NAME), report)
    found = _read(node, Named.of(document), organisation_id=organisation_id, product=product)
    report.raise_if_any(f"The plans of {product}")
    return found


def _read(node: Node, named: Named = ANYTHING, *, organisation_id: int = 0, product: str = "") -> tuple[Plan, ...]:
    if len(node.value) > PLANS_PER_PRODUCT_MAX:
        node.fault(f"has {len(node.value)} plans; at most {PLANS_PER_PRODUCT_MAX}")
        return ()
    found = []
    for name in map(str, node.value):
        one = node.child(name)
        check_name(one, name, "plan")
        found.append(read_plan(one, name, named, organisation_id=organisation_id, product=product))
    return tuple(plan for plan in found if plan is not None)


def _parts(place: str, old: Any, new: Any) -> list[Change]:
    """What differs of a plan: each charge and feature by itself, anything else by its key."""
    if not isinstance(old, Mapping) or not isinstance(new, Mapping):
        return [change_at(place, old, new, Bump.PATCH, f"another plan; {_STAY}")]
    found = []
    for key in dict.fromkeys((*old, *new)):
        was, now = old.get(key, ABSENT), new.get(key, ABSENT)
        if _said(was) == _said(now):
            continue
        if key in {"charges", "includes", "outcome"} and isinstance(was, Mapping) and isinstance(now, Mapping):
            found += [
                change_at(
                    child(child(place, key), name), was.get(name, ABSENT), now.get(name, ABSENT), Bump.PATCH, _STAY
                )
                for name in dict.fromkeys((*was, *now))
                if _said(was.get(name, ABSENT)) != _said(now.get(name, ABSENT))
            ]
        else:
            found.append(change_at(child(place, key), was, now, Bump.PATCH, _STAY))
    return found


def _said(value: Any) -> bytes:
    return b"" if value is ABSENT else msgspec.json.encode(value, order="deterministic")
