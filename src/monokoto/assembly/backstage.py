"""What happens beside the answers: who did what is written down, jobs are done, events posted. The slices of it, joined."""

from __future__ import annotations

import asyncio
from typing import Protocol

from monokoto.assembly.engines import Engines
from monokoto.assembly.event_sources import LetterEvents, PresenceNow, WithinReach, sources_of
from monokoto.assembly.metering import JoinedMetering
from monokoto.assembly.notifications import JoinedNotifications
from monokoto.assembly.people import Doors
from monokoto.assembly.standing import KnownStanding
from monokoto.assembly.unit_sets import KnownUnitSets
from monokoto.connect.audit import SYSTEM, Actor, ActorKind, AuditLog, AuditWriter, Outcome, Subject
from monokoto.connect.fleet import Directory, Fleet, UnitSelector, fleet_job_kinds
from monokoto.connect.jobs import Job, Jobs, JobState, Worker
from monokoto.connect.ownership import Ownerships, UnitGate
from monokoto.connect.people import People, Sessions
from monokoto.connect.presence import Presence
from monokoto.connect.products import Products
from monokoto.connect.tenancy import ApiKeys, Organisations
from monokoto.connect.views import Views
from monokoto.connect.webhooks import Deliverer, Feeder, HttpSender, Webhook, Webhooks
from monokoto.earn.invoices import Invoices
from monokoto.earn.payments import Payments
from monokoto.kernel.errors import MonokotoError
from monokoto.kernel.ids import format_id
from monokoto.operate.alerts import AcknowledgeAlerts, Alerts
from monokoto.operate.commands import AskOfUnits, Commands
from monokoto.operate.groups import Groups
from monokoto.operate.twins import DesireOfUnits, Twins
from monokoto.settings import Settings
from monokoto.web import Caller


class Platform(Protocol):
    """What they work on."""

    api_keys: ApiKeys
    people: People
    sessions: Sessions
    organisations: Organisations
    directory: Directory
    gate: UnitGate
    fleet: Fleet
    twins: Twins
    commands: Commands
    alerts: Alerts
    doors: Doors
    groups: Groups
    ownerships: Ownerships
    products: Products
    presence: Presence
    unit_sets: KnownUnitSets
    invoices: Invoices
    payments: Payments
    joined_metering: JoinedMetering


class Backstage:
    """Audit, jobs and webhooks of one process. `start` after the platform's other parts, `stop` before them."""

    def __init__(self, settings: Settings, engines: Engines, platform: Platform) -> None:
        records, clock = engines.records, engines.clock
        self._platform = platform
        self.audit = AuditLog(records, clock, maker_of=self._maker_of)
        self.audit_writer = AuditWriter(self.audit, name_of=self.name_of)
        self.jobs = Jobs(
            records,
            clock,
            kinds=(
                *fleet_job_kinds(platform.fleet),
                DesireOfUnits(platform.twins, platform.gate),
                AskOfUnits(platform.commands, platform.gate),
                AcknowledgeAlerts(platform.alerts, platform.gate),
                platform.joined_metering.replay,
            ),
            selector=UnitSelector(records, platform.gate, platform.unit_sets),
        )
        self.views = Views(records, clock)
        self.standing = KnownStanding(platform.api_keys, platform.people, platform.sessions, clock)
        self.worker = Worker(self.jobs, finished=self._job_finished, still_may=self.standing.still_may)
        allow_private = settings.webhooks.allow_private
        self.webhooks = Webhooks(records, clock, allow_private=allow_private)
        self.deliverer = Deliverer(
            self.webhooks, HttpSender(clock, allow_private=allow_private), notice=self._webhook_disabled
        )
        within = WithinReach(platform.gate, platform.organisations)
        self.feeder = Feeder(
            self.webhooks,
            sources_of(platform, records, self.jobs, within),
            online_now=PresenceNow(platform.presence, within),
        )
        self.letter_events = LetterEvents(self.webhooks)
        self.joined_notifications = told = JoinedNotifications(
            settings, engines, platform, post=platform.doors.outbox.post, address=platform.doors.address
        )
        self.receivers, self.notification_routes, self.notifications = told.receivers, told.routes, told.log
        platform.doors.outbox.told = told.log.mail_went
        self.notifier, self.push_subscriptions = told.notifier, told.push_subscriptions

    def _maker_of(self, unit_id: int) -> int | None:
        unit = self._platform.directory.get(unit_id)
        return None if unit is None else unit.organisation_id

    def name_of(self, caller: Caller) -> str:
        """What a person or key is called now; who is gone meanwhile has no name any more."""
        try:
            if caller.person_id is not None:
                return self._platform.people.get(caller.person_id).name
            if caller.key_id is not None:
                found = self._platform.api_keys.list(caller.organisation_id, after=caller.key_id - 1, limit=1)
                return found[0].name if found and found[0].id == caller.key_id else ""
        except MonokotoError:
            return ""
        return ""

    async def _job_finished(self, job: Job) -> None:
        caller = job.caller
        kind = ActorKind.PERSON if caller.person_id else ActorKind.KEY
        actor = (
            Actor(kind, caller.actor_id, await asyncio.to_thread(self.name_of, caller)) if caller.actor_id else SYSTEM
        )
        await asyncio.to_thread(
            self.audit.append,
            job.organisation_id,
            actor=actor,
            action="job.finished",
            subject=Subject("job", format_id(job.id)),
            outcome=Outcome.FAILED if job.state is JobState.FAILED else Outcome.DONE,
            detail={
                "kind": job.kind,
                "state": job.state.value,
                "counts": {state.value: count for state, count in job.counts.items()},
            },
        )
        self.feeder.signal()

    async def _webhook_disabled(self, webhook: Webhook) -> None:
        await asyncio.to_thread(
            self.audit.append,
            webhook.organisation_id,
            actor=SYSTEM,
            action="webhook.disabled",
            subject=Subject("webhook", format_id(webhook.id)),
            detail={"reason": webhook.reason},
        )

    async def start(self) -> None:
        """Begin."""
        await self.deliverer.start()
        await self.feeder.start()
        await self.worker.start()
        await self.joined_notifications.start()

    def end_streams(self) -> None:
        """End the answers that would go on for ever."""
        self.jobs.ending = True

    async def stop(self) -> None:
        """End; what was answered as done is written down."""
        await self.joined_notifications.stop()
        await self.worker.stop()
        await self.feeder.stop()
        await self.deliverer.stop()
        await self.audit_writer.stop()
