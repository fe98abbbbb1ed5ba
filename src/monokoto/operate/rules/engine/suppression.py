"""Which alert hides which: the one of the rule a rule names, on the same unit or on one above it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from monokoto.operate.rules.change import AlertChange, ChangeKind
from monokoto.operate.rules.engine.arrays import ALWAYS
from monokoto.operate.rules.engine.running import RunningRule
from monokoto.operate.rules.engine.surroundings import Surroundings

_PARENTS_MAX = 16
_REMEMBERED_MAX = 100_000
"""Ended alerts kept, so that what happened before their end is still hidden when it is told after it."""


@dataclass(slots=True)
class _Span:
    rule: str
    begin: int
    end: int = ALWAYS


class Suppression:
    """The alerts that hide others, by organisation and the name of their rule, then by unit."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._surroundings = surroundings
        self._hiding: dict[tuple[int, str], dict[int, _Span]] = {}
        self._names: dict[tuple[int, str], str] = {}
        """Organisation and key of a rule to the name others call it by, for those that hide any."""
        self._hidden: dict[tuple[int, str], str] = {}
        """Organisation and key of a rule to the name of the one that hides it."""

    def know(self, running: Iterable[RunningRule]) -> None:
        """The rules there are, and what stands of those that hide others."""
        rules = list(running)
        self._hidden = {
            (one.rule.organisation_id, one.rule.key): one.rule.suppressed_by for one in rules if one.rule.suppressed_by
        }
        wanted = {(organisation, name) for (organisation, _), name in self._hidden.items()}
        self._names, self._hiding = {}, {name: {} for name in wanted}
        for one in rules:
            name = (one.rule.organisation_id, one.rule.name)
            if name in wanted:
                self._names[name[0], one.rule.key] = name[1]
                for row, standing in one.standing.items():
                    self._hiding[name][int(one.stream.unit[row])] = _Span(one.rule.key, standing.at)

    def apply(self, changes: Sequence[AlertChange]) -> list[AlertChange]:
        """The changes, with who hides them at their instant."""
        if not self._hidden:
            return list(changes)
        for change in changes:
            self._note(change)
        return [self._with_hider(change) for change in changes]

    def _note(self, change: AlertChange) -> None:
        name = self._names.get((change.organisation_id, change.rule))
        if name is None or change.kind is ChangeKind.SEVERITY:
            return
        spans = self._hiding[change.organisation_id, name]
        if change.kind is ChangeKind.RAISED:
            spans[change.unit_id] = _Span(change.rule, change.at)
        elif change.unit_id in spans:
            spans[change.unit_id].end = change.at
            if len(spans) > _REMEMBERED_MAX:
                for unit_id in [unit for unit, span in spans.items() if span.end != ALWAYS]:
                    del spans[unit_id]

    def _with_hider(self, change: AlertChange) -> AlertChange:
        name = self._hidden.get((change.organisation_id, change.rule))
        if name is None:
            return change
        spans = self._hiding[change.organisation_id, name]
        for unit_id in self._upwards(change.unit_id):
            span = spans.get(unit_id)
            if span is not None and span.begin <= change.at < span.end:
                return replace(change, suppressed_by=span.rule)
        return change

    def _upwards(self, unit_id: int) -> Iterator[int]:
        yield unit_id
        for _ in range(_PARENTS_MAX):
            identity = self._surroundings.identity(unit_id)
            if identity is None or not identity.parent_id:
                return
            unit_id = identity.parent_id
            yield unit_id
