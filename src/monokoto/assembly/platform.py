"""The platform process: the line and its observers, the API, the background work. Slices are joined here."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

import structlog
from litestar import Litestar

from monokoto.api import Health, Metrics, Sample, create_app
from monokoto.assembly import routes
from monokoto.assembly.alerts import KnownRules, join_alerts
from monokoto.assembly.backstage import Backstage
from monokoto.assembly.billing import JoinedBilling
from monokoto.assembly.commands import join_commands, join_interlocks
from monokoto.assembly.engines import Engines
from monokoto.assembly.entitlements import JoinedEntitlements
from monokoto.assembly.health import checks_of
from monokoto.assembly.invoicing import JoinedInvoicing
from monokoto.assembly.jobs import every, retention_rules
from monokoto.assembly.limits import limits_of
from monokoto.assembly.live import join_live
from monokoto.assembly.metering import JoinedMetering
from monokoto.assembly.metrics import gateway_samples, samples_of
from monokoto.assembly.overview import join_overview
from monokoto.assembly.ownership import join_ownership
from monokoto.assembly.people import Doors
from monokoto.assembly.plans import KnownBuyers, join_portal, join_subscriptions, publish_applied
from monokoto.assembly.repair import replay_after_damage
from monokoto.assembly.scenes import JoinedScenes, join_groups
from monokoto.assembly.things import JoinedThings
from monokoto.assembly.unit_sets import KnownUnitSets
from monokoto.assembly.watching import JoinedRules
from monokoto.connect.fleet import UNITS_CHANGED, Credentials, Directory, Fleet
from monokoto.connect.gateway import Authentication, Committer, Downlink, Ingest
from monokoto.connect.line import Batch, DeadLetters, Decoder, Line
from monokoto.connect.ownership import OWNERSHIP_CHANGED
from monokoto.connect.people import MEMBER_CHANGED
from monokoto.connect.presence import Presence
from monokoto.connect.products import Products
from monokoto.connect.tenancy import ApiKeys, Organisations
from monokoto.earn.metering import UsageObserver
from monokoto.earn.partners import Partnerships
from monokoto.earn.sections import SECTIONS
from monokoto.earn.subscriptions import UsageByCustomer
from monokoto.kernel.errors import Unavailable
from monokoto.kernel.facts import Fact
from monokoto.operate.commands import AnswersObserver
from monokoto.operate.telemetry import ReadingsObserver, RetentionJob, Telemetry, serials
from monokoto.operate.twins import Twins
from monokoto.settings import Settings
from monokoto.web import KeptAnswers

RETENTION_SECONDS = 6 * 3600.0
HOUR_SECONDS = 3600.0
DIRECTORY_SECONDS = 5.0
LAST_WORDS_SECONDS = 20.0
LINE_LINGER_MS = 100
"""How long the line gathers before it decodes: twins and rules follow within it, and a batch has a fixed cost."""
_log = structlog.get_logger(__name__)


class Platform:
    """Everything above the engines in one process. `start`, serve `app`, `stop`."""

    def __init__(self, settings: Settings, engines: Engines) -> None:
        self.engines = engines
        records, series, log = engines.records, engines.series, engines.log
        self.clock, self.facts = clock, facts = engines.clock, engines.facts
        self.organisations = Organisations(records, clock)
        self.api_keys = ApiKeys(records, clock)
        self.doors = Doors(settings, engines)
        self.people, self.sessions, self.entrance, self.invitations, self.letters = self.doors.served
        self.passkeys, self.providers = self.doors.passkeys, self.doors.providers
        self.products = Products(records, clock, SECTIONS)
        self.directory = Directory(records)
        self.fleet = Fleet(records, self.products, clock, facts)
        self.gate, self.ownerships, self.accesses = join_ownership(engines, self, settings.api.public_url)
        self.credentials = Credentials(records, clock)
        self.downlink = Downlink(log)
        self.committer = Committer(
            log, clock, partitions=settings.log.partitions, linger_ms=settings.gateway.commit_linger_ms
        )
        self.ingest = Ingest(self.committer, Authentication(self.credentials), settings.gateway, clock)
        self.readings = ReadingsObserver(series, linger_ms=settings.series.linger_ms, set_aside=self._set_aside)
        self.telemetry = Telemetry(
            series, units=self.directory, model_of=self.products.model, clock=clock,
            by_serial=serials(self.fleet, self.directory),
        )  # fmt: skip
        self.dead_letters = DeadLetters(series)
        self.presence = Presence(log=log, objects=engines.objects, directory=self.directory, clock=clock)
        self.unit_sets = KnownUnitSets(self.presence, self.ownerships.ledger)
        self.twins = Twins(
            records=records,
            series=series,
            objects=engines.objects,
            directory=self.directory,
            products=self.products,
            downlink=self.downlink,
            readings=self.readings,
            clock=clock,
            facts=facts,
            snapshot_seconds=settings.twins.snapshot_seconds,
        )
        self.interlocks = join_interlocks(self)
        self.commands = join_commands(engines, self, self.interlocks)
        self.answers = AnswersObserver(self.commands, self.dead_letters.add)
        self._join_watching(settings, engines)
        self._join_earning(engines)
        self._join_invoicing(settings, engines)
        self.live = join_live(engines, self)
        self.overview, self.arrivals = join_overview(engines, self)
        self._join_things(settings, engines)
        self.retention = RetentionJob(series, lambda: retention_rules(self.organisations, self.products), clock)
        self.backstage = Backstage(settings, engines, self)
        self._join_acting(engines)
        self.lines = [self._line(settings, partition) for partition in range(settings.log.partitions)]
        self.health = Health(checks_of(engines, self.lines))
        self.metrics = Metrics(self._samples, asked=[lambda: gateway_samples(log, clock)])
        self.kept_answers = KeptAnswers(records, clock)
        self.app = self._app(settings)
        self._tasks: list[asyncio.Task[None]] = []

    def _join_watching(self, settings: Settings, engines: Engines) -> None:
        """Groups of units, rules for them, and the alerts these tell of."""
        self.groups = join_groups(engines, self)
        self.alerts = join_alerts(settings.alerts, engines, self)
        watch = JoinedRules(engines, self, snapshot_seconds=settings.twins.snapshot_seconds)
        self.rules, self.watching, self.trials, self.joined_rules = watch.rules, watch.watching, watch.trials, watch
        self.alerts.know(KnownRules(watch.book, self.directory))

    def _join_things(self, settings: Settings, engines: Engines) -> None:
        """Every unit as a Thing of the Web of Things."""
        self.joined_things = wot = JoinedThings(
            settings, engines, fleet=self.fleet, products=self.products, gate=self.gate
        )
        self.things, self.event_feed, self.directory_events = wot.things, wot.event_feed, wot.directory_events
        self.polls, self.access_tokens = wot.polls, wot.access_tokens

    def _join_acting(self, engines: Engines) -> None:
        """Scenes, their runs and schedules."""
        self.joined_scenes = acting = JoinedScenes(
            engines,
            self,
            self.backstage.audit,
            still_may=self.backstage.standing.still_may,
            name_of=self.backstage.name_of,
        )
        self.scenes, self.scene_runs, self.schedules = acting.scenes, acting.runs, acting.schedules

    def _join_earning(self, engines: Engines) -> None:
        """What is used, what it costs, who subscribed to it."""
        self.joined_metering = meters = JoinedMetering(engines, self, self._set_aside_for)
        self.metering, self.usage_intake, self.usage_corrections = meters.metering, meters.intake, meters.corrections
        self.plans, self.customers, self.subscriptions = join_subscriptions(engines, self)
        self.usage_by_customer = UsageByCustomer(engines.records, self.subscriptions, self.metering)
        self.joined_entitlements = JoinedEntitlements(engines, self)
        self.entitlements, self.entitlement_tokens = (
            self.joined_entitlements.entitlements,
            self.joined_entitlements.tokens,
        )

    def _join_invoicing(self, settings: Settings, engines: Engines) -> None:
        """What is owed, booked and paid."""
        self.joined_invoicing = books = JoinedInvoicing(settings.payments, engines, self, self.doors.outbox.post)
        self.ledger, self.issuers, self.invoices = books.ledger, books.issuers, books.invoices
        self.giving_back, self.payments, self.reminding = books.giving_back, books.payments, books.reminding
        self.mandates, self.payment_files = books.mandates, books.payment_files
        self.bank_statements = books.bank_statements
        self.payment_providers, self.payment_hearing = books.providers, books.hearing
        self.statements = books.statements
        self.partnerships = Partnerships(
            engines.records, engines.clock, KnownBuyers(self.organisations), books.statements
        )
        self.portal = join_portal(engines, self)
        self.joined_billing = bills = JoinedBilling(engines, self)
        self.billing, self.billing_runs = bills.billing, bills.runs
        self.papers, self.evidence, self.simulator = bills.papers, bills.evidence, bills.simulator
        self.reports, self.product_sales = bills.reports, bills.product_sales

    def _line(self, settings: Settings, partition: int) -> Line:
        return Line(
            partition=partition,
            log=self.engines.log,
            objects=self.engines.objects,
            decoder=Decoder(self.directory, self.products.model),
            observers=(
                *(self.twins, self.readings, self.dead_letters, self.presence, self.answers, self.event_feed),
                *(self.backstage.letter_events, self.joined_rules.observer, self.joined_metering.observer),
            ),
            witnesses=(self.live.heard, self.arrivals.heard),
            refresh_units=self.directory.refresh,
            linger_ms=LINE_LINGER_MS,
            keep_hours=settings.log.keep_hours,
            bytes_max=settings.log.bytes_max,
        )

    def _app(self, settings: Settings) -> Litestar:
        services = {name: getattr(self if hasattr(self, name) else self.backstage, name) for name in routes.SERVICES}
        return create_app(
            routes=routes.ALL,
            dependencies=services,
            authenticator=self.api_keys,
            sessions=self.sessions,
            tokens=self.access_tokens,
            kept_answers=self.kept_answers,
            recorder=self.backstage.audit_writer,
            standing=self.backstage.standing,
            limits=limits_of(settings.api),
        )

    def _samples(self) -> Iterator[Sample]:
        return samples_of(
            self.lines, log=self.engines.log, directory=self.directory, presence=self.presence, twins=self.twins
        )

    async def start(self) -> None:
        """Bring the state back, then let the line run."""
        await asyncio.to_thread(self.directory.refresh)
        await asyncio.to_thread(self.ownerships.ledger.refresh)
        await replay_after_damage(
            self.engines, self.lines, [self.readings.name, self.dead_letters.name, UsageObserver.name]
        )
        await self.alerts.start()
        await self.joined_rules.start()
        await self.joined_metering.start()
        await self.presence.start()
        await self.twins.start()
        await self.commands.start()
        await self.answers.start()
        await self.joined_entitlements.start()
        await self.joined_scenes.start()
        await self.joined_things.start()
        await self.live.start()
        await self.ingest.start(self.engines.facts)
        await self.doors.start()
        await self.joined_invoicing.start()
        await self.joined_billing.start()
        await self.backstage.start()
        await publish_applied(self.engines.facts, self.plans)
        await self.engines.facts.listen(UNITS_CHANGED, self._units_changed)
        await self.engines.facts.listen(MEMBER_CHANGED, self.doors.member_changed)
        await self.engines.facts.listen(OWNERSHIP_CHANGED, self._ownership_changed)
        self._tasks = [
            *(asyncio.create_task(self._keep_running(line), name=f"line {line.subject}") for line in self.lines),
            asyncio.create_task(every(RETENTION_SECONDS, self.retention.run), name="retention"),
            asyncio.create_task(every(HOUR_SECONDS, self.doors.prune), name="people"),
            asyncio.create_task(every(HOUR_SECONDS, self.kept_answers.forget), name="idempotency"),
            asyncio.create_task(every(DIRECTORY_SECONDS, self._refresh_directory), name="directory"),
            asyncio.create_task(every(DIRECTORY_SECONDS, self._refresh_ownership), name="ownership"),
        ]

    def end_streams(self) -> None:
        """End the answers that would go on for ever; a server that waits for its connections can stop then."""
        self.twins.end_streams()
        self.alerts.streams.end()
        self.joined_things.end()
        self.backstage.end_streams()

    async def stop(self) -> None:
        """End the line, write the last snapshots, give the engines back."""
        await self.ingest.stop()
        await self.live.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for last_words in (
            self.joined_scenes.stop,
            self.joined_billing.stop,
            self.joined_invoicing.stop,
            self.joined_entitlements.stop,
            self.backstage.stop,
            self.doors.stop,
            self.readings.flush,
            self.joined_metering.stop,
            self.twins.stop,
            self.answers.stop,
            self.commands.stop,
            self.joined_rules.stop,
            self.alerts.stop,
            self.presence.stop,
            *(line.keep for line in self.lines),
        ):
            # The log may be gone already; what is not written now is made again from it at the next start.
            with contextlib.suppress(TimeoutError, Unavailable):
                async with asyncio.timeout(LAST_WORDS_SECONDS):
                    await last_words()
        await self.engines.close()

    async def _keep_running(self, line: Line) -> None:
        while True:
            try:
                await line.run()
            except Exception as error:
                line.state.stalled = str(error)
                _log.exception("line_ended", partition=line.state.partition)
                await asyncio.sleep(1.0)

    async def _set_aside(self, batch: Batch) -> None:
        await self._set_aside_for(self.readings.name, batch)

    async def _set_aside_for(self, observer: str, batch: Batch) -> None:
        await self.lines[batch.partition].set_aside(observer, batch)

    async def _units_changed(self, _fact: Fact) -> None:
        for line in self.lines:
            line.units_changed()

    async def _ownership_changed(self, _fact: Fact) -> None:
        await asyncio.to_thread(self._refresh_ownership)

    def _refresh_ownership(self) -> None:
        self.ownerships.ledger.refresh()

    def _refresh_directory(self) -> None:
        if self.directory.refresh():
            for line in self.lines:
                line.units_changed()
