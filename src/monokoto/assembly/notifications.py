"""Notifications, joined: what becomes of alerts, said with the words of rules, units and people; and the ways out."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from email.utils import parseaddr
from typing import Final, Protocol

from monokoto.assembly.engines import Engines
from monokoto.assembly.jobs import every
from monokoto.assembly.threshold_news import NewsOfThresholds
from monokoto.connect.fleet import Directory, tags_of
from monokoto.connect.ownership import Ownerships
from monokoto.connect.people import People
from monokoto.connect.products import Products
from monokoto.connect.webhooks import HttpSender
from monokoto.earn.entitlements import ENTITLEMENTS_THRESHOLD
from monokoto.engines.mail import Message
from monokoto.engines.records import Records
from monokoto.kernel.errors import NotFound
from monokoto.kernel.facts import Fact
from monokoto.operate import notifications as slice_
from monokoto.operate.alerts import (
    ALERT_CHANGED,
    Alert,
    AlertEvent,
    Alerts,
    By,
    Mark,
    Quiet,
    evidence_from_json,
    mark_of,
)
from monokoto.operate.alerts import What as Happened
from monokoto.operate.groups import Groups
from monokoto.operate.notifications import Addressee, AlertNews, AlertState, Measured, NewsPage, What
from monokoto.settings import Settings

_WHAT: Final[Mapping[Happened, What]] = {
    Happened.RAISED: What.RAISED,
    Happened.SEVERITY: What.SEVERITY,
    Happened.CLEARED: What.CLEARED,
    Happened.ACKNOWLEDGED: What.ACKNOWLEDGED,
    Happened.UNACKNOWLEDGED: What.UNACKNOWLEDGED,
    # It comes to light again.
    Happened.REVEALED: What.RAISED,
    Happened.UNSHELVED: What.RAISED,
    Happened.MAINTENANCE_ENDED: What.RAISED,
}
_OWN_MATTER: Final = frozenset({Happened.UNSHELVED, Happened.MAINTENANCE_ENDED})
"""Of the rule's organisation alone: to others it was never hidden."""
_OWN_QUIET: Final = frozenset({Quiet.SHELVED, Quiet.MAINTENANCE})
_FOR_MAKERS: Final = frozenset({"maker", "both"})
_FOR_OWNERS: Final = frozenset({"owner", "both"})
_GROUP_SECONDS: Final = 5.0
PRUNE_SECONDS: Final = 3600.0


class Parts(Protocol):
    """What they stand on (the platform)."""

    alerts: Alerts
    directory: Directory
    groups: Groups
    people: People
    products: Products
    ownerships: Ownerships


class Members:
    """As `notifications.PeopleToTell`."""

    def __init__(self, people: People) -> None:
        self._people = people

    def addressee(self, organisation_id: int, person_id: int) -> Addressee | None:
        """As `PeopleToTell.addressee`."""
        try:
            person = self._people.member(organisation_id, person_id).person
        except NotFound:
            return None
        return Addressee(person.id, person.name, person.email, person.locale, person.time_zone)


class NewsOfAlerts:
    """As `notifications.AlertsToTell`."""

    def __init__(self, records: Records, parts: Parts) -> None:
        self._records = records
        self._parts = parts

    def numbers(self) -> Mapping[int, int]:
        """As `AlertsToTell.numbers`."""
        return self._parts.alerts.numbers()

    def news(self, organisation_id: int, after: Mark, limit: int) -> NewsPage:
        """As `AlertsToTell.news`."""
        events = self._parts.alerts.news(organisation_id, after, limit)
        if not events:
            return NewsPage((), after)
        told = [event for event in events if event.what in _WHAT]
        alerts = self._parts.alerts.by_ids(sorted({event.alert_id for event in told}))
        units = sorted({int(alert.unit_id) for alert in alerts.values()})
        tags: dict[int, frozenset[str]] = {}
        for maker_id in {unit.organisation_id for one in units if (unit := self._parts.directory.get(one))}:
            tags |= tags_of(self._records, maker_id, units)
        news = [
            self._news(event, alert, tags.get(alert.unit_id, frozenset()))
            for event in told
            if (alert := alerts.get(event.alert_id)) is not None and _is_news(event, alert)
        ]
        return NewsPage(news, mark_of(events[-1]), more=len(events) == limit)

    def state(self, alert_ids: Sequence[int]) -> Mapping[int, AlertState]:
        """As `AlertsToTell.state`."""
        return {alert_id: self._state(alert) for alert_id, alert in self._parts.alerts.by_ids(alert_ids).items()}

    def _state(self, alert: Alert) -> AlertState:
        quiet = alert.quiet(self._parts.alerts.now)
        return AlertState(
            acknowledged_at=alert.acknowledged_at,
            cleared=not alert.standing,
            hidden=quiet is not None and quiet not in _OWN_QUIET,
            hidden_from=self._quiet_for(alert, quiet),
        )

    def _quiet_for(self, alert: Alert, quiet: Quiet | None) -> frozenset[int]:
        alerts = self._parts.alerts
        others = frozenset(
            one
            for one in self._told(alert)
            if one != alert.organisation_id and alerts.maintenance_of(one, alert.unit_id, alerts.now) is not None
        )
        return others | {int(alert.organisation_id)} if quiet in _OWN_QUIET else others

    def _news(self, event: AlertEvent, alert: Alert, tags: frozenset[str]) -> AlertNews:
        quiet = alert.quiet(self._parts.alerts.now)
        unit = self._parts.directory.get(alert.unit_id)
        told = (int(alert.organisation_id),) if event.what in _OWN_MATTER else self._told(alert)
        shown = event.evidence if evidence_from_json(event.evidence) else alert.told.evidence
        return AlertNews(
            id=event.id,
            number=event.number,
            recorded_at=event.told_at,
            alert_id=alert.id,
            organisation_id=alert.organisation_id,
            unit_id=alert.unit_id,
            what=_WHAT[event.what],
            at=event.at,
            severity=alert.severity if event.what is not Happened.SEVERITY else event.severity,
            rule=alert.rule,
            title=self._parts.alerts.texts(alert.organisation_id, alert.rule, alert.told.rule_version).title,
            product=alert.product,
            unit="" if unit is None else unit.serial,
            tags=tags,
            measured=self._measured(shown, alert),
            quiet=quiet is not None and quiet not in _OWN_QUIET,
            quiet_for=self._quiet_for(alert, quiet),
            by=self._name(event.by),
            by_organisation=0 if event.by is None else int(event.by.organisation_id),
            told=tuple(one for one in told if alert.of_product or one == alert.organisation_id),
        )

    def _told(self, alert: Alert) -> tuple[int, ...]:
        """The rule's organisation, and who held the unit when it began and holds it now; as far as it is meant for them."""
        if not alert.of_product:
            return (int(alert.organisation_id),)
        found = [int(alert.organisation_id)] if alert.told.audience in _FOR_MAKERS else []
        ledger = self._parts.ownerships.ledger
        known = ledger.unit(alert.unit_id)
        for one in sorted(known.parties()) if known is not None and alert.told.audience in _FOR_OWNERS else ():
            reach = None if one == alert.organisation_id else ledger.reach(one, alert.unit_id)
            if reach is not None and reach.now and reach.holds(alert.told.raised_at or alert.instance):
                found.append(one)
        return tuple(found)

    def _measured(self, evidence: str, alert: Alert) -> tuple[Measured, ...]:
        unit = self._parts.directory.get(alert.unit_id)
        try:
            properties = (
                {}
                if unit is None
                else self._parts.products.model(unit.organisation_id, unit.product, unit.version).properties
            )
        except NotFound:
            properties = {}
        return tuple(
            Measured(one.name, one.value, properties[one.name].unit if one.name in properties else "")
            for one in evidence_from_json(evidence)
        )

    def _name(self, by: By | None) -> str:
        try:
            return "" if by is None else self._parts.people.member(by.organisation_id, by.actor_id).person.name
        except NotFound:
            return ""


