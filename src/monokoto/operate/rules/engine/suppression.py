"""Which alerts another rule's alert may hide: each change says by whom, and how long its alert waits for that one.

Whether an alert is hidden is not for the engine to say: units are read in no order of each other, so what it knew of the
unit above would depend on how the log was cut. Who keeps all alerts compares their instants.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from monokoto.operate.rules.change import AlertChange
from monokoto.operate.rules.engine.compiled import CompiledRule

_OF_PRODUCT = "/"
"""In the key of every rule of a product, in that of no other."""


class Suppression:
    """What the rules there are say about being hidden."""

    def __init__(self) -> None:
        self._hidden: dict[tuple[int, str], tuple[str, int]] = {}
        """Organisation and key of a rule to the rule that hides its alerts, and the grace."""

    def know(self, rules: Iterable[CompiledRule]) -> None:
        """The rules there are."""
        rules = list(rules)
        added = {(rule.organisation_id, rule.name): rule.key for rule in rules if _OF_PRODUCT not in rule.key}
        self._hidden = {
            (rule.organisation_id, rule.key): (_called(rule, added), rule.suppress_grace_us)
            for rule in rules
            if rule.suppressed_by
        }

    def apply(self, changes: Sequence[AlertChange]) -> list[AlertChange]:
        """The changes, with who may hide them."""
        if not self._hidden:
            return list(changes)
        return [self._marked(change) for change in changes]

    def _marked(self, change: AlertChange) -> AlertChange:
        found = self._hidden.get((change.organisation_id, change.rule))
        return change if found is None else replace(change, suppressed_by=found[0], suppress_grace=found[1])


def _called(rule: CompiledRule, added: dict[tuple[int, str], str]) -> str:
    """A rule of a product means the rules of products so called; one that was added means an added one first."""
    if _OF_PRODUCT in rule.key:
        return rule.suppressed_by
    return added.get((rule.organisation_id, rule.suppressed_by), rule.suppressed_by)
