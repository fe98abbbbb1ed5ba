"""What changed between two Thing Models, and how far the version must move for it.

One principle: what was valid under the old version is valid under the new one and means the same. Units keep sending what
their firmware was written for, callers keep calling what they know. A change that breaks this is major; one that only adds
is minor; one that only says things better is a patch. Where it cannot be decided (a changed pattern) it counts as broken.
Refused: letting version 0 break anything (semver section 4); a version that may change at will is a pre-release here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from monokoto.connect.products.changes.change import ABSENT, Change, change_at
from monokoto.connect.products.changes.schema_change import JUDGES, Judge, Verdict, compare_schemas, same
from monokoto.connect.products.description.action_terms import (
    CONFIRM,
    DEADLINE,
    FORBIDDEN_WHEN,
    TWO_PERSON,
    forbiddings_of,
)
from monokoto.connect.products.description.report import child
from monokoto.connect.products.description.thing_model import AFFORDANCES, KEEP_TERM
from monokoto.connect.products.semver import Bump

_WORDS = (Bump.PATCH, "says the same in other words")
_UNCOUNTED = ("@context", "@type", "version")
"""Completed by the platform, or the version itself."""


def compare_models(before: Mapping[str, Any], after: Mapping[str, Any], place: str = "/model") -> list[Change]:
    """Every change between two complete Thing Models, in the order of the older one."""
    changes: list[Change] = []
    for term in [*before, *(term for term in after if term not in before)]:
        old, new = before.get(term, ABSENT), after.get(term, ABSENT)
        if term in _UNCOUNTED or (old is not ABSENT and new is not ABSENT and same(old, new)):
            continue
        at = child(place, term)
        if term in AFFORDANCES:
            changes += _compare_affordances(at, term, {} if old is ABSENT else old, {} if new is ABSENT else new)
        elif term == "tm:optional":
            bump, reason = _optional(old, new, before)
            changes.append(change_at(at, old, new, bump, reason))
        else:
            changes.append(change_at(at, old, new, *_WORDS))
    return changes


Comparison = Callable[[Any, Any], Sequence[Change]]
"""Two contents of a section to what differs between them."""


def compare_sections(
    before: Mapping[str, Any], after: Mapping[str, Any], comparisons: Mapping[str, Comparison] | None = None
) -> list[Change]:
    """Changes of the sections beside the model. One with a comparison of its own is told of by that; all else is free to
    make with any new version."""
    changes: list[Change] = []
    for section in [*before, *(section for section in after if section not in before)]:
        old, new = before.get(section, ABSENT), after.get(section, ABSENT)
        if section in {"product", "model"} or (old is not ABSENT and new is not ABSENT and same(old, new)):
            continue
        compare = (comparisons or {}).get(section)
        if compare is not None:
            changes += compare(old, new)
        else:
            changes.append(change_at(child("", section), old, new, Bump.PATCH, "no unit or caller depends on it"))
    return changes


def _compare_affordances(place: str, group: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    noun = {"properties": "property", "actions": "action", "events": "event"}[group]
    changes = []
    for name in [*before, *(name for name in after if name not in before)]:
        at = child(place, name)
        if name not in after:
            heir = _renamed_to(before, after, name)
            hint = f" (renamed to `{heir}`? a new name is another {noun})" if heir else ""
            changes.append(change_at(at, before[name], ABSENT, Bump.MAJOR, f"the {noun} is gone{hint}"))
        elif name not in before:
            changes.append(change_at(at, ABSENT, after[name], Bump.MINOR, f"a new {noun}"))
        else:
            changes += _COMPARE[group](at, before[name], after[name])
    return changes


def _renamed_to(before: Mapping[str, Any], after: Mapping[str, Any], name: str) -> str:
    """The new member that looks like the one that is gone, if there is one."""

    def core(one: Mapping[str, Any]) -> dict[str, Any]:
        return {term: value for term, value in one.items() if JUDGES.get(term) is not JUDGES["title"]}

    lost = core(before[name])
    return next((new for new in after if new not in before and same(core(after[new]), lost)), "")


def _observable(before: Any, after: Any) -> Verdict:
    # Absent is true here (see `compiling`).
    old, new = before is not False, after is not False
    if old == new:
        return _WORDS
    return (Bump.MINOR, "it can be watched now") if new else (Bump.MAJOR, "it can no longer be watched")


def _kept(_before: Any, _after: Any) -> Verdict:
    return Bump.MINOR, "readings are kept for another time"


def _promise(before: Any, after: Any) -> Verdict:
    """A flag callers rely on when it is true (absent is false)."""
    if (before is True) == (after is True):
        return _WORDS
    return (Bump.MINOR, "a new promise") if after is True else (Bump.MAJOR, "a promise callers rely on is withdrawn")


def _synchronous(_before: Any, _after: Any) -> Verdict:
    return Bump.MAJOR, "callers wait for an answer, or do not"


def _deadline(_before: Any, _after: Any) -> Verdict:
    return Bump.MINOR, "the unit has another time for it"


def _forbidden(before: Any, after: Any) -> Verdict:
    old, new = (set(forbiddings_of(None if one is ABSENT else one)) for one in (before, after))
    added = {one.when for one in new} - {one.when for one in old}
    if added:  # every caller has to live with a refusal; what keeps people safe must not wait for a major version
        return Bump.MINOR, "it is refused in states in which it was not"
    return (Bump.MINOR, "it is refused in fewer states") if old != new else _WORDS


def _asked_twice(before: Any, after: Any) -> Verdict:
    old, new = (one not in (ABSENT, False) for one in (before, after))
    if old == new:
        return _WORDS
    return (Bump.MAJOR, "somebody has to say yes now") if new else (Bump.MINOR, "nobody has to say yes any more")


_PROPERTY_JUDGES: dict[str, Judge] = {**JUDGES, "observable": _observable, KEEP_TERM: _kept}
_FLAGS: dict[str, Judge] = {
    "safe": _promise,
    "idempotent": _promise,
    "synchronous": _synchronous,
    DEADLINE: _deadline,
    FORBIDDEN_WHEN: _forbidden,
    CONFIRM: _asked_twice,
    TWO_PERSON: _asked_twice,
}
_PAYLOADS = ("input", "output", "data", "dataResponse", "subscription", "cancellation")


def _compare_property(place: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    return compare_schemas(place, before, after, judges=_PROPERTY_JUDGES)


def _compare_interaction(place: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """An action or an event: its payloads are data schemas, its flags promises, the rest words."""
    changes: list[Change] = []
    for term in [*before, *(term for term in after if term not in before)]:
        old, new = before.get(term, ABSENT), after.get(term, ABSENT)
        at = child(place, term)
        if old is not ABSENT and new is not ABSENT:
            if term in _PAYLOADS:
                changes += compare_schemas(at, old, new)
            elif not same(old, new):
                changes.append(change_at(at, old, new, *_FLAGS.get(term, lambda _old, _new: _WORDS)(old, new)))
        elif term in _PAYLOADS:
            changes.append(change_at(at, old, new, *_payload(term, old, new)))
        else:
            changes.append(change_at(at, old, new, *_FLAGS.get(term, lambda _old, _new: _WORDS)(old, new)))
    return changes


def _payload(term: str, before: Any, after: Any) -> Verdict:
    if after is ABSENT:
        return Bump.MAJOR, f"`{term}` is gone"
    if term == "output":
        return Bump.MINOR, "it answers with something now"
    if term == "input" and after.get("type") == "object" and not after.get("required"):
        return Bump.MINOR, "it takes something now, and need not"
    return Bump.MAJOR, f"`{term}` is asked for where there was none"


def _optional(before: Any, after: Any, model: Mapping[str, Any]) -> Verdict:
    old, new = set(() if before is ABSENT else before), set(() if after is ABSENT else after)
    had = {f"/{group}/{name}" for group in AFFORDANCES for name in model.get(group, {})}
    if broken := (new - old) & had:
        return Bump.MAJOR, f"units may lack what they had to have: {', '.join(sorted(broken)[:5])}"
    if broken := (old - new) & had:
        return Bump.MAJOR, f"units must have what they could lack: {', '.join(sorted(broken)[:5])}"
    return _WORDS


_COMPARE = {"properties": _compare_property, "actions": _compare_interaction, "events": _compare_interaction}
