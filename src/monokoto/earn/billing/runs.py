"""Runs for all organisations: one at a time for each, by period, by signal, and when somebody asks. Blocking; called in threads."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Protocol

import structlog

from monokoto.earn.billing import store
from monokoto.earn.billing.jobs import Run
from monokoto.earn.billing.service import Billing
from monokoto.earn.calendar import Span
from monokoto.earn.invoices import Invoices
from monokoto.earn.metering import Touched
from monokoto.earn.subscriptions import Subscriptions
from monokoto.engines.records import Records
from monokoto.kernel.clock import Clock, Instant
from monokoto.kernel.errors import MonokotoError
from monokoto.kernel.ids import format_id
from monokoto.kernel.limits import BILLING_FAILURES_KNOWN_MAX, BILLING_TOUCHED_AT_ONCE

_USAGE, _OUTAGES = "usage", "outages"
"""What is looked through; names of marks."""
_log = structlog.get_logger(__name__)


class TouchedUsage(Protocol):
    """What is asked of metering: whose usage came late or was corrected."""

    def touched(self, mark: int, limit: int) -> tuple[list[Touched], int]:
        """As `Metering.touched`."""
        ...


class OutageNews(Protocol):
    """What is asked of those who know when units were not available: what they say otherwise by now."""

    def counts(self) -> Mapping[int, int]:
        """By organisation how often anything was said that may concern its plans' promises."""
        ...

    def changed(self, organisation_id: int, mark: int, limit: int) -> tuple[list[tuple[str, int, int]], int]:
        """What was said past a count: products, units, and since when another is true of them; the count to go on from."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RunState:
    """An organisation's last run, or the one that goes on."""

    began_at: Instant
    ended_at: Instant | None = None
    """None: it goes on."""
    run: Run = field(default_factory=Run)
    error: str = ""
    """What broke it off; empty: it was done."""