def _is_news(event: AlertEvent, alert: Alert) -> bool:
    """What comes to light again is news while it stands and nobody looks after it."""
    again = event.what in _WHAT and event.what is not Happened.RAISED and _WHAT[event.what] is What.RAISED
    return not again or (alert.standing and alert.acknowledged_at is None)


class JoinedNotifications:
    """The slice's parts, joined."""

    def __init__(
        self,
        settings: Settings,
        engines: Engines,
        parts: Parts,
        *,
        post: Callable[[Message], None],
        address: Callable[[], str],
    ) -> None:
        records, clock = engines.records, engines.clock
        private = settings.webhooks.allow_private
        people, alerts = Members(parts.people), NewsOfAlerts(records, parts)
        in_group = GroupMembers(parts.groups)
        sender = HttpSender(clock, allow_private=private)
        self.receivers = slice_.Receivers(records, clock, people=people, allow_private=private)
        self.routes = slice_.Routes(records, clock, in_group=in_group)
        self.log = slice_.Notifications(records, clock)
        self.push_subscriptions = slice_.PushSubscriptions(records, clock, allow_private=private)
        contact = parseaddr(settings.mail.sender)[1] or "monokoto@localhost"
        channels = slice_.Channels(
            clock=clock,
            sender=sender,
            pusher=slice_.Pusher(sender, clock, f"mailto:{contact}"),
            subscriptions=self.push_subscriptions,
            people=people,
            post=post,
            address=address,
        )
        self.planner = slice_.Planner(
            records, clock, alerts, in_group=in_group, thresholds=NewsOfThresholds(records, parts)
        )
        self.notifier = slice_.Deliverer(records, clock, alerts, channels)
        self._facts = engines.facts
        self._pruning: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to plan and to deliver."""
        await self.notifier.start()
        for one in (self.receivers, self.log):
            one.signal = self.notifier.signal
        self.planner.planned = self.notifier.signal
        for name in (ALERT_CHANGED, ENTITLEMENTS_THRESHOLD):
            await self._facts.listen(name, self._heard)
        await self.planner.start()
        self._pruning = asyncio.create_task(every(PRUNE_SECONDS, self.log.prune), name="notifications-prune")

    async def stop(self) -> None:
        """End; what is under way is asked again by the next process."""
        if self._pruning is not None:
            self._pruning.cancel()
            await asyncio.gather(self._pruning, return_exceptions=True)
        await self.planner.stop()
        await self.notifier.stop()

    async def _heard(self, _fact: Fact) -> None:
        self.planner.signal()


class GroupMembers:
    """Whether a unit belongs to a group; looked up again after a few seconds, so that a storm asks once."""

    def __init__(self, groups: Groups) -> None:
        self._groups = groups
        self._known: dict[tuple[int, int], tuple[float, frozenset[int]]] = {}

    def __call__(self, organisation_id: int, group_id: int, unit_id: int) -> bool:
        now = time.monotonic()
        at, members = self._known.get((organisation_id, group_id), (float("-inf"), frozenset()))
        if now - at > _GROUP_SECONDS:
            try:
                members = frozenset(self._groups.members(organisation_id, group_id))
            except NotFound:
                members = frozenset()
            self._known = {key: one for key, one in self._known.items() if now - one[0] <= _GROUP_SECONDS}
            self._known[organisation_id, group_id] = (now, members)
        return unit_id in members
