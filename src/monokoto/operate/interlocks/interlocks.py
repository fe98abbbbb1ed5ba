"""As `commands.Interlocks`: the model's conditions over what a unit reports, and the rules that are raised."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from monokoto.connect.fleet import UnitIdentity
from monokoto.connect.products import ActionModel, Forbidding, ProductModel
from monokoto.kernel.errors import Invalid
from monokoto.operate.commands import Refusal
from monokoto.operate.conditions import CelType, Condition, Unknown, check, variables_of
from monokoto.operate.twins import Reported, ReportedValue

_KEPT_MAX = 10_000
MODEL = "model"

ReportedOf = Callable[[UnitIdentity], Reported]
"""What a unit reports now; from memory."""
OthersForbid = Callable[[UnitIdentity, str], Sequence[Refusal]]
"""What else forbids an action of a unit now (rules); from memory."""


class StateInterlocks:
    """Any thread may ask."""

    def __init__(
        self,
        *,
        model_of: Callable[[int, str, str], ProductModel],
        reported_of: ReportedOf,
        others: Sequence[OthersForbid] = (),
    ) -> None:
        self._model_of = model_of
        self._reported_of = reported_of
        self._others = list(others)
        self._conditions: dict[tuple[int, str, str, str], Condition | None] = {}
        """By version and source; versions never change."""

    def also(self, other: OthersForbid) -> None:
        """Ask this one, too, from now on."""
        self._others.append(other)

    def refusals(self, unit: UnitIdentity, action: ActionModel, _given: Any) -> Sequence[Refusal]:
        """Every reason why the action must not be asked of the unit now."""
        found: list[Refusal] = []
        if action.forbidden_when:
            reported = self._reported_of(unit)
            found += [
                refusal for one in action.forbidden_when if (refusal := self._by_model(unit, one, reported)) is not None
            ]
        for other in self._others:
            found += other(unit, action.name)
        return found

    def _by_model(self, unit: UnitIdentity, one: Forbidding, reported: Reported) -> Refusal | None:
        condition = self._condition(unit, one.when)
        if condition is None:
            return Refusal(reason=f"The condition {one.when!r} cannot be read.", by=MODEL)
        named = _named(condition.names, reported)
        holds = condition.reference({name: _value(reported, name) for name in condition.names})
        if isinstance(holds, Unknown):
            reason = f"It is not known whether {one.reason or one.when}: {holds.reason}"
            return Refusal(reason=reason, by=MODEL, state={name: held.plain for name, held in named.items()})
        if holds is not True:
            return None
        return Refusal(
            reason=one.reason or f"It is forbidden when {one.when}",
            by=MODEL,
            state={name: held.plain for name, held in named.items()},
            since=max((held.at for held in named.values()), default=None),
        )

    def _condition(self, unit: UnitIdentity, source: str) -> Condition | None:
        key = (unit.organisation_id, unit.product, unit.version, source)
        if key not in self._conditions:
            if len(self._conditions) >= _KEPT_MAX:
                self._conditions.clear()
            model = self._model_of(unit.organisation_id, unit.product, unit.version)
            try:
                self._conditions[key] = check(source, variables_of(model), CelType.BOOLEAN)
            except Invalid:  # a version applied before conditions were checked
                self._conditions[key] = None
        return self._conditions[key]


def _value(reported: Reported, name: str) -> Any:
    """The value a condition calls by this name: a property's, or that of a field of it; None: not known."""
    if (held := reported.properties.get(name)) is not None:
        return held.plain
    root, _, path = name.partition(".")
    held = reported.properties.get(root)
    value = None if held is None else held.plain
    for step in path.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def _named(names: frozenset[str], reported: Reported) -> dict[str, ReportedValue]:
    """The reported properties that a condition's names (`door`, `firmware.version`) rest on."""
    held = reported.properties
    roots = {name: name if name in held else name.partition(".")[0] for name in sorted(names)}
    return {root: held[root] for root in roots.values() if root in held}


def by_rules(
    forbidden: Callable[[int, str], Sequence[str]], called: Callable[[str], str] = lambda key: key
) -> OthersForbid:
    """Rules that are raised as a reason; `forbidden` says the keys of those that forbid an action of a unit now, `called` how
    people call one."""

    def forbid(unit: UnitIdentity, action: str) -> list[Refusal]:
        keys = forbidden(unit.unit_id, action)
        return [Refusal(reason=f"The rule {called(key)} is raised and forbids it.", by=key) for key in keys]

    return forbid
