"""Reminding: looks at what is overdue and does the next step of its seller's policy. A reconciler: idempotent, without input.

A step is done, then written down: a process that dies between does it again. A mail carries a name, so that it is shown once if
it comes twice; to suspend somebody twice is to suspend once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Protocol

import msgspec
import sqlalchemy as sa
import structlog
from sqlalchemy.dialects import postgresql, sqlite

from monokoto.earn.invoices import (
    Customers,
    Invoice,
    InvoiceFilter,
    Invoices,
    InvoiceState,
    Issuers,
    line_from_plain,
)
from monokoto.earn.payments.dunning import DAY, Act, Due, DunningPolicy, checked, due_step, step_ahead
from monokoto.earn.payments.pausing import Pauses
from monokoto.earn.payments.tables import dunning_policies, dunning_steps, payment_accounts
from monokoto.earn.payments.wording import NoticeText
from monokoto.engines.records import Records
from monokoto.kernel.clock import Clock
from monokoto.kernel.errors import MonokotoError
from monokoto.kernel.limits import DUNNING_LOOK_MAX

_INSERTS: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What a customer is told."""

    organisation_id: int
    invoice_id: int
    step: int
    to: str
    language: str
    seller: str
    customer: str
    label: str
    open: Decimal
    currency: str
    due_at: int
    suspended_at: int | None
    """When what it bought is closed unless it has paid; None: that does not follow."""
    days: int = 0
    """How many it is overdue."""
    products: tuple[str, ...] = ()
    """What it is for, by name."""
    texts: Mapping[str, NoticeText] = field(default_factory=dict)
    """The seller's own words for this step, by language."""


class Post(Protocol):
    """Sends notices."""

    def __call__(self, notice: Notice) -> None:
        """Take it for good. Raises Unavailable."""
        ...


class Suspensions(Protocol):
    """Closes and opens what customers bought. Idempotent; never a safety function."""

    def suspend(self, organisation_id: int, customer_id: int, because: str) -> None:
        """From now on."""
        ...

    def resume(self, organisation_id: int, customer_id: int) -> None:
        """From now on."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class DoneStep:
    """A step that was done."""

    step: int
    act: Act
    told: str
    """Whom."""
    at: int
    paused: int = 0
    """How long reminding had been paused by then, µs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owing:
    """An invoice that is overdue."""

    invoice: Invoice
    done: tuple[DoneStep, ...]
    paused: bool
    """Whether nothing is done about it for now."""
    next: Act | None = None
    """What comes next; None: nothing more."""
    next_at: int | None = None
    """When; past: with the next look. While it is paused, so much later as the pause takes."""


