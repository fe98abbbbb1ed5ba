"""What is billed together, and the names of what comes of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from monokoto.earn.billing.booking import Entry
from monokoto.earn.billing.due import Due, Stretch
from monokoto.earn.calendar import Span
from monokoto.earn.invoices import DraftInvoice, Invoice, InvoiceLine
from monokoto.earn.subscriptions import Subscription
from monokoto.kernel.ids import format_id

_NEVER = 1 << 62
_END, _WITHIN = "sub", "use"
"""How the names of invoices begin: those at the end of a period, those within it."""


@dataclass(frozen=True, slots=True)
class Job:
    """One subscription to be billed up to an instant."""

    subscription: Subscription
    until: int
    since: int
    """From where on its periods are rated."""
    touched: int | None = None
    """Since when something came late, where it did."""
    interim: bool = False
    """A preview: what is not due yet counts, too."""
    within: bool = False
    """An invoice within a period: what was used so far is due."""

    @property
    def closed(self) -> int:
        """Up to when other invoices said what was used, also where they found nothing and there is none of them, µs."""
        one = self.subscription
        if one.billed_until is not None and one.billed_until < self.until:
            return one.billed_until
        return _period(self).start


@dataclass(frozen=True, slots=True)
class Rated:
    """What a job came to."""

    job: Job
    stretches: tuple[Stretch, ...]
    dues: tuple[Due, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """A line of an invoice, what it books, and the period that belongs to (by when it began)."""

    line: InvoiceLine
    entry: Entry
    began: int


@dataclass(frozen=True, slots=True)
class Failure:
    """A subscription that could not be billed; it is tried again by the next run."""

    subscription_id: int
    reason: str


@dataclass(slots=True)
class Run:
    """What a run did."""

    drafted: int = 0
    finalised: int = 0
    discarded: int = 0
    """Drafts on which nothing stood."""
    failures: list[Failure] = field(default_factory=list)


def draft_of(job: Job) -> DraftInvoice:
    """The invoice of a job, without its lines."""
    one = job.subscription
    return DraftInvoice(
        organisation_id=one.organisation_id, customer_id=one.payer_id, currency=one.currency, period=_period(job), lines=(),
        key=f"{_WITHIN if job.within else _END}/{format_id(one.id)}/{job.until}", subscription_id=one.id,
    )  # fmt: skip


def billed_up_to(invoice: Invoice) -> int:
    """The instant an invoice of a subscription bills up to, from its name; past every instant for one that was made by hand."""
    kind, _, rest = invoice.key.partition("/")
    until = rest.rpartition("/")[2]
    return int(until) if kind in {_END, _WITHIN} and until.isdigit() else _NEVER


def is_within(invoice: Invoice) -> bool:
    """Whether it invoices usage of a period that goes on."""
    return invoice.key.startswith(f"{_WITHIN}/")


def _period(job: Job) -> Span:
    """The period that ended, or at the very beginning the one that begins."""
    one = job.subscription
    if job.until <= one.starts_at:
        return one.period(one.starts_at).span
    last = min(job.until, one.ends_at or job.until) - 1
    return one.period(last).span


def one_each(invoices: Sequence[Invoice]) -> Iterator[list[Invoice]]:
    """In rounds with at most one invoice of a subscription, those given first in the first."""
    left = list(invoices)
    while left:
        seen: set[int | None] = set()
        now: list[Invoice] = []
        later: list[Invoice] = []
        for one in left:
            (later if one.subscription_id in seen else now).append(one)
            seen.add(one.subscription_id)
        yield now
        left = later
