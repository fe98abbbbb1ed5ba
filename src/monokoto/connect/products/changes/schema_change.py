"""What changed between two data schemas: is every value of the old one a value of the new one?

A table has one judge per term: given the term's old and new value it says how far the version must move, and why. Tests hold
the verdicts against `jsonschema` as an oracle: under a change that is not major no value that was valid becomes invalid.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from monokoto.connect.products.changes.change import ABSENT, Change, change_at
from monokoto.connect.products.description.data_schema import type_of
from monokoto.connect.products.description.report import child
from monokoto.connect.products.semver import Bump

Verdict = tuple[Bump, str]
Judge = Callable[[Any, Any], Verdict]

NARROWED = (Bump.MAJOR, "values that were valid are valid no more")
WIDENED = (Bump.MINOR, "allows more values")
REWORDED = (Bump.PATCH, "says the same in other words")
UNDECIDED = (Bump.MAJOR, "whether values that were valid still are cannot be told")


def same(before: Any, after: Any) -> bool:
    """Equality of JSON values: 1 is 1.0 and is not true, at any depth."""
    if isinstance(before, bool) or isinstance(after, bool):
        return before is after
    if isinstance(before, list) and isinstance(after, list):
        return len(before) == len(after) and all(map(same, before, after))
    if isinstance(before, dict) and isinstance(after, dict):
        return before.keys() == after.keys() and all(same(before[name], after[name]) for name in before)
    return bool(before == after)


def _lower(before: Any, after: Any) -> Verdict:
    """A bound from below: it may go down or away."""
    return WIDENED if after is ABSENT or (before is not ABSENT and after < before) else NARROWED


def _upper(before: Any, after: Any) -> Verdict:
    """A bound from above: it may go up or away."""
    return WIDENED if after is ABSENT or (before is not ABSENT and after > before) else NARROWED


def _bound(before: Mapping[str, Any], after: Mapping[str, Any], end: str, sign: int) -> Verdict:
    """`minimum` and `exclusiveMinimum` (or the maxima, sign -1) together: the tighter of the two is the bound."""
    old, new = _tightest(before, end, sign), _tightest(after, end, sign)
    return NARROWED if new > old else WIDENED if new < old else REWORDED


def _tightest(schema: Mapping[str, Any], end: str, sign: int) -> tuple[float, bool]:
    inclusive, exclusive = end.lower(), f"exclusive{end}"
    bounds = [(-math.inf, False)]
    if inclusive in schema:
        bounds.append((sign * schema[inclusive], False))
    if exclusive in schema:
        bounds.append((sign * schema[exclusive], True))
    return max(bounds)


_BOUNDS = {
    **dict.fromkeys(("minimum", "exclusiveMinimum"), ("Minimum", 1)),
    **dict.fromkeys(("maximum", "exclusiveMaximum"), ("Maximum", -1)),
}


def _step(before: Any, after: Any) -> Verdict:
    if after is ABSENT:
        return WIDENED
    if before is not ABSENT and (Fraction(str(before)) / Fraction(str(after))).denominator == 1:
        return WIDENED
    return NARROWED


def _members(before: Any, after: Any) -> Verdict:
    if after is ABSENT:
        return WIDENED
    if before is ABSENT:
        return NARROWED
    gone = [one for one in before if not any(same(one, other) for other in after)]
    new = [one for one in after if not any(same(one, other) for other in before)]
    if gone:
        return Bump.MAJOR, f"no longer allows {', '.join(repr(one)[:40] for one in gone[:5])}"
    return WIDENED if new else REWORDED


def _requirement(before: Any, after: Any) -> Verdict:
    old, new = set(() if before is ABSENT else before), set(() if after is ABSENT else after)
    if new - old:
        return Bump.MAJOR, f"newly requires {', '.join(sorted(new - old)[:5])}"
    return (Bump.MINOR, f"no longer requires {', '.join(sorted(old - new)[:5])}") if old - new else REWORDED


def _alternatives(before: Any, after: Any) -> Verdict:
    """Exactly one must fit: even one more alternative may take a value's uniqueness away."""
    if before is not ABSENT and after is not ABSENT and len(before) == len(after):
        kept = all(any(same(one, other) for other in after) for one in before)
        if kept and all(any(same(one, other) for other in before) for one in after):
            return REWORDED
    distinct = after is not ABSENT and None not in (types := [type_of(one) for one in after]) and _disjoint(types)
    if before is not ABSENT and distinct and all(any(same(one, other) for other in after) for one in before):
        return WIDENED
    return WIDENED if after is ABSENT else UNDECIDED


