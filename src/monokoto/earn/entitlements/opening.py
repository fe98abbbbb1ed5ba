"""What a feature opens on a unit: actions that need one, properties that one sets. Answers from memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from monokoto.connect.fleet import UnitIdentity
from monokoto.earn.entitlements.service import Entitlements
from monokoto.kernel.errors import Fault, MonokotoError
from monokoto.operate.commands import Refusal

PlansWith = Callable[[int, str, str], Sequence[str]]
"""The plans of an organisation's product that include a feature, by name."""


class Opening:
    """Asked by commands (as one of the interlocks) and by twins (before something is desired)."""

    def __init__(self, entitlements: Entitlements, plans_with: PlansWith) -> None:
        self._entitlements = entitlements
        self._plans_with = plans_with

    def refusals(self, unit: UnitIdentity, action: str) -> Sequence[Refusal]:
        """Why an action must not be asked of a unit: it needs a feature, of which any one would do, and has none."""
        _, features = self._entitlements.features(unit.organisation_id, unit.unit_id)
        needed = [feature for feature in features.values() if action in feature.actions]
        found = []
        for feature in needed:
            verdict = self._entitlements.may(unit.organisation_id, unit.unit_id, feature.name)
            if verdict.allowed:
                return ()
            plans = self._plans_with(unit.organisation_id, unit.product, feature.name)
            have = f" Plans that have it: {', '.join(plans)}." if plans else ""
            found.append(
                Refusal(
                    reason=f"{action} needs the feature {feature.name}. {verdict.reason}{have}",
                    by=f"feature:{feature.name}",
                    state={} if verdict.left is None else {"left": f"{verdict.left:f}"},
                )
            )
        return found

    def governed(self, unit: UnitIdentity, wanted: Mapping[str, Any]) -> Sequence[Fault]:
        """Which of these desired values are a feature's to set, and are not what it sets now."""
        _, features = self._entitlements.features(unit.organisation_id, unit.unit_id)
        found = []
        for feature in features.values():
            if feature.sets is None or feature.sets.property not in wanted:
                continue
            verdict = self._entitlements.may(unit.organisation_id, unit.unit_id, feature.name)
            set_to = feature.desired(verdict.value, allowed=verdict.allowed)
            if wanted[feature.sets.property] != set_to:
                reason = f"the feature {feature.name} sets it, to {set_to!r} now. {verdict.reason}"
                found.append(Fault(place=f"/{feature.sets.property}", reason=reason))
        return found

    def patch(self, unit: UnitIdentity) -> Mapping[str, Any]:
        """What the features of a unit want of it now, by property."""
        try:
            judged = self._entitlements.all_of(unit.organisation_id, unit.unit_id)
        except MonokotoError:
            return {}
        return {
            feature.sets.property: feature.desired(verdict.value, allowed=verdict.allowed)
            for feature, verdict in judged
            if feature.sets is not None
        }
