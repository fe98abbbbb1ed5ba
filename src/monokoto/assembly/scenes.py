"""Groups, scenes and schedules, joined with the fleet, the gate, commands, desired values and people."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import sqlalchemy as sa

from monokoto.assembly.engines import Engines
from monokoto.connect.audit import SYSTEM, Actor, ActorKind, AuditLog, Draft, Outcome, Subject
from monokoto.connect.fleet import Directory, Fleet
from monokoto.connect.ownership import Ownerships, UnitGate
from monokoto.connect.people import People
from monokoto.connect.presence import Presence
from monokoto.connect.products import Products
from monokoto.kernel.errors import MonokotoError
from monokoto.kernel.ids import format_id
from monokoto.operate.commands import COMMAND_CHANGED, Commands
from monokoto.operate.groups import Groups, UnitFinder
from monokoto.operate.scenes import CommandActions, Doer, Looker, Run, Runs, RunState, Scenes, Worker
from monokoto.operate.schedules import PlaceFinder, Scheduler, Schedules
from monokoto.operate.twins import DesireOfUnits, Twins
from monokoto.web import Caller

_MAKER = "maker"


class Fleets(Protocol):
    """What groups stand on (the platform)."""

    directory: Directory
    fleet: Fleet
    gate: UnitGate
    ownerships: Ownerships


class Parts(Fleets, Protocol):
    """What scenes and schedules stand on."""

    groups: Groups
    products: Products
    commands: Commands
    twins: Twins
    presence: Presence
    people: People


def join_groups(engines: Engines, parts: Fleets) -> Groups:
    """Make them over these engines."""
    directory, ledger = parts.directory, parts.ownerships.ledger

    def moved(organisation_id: int, kind: str) -> int:
        # Whoever is no maker holds units of any maker.
        mine = organisation_id if kind == _MAKER else None
        return directory.moved(mine) + ledger.moved(mine)

    finder = UnitFinder(parts.fleet, parts.gate)
    return Groups(engines.records, engines.clock, finder=finder, moved=moved, facts=engines.facts)


class JoinedScenes:
    """Scenes and schedules of one process. `start` after commands and twins, `stop` before them."""

    def __init__(
        self,
        engines: Engines,
        parts: Parts,
        audit: AuditLog,
        *,
        still_may: Callable[[Caller], bool],
        name_of: Callable[[Caller], str],
    ) -> None:
        records, clock = engines.records, engines.clock
        self._facts = engines.facts
        self._people = parts.people
        self._audit = audit
        self._name_of_caller = name_of
        looker = Looker(parts.groups, parts.directory, parts.products.model, parts.twins)
        self.scenes = Scenes(records, clock, looker=looker)
        self.runs = Runs(records, clock, looker=looker, facts=engines.facts)
        self.schedules = Schedules(
            records, clock, scenes=self.scenes, finder=PlaceFinder(parts.groups, looker), zone_of=self._zone_of
        )
        presence = parts.presence
        doer = Doer(
            gate=parts.gate,
            actions=CommandActions(parts.commands),
            desires=DesireOfUnits(parts.twins, parts.gate),
            online=lambda maker_id, unit_id: presence.of(maker_id, unit_id).online,
            clock=clock,
        )
        self._worker = Worker(self.runs, doer, finished=self._finished, still_may=still_may)
        self._scheduler = Scheduler(self.schedules, self.runs)

    async def start(self) -> None:
        """Begin; what a process before left unfinished is taken up."""
        await self._facts.listen(COMMAND_CHANGED, self._worker.heard)
        await self._worker.start()
        await self._scheduler.start()

    async def stop(self) -> None:
        """End after what is under way."""
        await self._scheduler.stop()
        await self._worker.stop()

    def _zone_of(self, caller: Caller) -> str:
        if caller.person_id is None:
            return ""
        try:
            return self._people.get(caller.person_id).time_zone
        except MonokotoError:
            return ""

    def _finished(self, run: Run) -> Callable[[sa.Connection, Run], None]:
        """Every run's end stands in the audit log, written with it; what it asked of units stands there by itself."""
        caller = run.caller
        kind = ActorKind.PERSON if caller.person_id else ActorKind.KEY
        actor = SYSTEM
        if caller.actor_id and not run.schedule_id:
            # Before the transaction: a name is read on a connection of its own.
            actor = Actor(kind, caller.actor_id, self._name_of_caller(caller))

        def tell(connection: sa.Connection, ended: Run) -> None:
            self._audit.write([self._entry(ended, actor)], within=connection)

        return tell

    def _entry(self, run: Run, actor: Actor) -> Draft:
        return self._audit.draft(
            run.organisation_id,
            actor=actor,
            action="scene-run.finished",
            subject=Subject("scene-run", format_id(run.id)),
            outcome=Outcome.FAILED if run.state is RunState.FAILED else Outcome.DONE,
            detail={
                "scene": run.name,
                "schedule": format_id(run.schedule_id) if run.schedule_id else None,
                "state": run.state.value,
                "counts": {state.value: count for state, count in run.counts.items()},
            },
        )