def _disjoint(types: list[str | None]) -> bool:
    return len(set(types)) == len(types) and not {"integer", "number"} <= set(types)


def _gained(before: Any, after: Any) -> Verdict:
    """A constraint that cannot be compared: taking it away is safe."""
    return WIDENED if after is ABSENT else NARROWED if before is ABSENT else UNDECIDED


def _meaning(before: Any, after: Any) -> Verdict:
    return Bump.MAJOR, "the same number means something else"


def _type(_before: Any, _after: Any) -> Verdict:
    return Bump.MAJOR, "values of another type"


def _forbids(forbidding: bool, reason: str) -> Judge:
    """A flag that takes something away when it becomes `forbidding` (absent is false)."""

    def judge(before: Any, after: Any) -> Verdict:
        old, new = before is True, after is True
        if old == new:
            return REWORDED
        return (Bump.MAJOR, reason) if new is forbidding else (Bump.MINOR, "allows more uses")

    return judge


def _words(_before: Any, _after: Any) -> Verdict:
    return REWORDED


def _default(_before: Any, _after: Any) -> Verdict:
    return Bump.MINOR, "what holds when nothing is said is another"


JUDGES: dict[str, Judge] = {
    "type": _type,
    "minLength": _lower,
    "minItems": _lower,
    "maxLength": _upper,
    "maxItems": _upper,
    "multipleOf": _step,
    "enum": _members,
    "const": _gained,
    "pattern": _gained,
    "format": _gained,
    "contentEncoding": _gained,
    "contentMediaType": _gained,
    "oneOf": _alternatives,
    "required": _requirement,
    "unit": _meaning,
    "readOnly": _forbids(True, "it can no longer be written"),
    "writeOnly": _forbids(True, "it can no longer be read"),
    "default": _default,
    "@type": _words,
    "title": _words,
    "titles": _words,
    "description": _words,
    "descriptions": _words,
}
"""Terms not named here (those with a prefix) are compared as words."""


def compare_schemas(
    place: str, before: Mapping[str, Any], after: Mapping[str, Any], *, judges: Mapping[str, Judge] = JUDGES
) -> list[Change]:
    """Every change between two data schemas, nested ones included."""
    changes: list[Change] = []
    # A type that is plain without being said (from an enum) and then said is no change.
    if type_of(before) is not None and type_of(before) == type_of(after):
        judges = {**judges, "type": _words}
    for term in _in_order(before, after):
        old, new = before.get(term, ABSENT), after.get(term, ABSENT)
        if old is not ABSENT and new is not ABSENT and same(old, new):
            continue
        at = child(place, term)
        if term == "properties":
            changes += _compare_members(at, {} if old is ABSENT else old, {} if new is ABSENT else new)
        elif term == "items":
            changes += _compare_items(at, old, new)
        else:
            bump, reason = (
                _bound(before, after, *_BOUNDS[term]) if term in _BOUNDS else judges.get(term, _words)(old, new)
            )
            changes.append(change_at(at, old, new, bump, reason))
    if "type" not in before and "type" not in after and type_of(before) != type_of(after):
        changes.append(change_at(place, before, after, *_type(before, after)))
    return changes


def _in_order(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    return [*before, *(term for term in after if term not in before)]


def _compare_members(place: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    changes = []
    for name in _in_order(before, after):
        at = child(place, name)
        if name not in after:
            changes.append(change_at(at, before[name], ABSENT, Bump.MAJOR, "a member of the object is gone"))
        elif name not in before:
            changes.append(change_at(at, ABSENT, after[name], Bump.MINOR, "a new member of the object"))
        else:
            changes += compare_schemas(at, before[name], after[name])
    return changes


def _compare_items(place: str, before: Any, after: Any) -> list[Change]:
    if isinstance(before, dict) and isinstance(after, dict):
        return compare_schemas(place, before, after)
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        pairs = enumerate(zip(before, after, strict=True))
        return [change for index, (old, new) in pairs for change in compare_schemas(child(place, index), old, new)]
    bump, reason = WIDENED if after is ABSENT else NARROWED if before is ABSENT else UNDECIDED
    return [change_at(place, before, after, bump, reason)]
