"""What is watched for, and what of it is true now: the book and the engine's answers, for those who look."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from monokoto.connect.fleet import UnitIdentity
from monokoto.operate.rules.book import Entry, RuleBook
from monokoto.operate.rules.change import Severity
from monokoto.operate.rules.rule import Audience
from monokoto.web import Reach, Side


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """An alert that stands, as the engine knows it."""

    organisation_id: int
    rule: str
    """The rule's key."""
    instance: int
    severity: Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitRule:
    """A rule that watches a unit, and its alert on it, where one stands."""

    entry: Entry
    raised: Raised | None


class Watching:
    """The book of rules, and what the engine says of units."""

    def __init__(
        self,
        book: RuleBook,
        *,
        identity: Callable[[int], UnitIdentity | None],
        raised: Callable[[int], Sequence[Raised]] = lambda _unit: (),
    ) -> None:
        self.book = book
        self.raised = raised
        self._identity = identity

    def of_unit(self, reach: Reach, organisation_id: int) -> list[UnitRule]:
        """What watches a unit, as an organisation with this reach is shown it. Blocking."""
        unit = self._identity(reach.unit_id)
        if unit is None:
            return []
        raised = {(one.organisation_id, one.rule): one for one in self.raised(reach.unit_id)}
        side = Audience.MAKER if reach.side is Side.MAKER else Audience.OWNER
        return [
            UnitRule(entry=entry, raised=raised.get((entry.compiled.organisation_id, entry.compiled.key)))
            for entry in self.book.page.entries
            if _shown(entry, organisation_id, side) and _watches(entry, unit)
        ]


def _shown(entry: Entry, organisation_id: int, side: Audience) -> bool:
    if entry.added is not None:
        return entry.added.organisation_id == organisation_id
    return entry.rule.audience in (Audience.BOTH, side)


def _watches(entry: Entry, unit: UnitIdentity) -> bool:
    it = entry.compiled
    if (it.maker_id, it.product) != (unit.organisation_id, unit.product) or unit.version not in it.versions:
        return False
    return it.units is None or unit.unit_id in it.units.units()
