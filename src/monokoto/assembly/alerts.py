"""Alerts, joined: which units a maintenance window means, who is a member, what rules are called."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from monokoto.assembly.engines import Engines
from monokoto.assembly.unit_sets import KnownUnitSets
from monokoto.connect.fleet import Directory, UnitSelector
from monokoto.connect.jobs import Selection
from monokoto.connect.ownership import UnitGate
from monokoto.connect.people import People
from monokoto.connect.tenancy import Organisations
from monokoto.kernel.errors import Fault, Invalid, NotFound
from monokoto.kernel.ids import OrganisationId
from monokoto.kernel.limits import JOB_ITEMS_MAX
from monokoto.operate.alerts import Alerts, Concerned, MaintenanceWindows, RuleText
from monokoto.operate.groups import Groups
from monokoto.operate.rules import RuleBook
from monokoto.settings import AlertsSettings
from monokoto.web import Caller


class Parts(Protocol):
    """What they stand on (the platform)."""

    organisations: Organisations
    people: People
    directory: Directory
    gate: UnitGate
    unit_sets: KnownUnitSets
    groups: Groups


def join_alerts(settings: AlertsSettings, engines: Engines, parts: Parts) -> Alerts:
    """Make them over these; `KnownRules` come later, because rules tell of alerts."""
    return Alerts(
        records=engines.records,
        clock=engines.clock,
        units=parts.directory,
        windows=MaintenanceWindows(engines.records, engines.clock, UnitsConcerned(engines, parts)),
        facts=engines.facts,
        is_member=lambda organisation_id, person_id: _is_member(parts.people, organisation_id, person_id),
        keep_days=settings.keep_days,
    )


def _is_member(people: People, organisation_id: int, person_id: int) -> bool:
    try:
        people.member(organisation_id, person_id)
    except NotFound:
        return False
    return True


class UnitsConcerned:
    """The units a maintenance window means, within its organisation's reach."""

    def __init__(self, engines: Engines, parts: Parts) -> None:
        self._selector = UnitSelector(engines.records, parts.gate, parts.unit_sets)
        self._parts = parts

    def __call__(self, organisation_id: int, concerned: Concerned) -> Collection[int]:
        kind = self._parts.organisations.get(organisation_id).kind.value
        caller = Caller(organisation_id=OrganisationId(organisation_id), scopes=frozenset(), organisation_kind=kind)
        found: set[int] | None = None
        if concerned.group:
            found = set(self._parts.groups.members(organisation_id, concerned.group))
        if concerned.units or concerned.product or concerned.tags or concerned.below:
            selection = Selection(
                ids=concerned.units or None, product=concerned.product, tags=concerned.tags, below=concerned.below
            )
            targets = self._selector.targets(caller, selection, limit=JOB_ITEMS_MAX + 1)
            if len(targets) > JOB_ITEMS_MAX:
                fault = Fault(place="selection", reason=f"means more than {JOB_ITEMS_MAX} units")
                raise Invalid("This is no maintenance window.", faults=[fault])
            chosen = {int(target.unit_id) for target in targets}
            found = chosen if found is None else found & chosen
        return found or set()


class KnownRules:
    """What alerts ask about the rules that raised them; from memory."""

    def __init__(self, book: RuleBook, directory: Directory) -> None:
        self._book = book
        self._directory = directory

    def text(self, organisation_id: int, rule: str, _version: str) -> RuleText:
        """As `alerts.RuleTexts`: of the newest version in use, which explains the older ones' alerts as well."""
        for entry in self._book.page.entries:
            if (entry.compiled.organisation_id, entry.compiled.key) == (organisation_id, rule):
                return RuleText(entry.rule.title or {"": entry.rule.name}, entry.rule.help)
        return RuleText({}, {})

    def watches(self, organisation_id: int, rule: str, unit_id: int) -> bool:
        """Whether the rule looks at the unit."""
        unit = self._directory.get(unit_id)
        return unit is not None and any(
            (it.organisation_id, it.key) == (organisation_id, rule)
            and (it.maker_id, it.product) == (unit.organisation_id, unit.product)
            and unit.version in it.versions
            and (it.units is None or unit_id in it.units.units())
            for it in self._book.page.rules
        )
