"""Billing subscriptions: drafts at the end of each period, rated again until they become documents. Blocking; called in threads.

An invoice of a subscription is named by the instant it bills up to (`sub/<subscription>/<instant>`), and its lines are what is due
by then less what other invoices say. So a run that died is simply run again: the same invoice is found under its name, its lines
are made anew, and `billed_until` moves last. Lines and what is booked change in one transaction.
Invoices within a period (`use/<subscription>/<instant>`) leave it where it is.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial

from monokoto.earn.billing import store
from monokoto.earn.billing.booking import Booked
from monokoto.earn.billing.jobs import Failure, Job, Run, Told, billed_up_to, draft_of, is_within, one_each
from monokoto.earn.billing.rater import Rater
from monokoto.earn.billing.store import BookedRow
from monokoto.earn.billing.within import PlansByThreshold, open_ones, reached
from monokoto.earn.calendar import Span
from monokoto.earn.invoices import (
    CHANGEABLE,
    Invoice,
    InvoiceFilter,
    InvoiceLine,
    Invoices,
    InvoiceState,
    Issuers,
    line_from_plain,
)
from monokoto.earn.metering import PROMPT_SECONDS
from monokoto.earn.subscriptions import Subscription, Subscriptions
from monokoto.engines.records import Records
from monokoto.kernel.clock import Clock
from monokoto.kernel.errors import MonokotoError, Unavailable

CHUNK = 500
"""Subscriptions rated together: bounds memory, and few questions are asked of the series."""
Progress = Callable[[Run], None]


class Billing:
    """The bills of all makers; every method is about one."""

    def __init__(
        self,
        records: Records,
        clock: Clock,
        *,
        rater: Rater,
        subscriptions: Subscriptions,
        invoices: Invoices,
        issuers: Issuers,
        thresholds: PlansByThreshold | None = None,
    ) -> None:
        self._records = records
        self._clock = clock
        self._rater = rater
        self._subscriptions = subscriptions
        self._invoices = invoices
        self._issuers = issuers
        self._thresholds = thresholds

    def run(self, organisation_id: int, *, progress: Progress = lambda _run: None) -> Run:
        """Draft what is due, and make documents of what has waited long enough.

        A subscription that cannot be billed (a reading its plan has no price for, say) is told in `failures` and holds up no other.
        """
        run = Run()
        self._draft(organisation_id, run, progress)
        self._draft_within(organisation_id, run, progress)
        self._correct_ended(organisation_id, run)
        self._finalise(organisation_id, run, progress)
        return run

    def preview(self, organisation_id: int, subscription_id: int) -> list[InvoiceLine]:
        """The next invoice of a subscription as it would be if its period ended as things are now: what was used so far, the
        fees that come."""
        return self.preview_of(self._subscriptions.get(organisation_id, subscription_id))

    def preview_of(self, one: Subscription) -> list[InvoiceLine]:
        """The same."""
        organisation_id, subscription_id = one.organisation_id, one.id
        now = self._clock.now()
        until = now if one.ends_at is None else min(now, one.ends_at)
        if until < one.starts_at:
            return []
        touched = self._touched(organisation_id, [subscription_id]).get(subscription_id)
        job = self._rater.job(one, until, touched, interim=True)
        (found,) = self._told(organisation_id, [job], {})
        return [told.line for told in found]

    def booked(self, organisation_id: int, jobs: Sequence[Job]) -> dict[int, list[BookedRow]]:
        """By subscription what invoices say of the jobs' periods."""
        return self._booked(organisation_id, jobs, {})

    def touch(self, organisation_id: int, since: Mapping[int, int]) -> None:
        """Something of these subscriptions (by id) came or changed that happened at this instant or later: rate it again."""
        with self._records.write() as connection:
            store.touch(connection, organisation_id, since)

    # Drafts

    def _draft(self, organisation_id: int, run: Run, progress: Progress) -> None:
        """Drafts for all that is due; a subscription that is several periods behind is billed period by period."""
        now, failed = self._clock.now(), {one.subscription_id for one in run.failures}
        moved = True
        while moved:
            moved, after = False, (-1, 0)
            while found := self._subscriptions.due(organisation_id, now, after=after, limit=CHUNK):
                after = (found[-1].next_at or 0, found[-1].id)
                touched = self._touched(organisation_id, [one.id for one in found])
                ready = [(one, one.next_at) for one in found if one.id not in failed]
                jobs = [self._rater.job(one, at, touched.get(one.id)) for one, at in ready if at is not None]
                done = self._each(organisation_id, jobs, self._draft_some, run)
                moved = moved or bool(done)
                failed |= {one.subscription_id for one in run.failures}
                run.drafted += len(done)
                progress(run)

    def _draft_some(self, organisation_id: int, jobs: Sequence[Job]) -> None:
        self._write(organisation_id, jobs)
        self._subscriptions.billed_many(organisation_id, {job.subscription.id: job.until for job in jobs})

    def sellers_within(self) -> Collection[int]:
        """Organisations that invoice usage within its period."""
        return self._thresholds.invoiced_within() if self._thresholds is not None else ()

    def _draft_within(self, organisation_id: int, run: Run, progress: Progress) -> None:
        """Drafts of what was used of open periods, where that reached an amount their plans name."""
        plans = {} if self._thresholds is None else self._thresholds.invoiced_within(organisation_id)
        now = self._clock.now()
        for page in open_ones(self._subscriptions, organisation_id, plans.get(organisation_id, ()), now, CHUNK):
            touched = self._touched(organisation_id, [one.id for one in page])
            jobs = [self._rater.job(one, now, touched.get(one.id), within=True) for one in page]
            self._each(organisation_id, jobs, lambda org, some: self._draft_reached(org, some, run), run)
            progress(run)

    def _draft_reached(self, organisation_id: int, jobs: Sequence[Job], run: Run) -> None:
        booked = self._booked(organisation_id, jobs, {})
        rated = self._rater.rate(organisation_id, jobs)
        due = [one.job for one in rated if reached(one, booked.get(one.job.subscription.id, ()), one.job.until)]
        if due:
            self._write(organisation_id, due)
            run.drafted += len(due)

    def _correct_ended(self, organisation_id: int, run: Run) -> None:
        """What came late for subscriptions that have had their last invoice gets one of its own."""
        after, now = 0, self._clock.now()
        while found := self._page_of_touched(organisation_id, after):
            after = max(found)
            over = []
            known = self._subscriptions.get_many(organisation_id, found)
            for subscription_id, since in found.items():
                one = known[subscription_id]
                if one.next_at is None and one.billed_until is not None:
                    over.append(self._rater.job(one, max(now, one.billed_until), since))
            told = self._told(organisation_id, over, {})
            jobs = [job for job, lines in zip(over, told, strict=True) if lines]
            run.drafted += len(self._each(organisation_id, jobs, self._correct_some, run))
            self._settle(organisation_id, [job for job in over if job not in jobs])

    def _correct_some(self, organisation_id: int, jobs: Sequence[Job]) -> None:
        self._write(organisation_id, jobs)

    # Documents

    def _finalise(self, organisation_id: int, run: Run, progress: Progress) -> None:
        # Usage that is stored so much later is not told as late: nothing may become a document before.
        grace = max(self._issuers.get(organisation_id).grace_seconds, PROMPT_SECONDS) * 1_000_000
        for waiting in self._ready(organisation_id, self._clock.now() - grace):
            for together in one_each(waiting):
                self._finish_each(organisation_id, together, run)
                progress(run)

    def _ready(self, organisation_id: int, ended_by: int) -> Iterator[list[Invoice]]:
        """Drafts of subscriptions whose period was over by then, page by page, the earliest period first."""
        wanted = InvoiceFilter(states=CHANGEABLE)
        before: int | None = None
        while page := self._invoices.list(organisation_id, wanted, before=before, limit=CHUNK):
            before = page[-1].id
            ready = [one for one in page if one.subscription_id is not None and billed_up_to(one) <= ended_by]
            if ready:
                yield sorted(ready, key=billed_up_to)

    def _finish_each(self, organisation_id: int, invoices: Sequence[Invoice], run: Run) -> None:
        jobs = self._jobs_of(organisation_id, invoices)
        self._each(organisation_id, jobs, lambda org, some: self._finish(org, some, run), run)

    def _finish(self, organisation_id: int, jobs: Sequence[Job], run: Run) -> None:
        """Rate once more, then make documents of what has lines."""
        lines = self._write(organisation_id, jobs)
        full = [invoice_id for invoice_id, some in lines.items() if some]
        self._invoices.finalise_many(organisation_id, full)
        for invoice_id in lines.keys() - set(full):
            self._invoices.discard(organisation_id, invoice_id, "Nothing was due.")
        run.finalised += len(full)
        run.discarded += len(lines) - len(full)
        self._settle(organisation_id, jobs)

    def _jobs_of(self, organisation_id: int, invoices: Sequence[Invoice]) -> list[Job]:
        of = {one.subscription_id: billed_up_to(one) for one in invoices if one.subscription_id is not None}
        touched = self._touched(organisation_id, list(of))
        known = self._subscriptions.get_many(organisation_id, of)
        within = {one.subscription_id for one in invoices if is_within(one)}
        return [self._rater.job(known[one], until, touched.get(one), within=one in within) for one, until in of.items()]

    # Both

    def _each(
        self, organisation_id: int, jobs: Sequence[Job], act: Callable[[int, Sequence[Job]], None], run: Run
    ) -> list[Job]:
        """Act on all together, and where that fails on each by itself; those it worked for. The others go to `run.failures`.

        Raises Unavailable: an engine is away, which is no fault of a subscription.
        """
        if not jobs:
            return []
        try:
            act(organisation_id, jobs)
        except Unavailable:
            raise
        except MonokotoError as error:
            if len(jobs) == 1:
                _failed(run, jobs[0].subscription.id, str(error))
                return []
            return [job for one in jobs for job in self._each(organisation_id, [one], act, run)]
        return list(jobs)

    def _write(self, organisation_id: int, jobs: Sequence[Job]) -> dict[int, tuple[InvoiceLine, ...]]:
        """Draft the jobs' invoices, or find them, and give them their lines; by invoice what stands on it."""
        made = self._invoices.draft_many([draft_of(job) for job in jobs])
        own = {int(job.subscription.id): int(invoice.id) for job, invoice in zip(jobs, made, strict=True)}
        told = self._told(organisation_id, jobs, own)
        lines: dict[int, tuple[InvoiceLine, ...]] = {}
        rows: list[BookedRow] = []
        for job, invoice, some in zip(jobs, made, told, strict=True):
            if invoice.state in CHANGEABLE:
                lines[invoice.id] = tuple(one.line for one in some)
                rows += [_row(job, invoice, one) for one in some]
        whose = {
            own[job.subscription.id]: int(job.subscription.id) for job in jobs if own[job.subscription.id] in lines
        }
        self._invoices.replace_many(
            organisation_id, lines, also=lambda connection: store.write_booked(connection, organisation_id, rows, whose)
        )
        return lines

    def _told(self, organisation_id: int, jobs: Sequence[Job], own: Mapping[int, int]) -> list[list[Told]]:
        if not jobs:
            return []
        span_of = partial(self._span_of, organisation_id)
        return self._rater.told(organisation_id, jobs, self._booked(organisation_id, jobs, own), span_of)

    def _span_of(self, organisation_id: int, row: BookedRow) -> Span | None:
        """What the line of an invoice says it is for."""
        for line in self._invoices.lines(organisation_id, row.invoice_id):
            if line["key"] == row.booked.key:
                return line_from_plain(line).span
        return None

    def _booked(self, organisation_id: int, jobs: Sequence[Job], own: Mapping[int, int]) -> dict[int, list[BookedRow]]:
        """What invoices say of the jobs' periods, those taken back and the jobs' `own` (by subscription) apart."""
        with self._records.read() as connection:
            since = {int(job.subscription.id): job.since for job in jobs}
            rows = store.booked_of(connection, organisation_id, since)
        states = self._invoices.states(organisation_id, {row.invoice_id for row in rows})
        found: dict[int, list[BookedRow]] = {}
        for row in rows:
            taken_back = states.get(row.invoice_id, InvoiceState.VOID) is InvoiceState.VOID
            if not taken_back and own.get(row.subscription_id) != row.invoice_id:
                found.setdefault(row.subscription_id, []).append(row)
        return found

    def _touched(self, organisation_id: int, subscription_ids: Sequence[int]) -> dict[int, int]:
        with self._records.read() as connection:
            return store.touched_of(connection, organisation_id, subscription_ids)

    def _page_of_touched(self, organisation_id: int, after: int) -> dict[int, int]:
        with self._records.read() as connection:
            return store.all_touched(connection, organisation_id, after=after, limit=CHUNK)

    def _settle(self, organisation_id: int, jobs: Sequence[Job]) -> None:
        done = {int(job.subscription.id): job.touched for job in jobs if job.touched is not None}
        if done:
            with self._records.write() as connection:
                store.settle(connection, organisation_id, done)


def _failed(run: Run, subscription_id: int, reason: str) -> None:
    """Told once, however many of its invoices wait for the same."""
    failure = Failure(subscription_id, reason)
    if failure not in run.failures:
        run.failures.append(failure)


def _row(job: Job, invoice: Invoice, told: Told) -> BookedRow:
    booked = Booked(key=told.entry.key, amount=told.entry.amount, quantity=told.entry.quantity)
    return BookedRow(job.subscription.id, invoice.id, told.began, booked)