class Reminding:
    """The policies of all sellers, and what they make happen."""

    def __init__(
        self,
        records: Records,
        clock: Clock,
        *,
        invoices: Invoices,
        issuers: Issuers,
        customers: Customers,
        post: Post,
        suspensions: Suspensions,
    ) -> None:
        self._records = records
        self._clock = clock
        self._invoices = invoices
        self._issuers = issuers
        self._customers = customers
        self._post = post
        self._suspensions = suspensions
        self._after = 0
        self.pauses = Pauses(records, clock)

    # The policy

    def policy(self, organisation_id: int) -> DunningPolicy:
        """What a seller said; nothing: nobody is reminded."""
        query = sa.select(dunning_policies.c.text).where(dunning_policies.c.organisation_id == organisation_id)
        with self._records.read() as connection:
            text = connection.execute(query).scalar_one_or_none()
        return DunningPolicy() if text is None else msgspec.json.decode(text, type=DunningPolicy)

    def put_policy(self, organisation_id: int, policy: DunningPolicy) -> DunningPolicy:
        """Say it anew; steps already done stay done. Raises Invalid."""
        text = msgspec.json.encode(checked(policy)).decode()
        row = {"organisation_id": organisation_id, "text": text, "changed_at": self._clock.now()}
        with self._records.write() as connection:
            statement = _INSERTS[connection.dialect.name](dunning_policies).values(row)
            keys = [dunning_policies.c.organisation_id]
            connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=row))
        return policy

    def steps(self, organisation_id: int, invoice_id: int) -> list[DoneStep]:
        """What was done about an invoice."""
        table = dunning_steps.c
        query = (
            sa.select(dunning_steps)
            .where(table.organisation_id == organisation_id, table.invoice_id == invoice_id)
            .order_by(table.step)
        )
        with self._records.read() as connection:
            return [
                DoneStep(step=row.step, act=Act(row.act), told=row.told, at=row.at, paused=row.paused)
                for row in connection.execute(query)
            ]

    def owing(self, organisation_id: int, *, after: int = 0, limit: int) -> list[Owing]:
        """What is overdue of a seller, by the invoice's id past one: what was done about it, and what comes next and when."""
        policy, now = self.policy(organisation_id), self._clock.now()
        found = []
        for invoice in self._invoices.overdue(organisation_id, after=after, limit=limit):
            pause = self.pauses.of(organisation_id, invoice.id)
            paused = pause.total(now)
            steps = self.steps(organisation_id, invoice.id)
            done = {one.step: one.at + paused - one.paused for one in steps}
            ahead = step_ahead(policy, (invoice.due_at or 0) + paused, done)
            told = Owing(invoice=invoice, done=tuple(steps), paused=pause.goes_on(now))
            found.append(told if ahead is None else replace(told, next=ahead[0].act, next_at=ahead[1]))
        return found

    # The reconciler

    def look(self) -> int:
        """One look at a part of what is overdue, of all organisations, and at who is suspended; how many steps were done."""
        found = self._invoices.overdue(after=self._after, limit=DUNNING_LOOK_MAX)
        self._after = found[-1].id if len(found) == DUNNING_LOOK_MAX else 0
        policies: dict[int, DunningPolicy] = {}
        done = 0
        for invoice in found:
            policy = policies.get(invoice.organisation_id)
            if policy is None:
                policy = policies[invoice.organisation_id] = self.policy(invoice.organisation_id)
            try:
                done += self._next(invoice, policy)
            except MonokotoError as error:
                _log.warning("reminding_waits", invoice=invoice.label, reason=error.message)
        self._resume()
        return done

    def _next(self, invoice: Invoice, policy: DunningPolicy) -> int:
        now = self._clock.now()
        pause = self.pauses.of(invoice.organisation_id, invoice.id)
        if pause.goes_on(now):
            return 0
        paused = pause.total(now)
        steps = self.steps(invoice.organisation_id, invoice.id)
        # Only pauses since a step put off what follows it.
        done: Mapping[int, int] = {one.step: one.at + paused - one.paused for one in steps}
        due = due_step(policy, (invoice.due_at or 0) + paused, done, now)
        if due is None:
            return 0
        told = self._tell(invoice, due) if due.step.act is Act.NOTICE else self._suspend(invoice)
        if told is None:
            return 0
        row = {
            "organisation_id": invoice.organisation_id,
            "invoice_id": invoice.id,
            "step": due.number,
            "act": due.step.act.value,
            "told": told,
            "at": self._clock.now(),
            "paused": paused,
        }
        with self._records.write() as connection:
            statement = _INSERTS[connection.dialect.name](dunning_steps).values(row)
            connection.execute(statement.on_conflict_do_nothing())
        return 1

    def _tell(self, invoice: Invoice, due: Due) -> str | None:
        """Whom was told; None: there is nobody to tell, and without a notice nothing follows."""
        buyer = self._customers.buyer(invoice.organisation_id, invoice.customer_id)
        if not buyer.email:
            return None
        due_at = invoice.due_at or 0
        self._post(
            Notice(
                organisation_id=invoice.organisation_id,
                invoice_id=invoice.id,
                step=due.number,
                to=buyer.email,
                language=buyer.language,
                seller=self._issuers.get(invoice.organisation_id).name,
                customer=buyer.name,
                label=invoice.label,
                open=invoice.open,
                currency=invoice.currency,
                due_at=due_at,
                suspended_at=due.suspended_at,
                days=(self._clock.now() - due_at) // DAY,
                products=self._products(invoice),
                texts=due.step.texts,
            )
        )
        return buyer.email

    def _products(self, invoice: Invoice) -> tuple[str, ...]:
        lines = self._invoices.lines(invoice.organisation_id, invoice.id)
        named = (line_from_plain(one) for one in lines)
        return tuple(dict.fromkeys(one.revenue_of for one in named if one.meter or one.product))

    def _suspend(self, invoice: Invoice) -> str:
        organisation_id, customer_id = invoice.organisation_id, invoice.customer_id
        self._suspensions.suspend(organisation_id, customer_id, f"{invoice.label} is not paid")
        row = {
            "organisation_id": organisation_id,
            "customer_id": customer_id,
            "suspended_at": self._clock.now(),
            "suspended_for": invoice.id,
        }
        with self._records.write() as connection:
            statement = _INSERTS[connection.dialect.name](payment_accounts).values(row)
            keys = [payment_accounts.c.organisation_id, payment_accounts.c.customer_id]
            connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=row))
        return ""

    def _resume(self) -> None:
        """Whoever paid what it was suspended for, or of whom nothing is asked any more, has everything again."""
        suspended = payment_accounts.c.suspended_at
        query = sa.select(payment_accounts).where(suspended.is_not(None)).order_by(suspended).limit(DUNNING_LOOK_MAX)
        with self._records.read() as connection:
            rows = list(connection.execute(query))
        for row in rows:
            if self._still_owed(row.organisation_id, row.customer_id):
                continue
            self._suspensions.resume(row.organisation_id, row.customer_id)
            with self._records.write() as connection:
                connection.execute(
                    payment_accounts.update()
                    .where(
                        payment_accounts.c.organisation_id == row.organisation_id,
                        payment_accounts.c.customer_id == row.customer_id,
                    )
                    .values(suspended_at=None, suspended_for=None)
                )

    def _still_owed(self, organisation_id: int, customer_id: int) -> bool:
        """Whether an invoice somebody was suspended for is open."""
        wanted = InvoiceFilter(states=frozenset({InvoiceState.FINALISED}), customer_id=customer_id)
        owed = self._invoices.list(organisation_id, wanted, limit=DUNNING_LOOK_MAX)
        return any(step.act is Act.SUSPEND for invoice in owed for step in self.steps(organisation_id, invoice.id))