class BillingRuns:
    """The runs of one process. What they did is known until it ends: what failed is tried again, and told again, by the next."""

    def __init__(
        self,
        records: Records,
        clock: Clock,
        *,
        billing: Billing,
        subscriptions: Subscriptions,
        invoices: Invoices,
        usage: TouchedUsage,
        outages: OutageNews | None = None,
    ) -> None:
        self._records = records
        self._clock = clock
        self._billing = billing
        self._subscriptions = subscriptions
        self._invoices = invoices
        self._usage = usage
        self._outages = outages
        self._locks: defaultdict[int, threading.Lock] = defaultdict(threading.Lock)
        self._following = threading.Lock()
        self._states: dict[int, RunState] = {}
        self._known: set[tuple[int, int, str]] = set()

    def state(self, organisation_id: int) -> RunState | None:
        """The last run, or the one that goes on; None: there was none since this process began."""
        return self._states.get(organisation_id)

    def run(self, organisation_id: int) -> RunState:
        """Run now, or after the run that goes on. Raises Unavailable."""
        with self._alone(organisation_id):
            begun = self._states[organisation_id] = RunState(began_at=self._clock.now())
            try:
                done = self._billing.run(
                    organisation_id, progress=lambda run: self._progress(organisation_id, begun, run)
                )
            except Exception as error:
                self._states[organisation_id] = replace(begun, ended_at=self._clock.now(), error=_reason(error))
                raise
            ended = replace(begun, ended_at=self._clock.now(), run=done)
            self._states[organisation_id] = ended
        for failure in done.failures:
            self._tell_once(organisation_id, failure.subscription_id, failure.reason)
        return ended

    def run_now(self, organisation_id: int) -> RunState:
        """Follow what came late, then run. Raises Unavailable."""
        self._follow_all()
        return self.run(organisation_id)

    def look(self) -> list[int]:
        """Follow what came late, then run every organisation with something to do; those for which documents were made."""
        self._follow_all()
        made = []
        for organisation_id in self._sellers():
            try:
                if self.run(organisation_id).run.finalised:
                    made.append(organisation_id)
            except Exception as error:  # one organisation's trouble is no other's
                self._tell_once(organisation_id, 0, _reason(error))
        return made

    def follow(self) -> int:
        """See to it that a page of usage that came late or was corrected is rated again where it was billed; how much it was."""
        with self._following:
            return self._follow()

    def follow_outages(self) -> int:
        """The same for a page of each organisation's outages that were told late or otherwise."""
        if self._outages is None:
            return 0
        with self._following:
            with self._records.read() as connection:
                marks = store.marks(connection, _OUTAGES)
            return sum(
                self._follow_outages(self._outages, organisation_id, marks.get(organisation_id, 0))
                for organisation_id, count in self._outages.counts().items()
                if count > marks.get(organisation_id, 0)
            )

    def _follow_outages(self, outages: OutageNews, organisation_id: int, mark: int) -> int:
        found, after = outages.changed(organisation_id, mark, BILLING_TOUCHED_AT_ONCE)
        first: dict[tuple[str, int], int] = {}
        for product, unit_id, at in found:
            first[product, unit_id] = min(first.get((product, unit_id), at), at)
        with self._alone(organisation_id):
            self._touch(organisation_id, [(*which, at) for which, at in first.items()])
        with self._records.write() as connection:
            store.set_mark(connection, _OUTAGES, after, organisation_id)
        return len(found)

    def _follow(self) -> int:
        with self._records.read() as connection:
            mark = store.marks(connection, _USAGE).get(store.PLATFORM, 0)
        found, after = self._usage.touched(mark, BILLING_TOUCHED_AT_ONCE)
        if after == mark:
            return 0
        for organisation_id, touched in _by_organisation(found).items():
            # A run that goes on may have read usage before this came: what it billed is known when it is over.
            with self._alone(organisation_id):
                self._touch(organisation_id, touched)
        with self._records.write() as connection:
            store.set_mark(connection, _USAGE, after)
        return len(found)

    def _follow_all(self) -> None:
        while self.follow():
            pass
        while self.follow_outages():
            pass

    def _touch(self, organisation_id: int, touched: Sequence[tuple[str, int, int]]) -> None:
        now, since = self._clock.now(), dict[int, int]()
        for product, unit_id, first_at in touched:
            span = Span(first_at, max(now, first_at + 1))
            for one in self._subscriptions.touching(organisation_id, product, unit_id, span):
                if one.billed_until is not None and first_at < one.billed_until:
                    at = max(first_at, one.starts_at)
                    since[one.id] = min(since.get(one.id, at), at)
        if since:
            self._billing.touch(organisation_id, since)

    def _sellers(self) -> list[int]:
        with self._records.read() as connection:
            touched = store.touched_organisations(connection)
        return sorted(
            {
                *self._subscriptions.sellers_due(),
                *self._billing.sellers_within(),
                *touched,
                *self._invoices.sellers_of_drafts(),
            }
        )

    def _progress(self, organisation_id: int, begun: RunState, run: Run) -> None:
        self._states[organisation_id] = replace(begun, run=replace(run, failures=list(run.failures)))

    @contextmanager
    def _alone(self, organisation_id: int) -> Iterator[None]:
        with self._locks[organisation_id]:
            yield

    def _tell_once(self, organisation_id: int, subscription_id: int, reason: str) -> None:
        told = (organisation_id, subscription_id, reason)
        if told in self._known:
            return
        if len(self._known) >= BILLING_FAILURES_KNOWN_MAX:
            self._known.clear()
        self._known.add(told)
        _log.warning(
            "billing_failed", organisation=organisation_id, reason=reason,
            subscription=format_id(subscription_id) if subscription_id else "",
        )  # fmt: skip


def _reason(error: Exception) -> str:
    return error.message if isinstance(error, MonokotoError) else f"{type(error).__name__}: {error}"


def _by_organisation(found: Sequence[Touched]) -> dict[int, list[tuple[str, int, int]]]:
    """By organisation: product, unit, and the earliest instant of any of its meters."""
    first: dict[tuple[int, str, int], int] = {}
    for one in found:
        key = (one.organisation_id, one.meter.partition("/")[0], one.unit_id)
        first[key] = min(first.get(key, one.first_at), one.first_at)
    gathered: dict[int, list[tuple[str, int, int]]] = {}
    for (organisation_id, product, unit_id), at in first.items():
        gathered.setdefault(organisation_id, []).append((product, unit_id, at))
    return gathered
