"""The ledger, invoices and payments, joined with customers, mail and entitlements."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from typing import Protocol

import structlog

from monokoto.assembly.engines import Engines
from monokoto.assembly.people import Doors
from monokoto.connect.products import Products
from monokoto.earn.entitlements import Entitlements, SuspendedBy
from monokoto.earn.invoices import INVOICE_CHANGED, Address, Buyer, GivingBack, Invoice, Invoices, Issuers
from monokoto.earn.ledger import Ledger
from monokoto.earn.partners import PlanPartners, Statements
from monokoto.earn.payments import (
    PAYMENT_CHANGED,
    BankStatements,
    Hearing,
    Mandates,
    Notice,
    PassingOn,
    PaymentFiles,
    Payments,
    Providers,
    Reminding,
    payment_fact,
    worded,
)
from monokoto.earn.plans import Plans
from monokoto.earn.subscriptions import Customers
from monokoto.engines.mail import Message
from monokoto.kernel.clock import Clock, Instant, format_instant
from monokoto.kernel.errors import NotFound
from monokoto.kernel.facts import Fact
from monokoto.kernel.ids import format_id
from monokoto.settings import PaymentsSettings

LOOK_SECONDS = 60.0
_NOTICE_DAYS = 14
"""After which a notice that no mail server took is of no use."""
_log = structlog.get_logger(__name__)


class Parts(Protocol):
    """What they stand on (the platform)."""

    @property
    def customers(self) -> Customers: ...
    @property
    def entitlements(self) -> Entitlements: ...
    @property
    def plans(self) -> Plans: ...
    @property
    def products(self) -> Products: ...
    @property
    def doors(self) -> Doors: ...


class JoinedInvoicing:
    """One process's. `start` once facts are heard."""

    def __init__(
        self, settings: PaymentsSettings, engines: Engines, parts: Parts, post: Callable[[Message], None]
    ) -> None:
        records, clock = engines.records, engines.clock
        self._facts, self._clock = engines.facts, clock
        buyers, partners = KnownBuyers(parts), PlanPartners(parts.plans)
        self.ledger = Ledger(records, clock)
        self.issuers = Issuers(records, clock)
        self.invoices = Invoices(
            records, clock, ledger=self.ledger, issuers=self.issuers, customers=buyers, partners=partners
        )
        self.giving_back = GivingBack(records, clock, ledger=self.ledger, issuers=self.issuers, partners=partners)
        self.statements = Statements(self.ledger, self.invoices, partners)
        self.providers = Providers(records, clock, address=settings.stripe_url)
        self.payments = Payments(records, clock, ledger=self.ledger, invoices=self.invoices, accounts=self.providers)
        self.hearing = Hearing(self.providers, self.payments)
        self.mandates = Mandates(records, clock, customers=buyers)
        self.payment_files = PaymentFiles(records, clock, issuers=self.issuers, customers=buyers)
        self.reminding = Reminding(
            records,
            clock,
            invoices=self.invoices,
            issuers=self.issuers,
            customers=buyers,
            post=Letters(post, clock, parts),
            suspensions=ByEntitlements(parts),
        )
        self.bank_statements = BankStatements(
            records, clock, payments=self.payments, files=self.payment_files, invoices=self.invoices,
            passing_on=PassingOn(clock, invoices=self.invoices, customers=buyers, policy=self.reminding.policy),
        )  # fmt: skip
        self._awake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin: credit goes on invoices, pending payments are asked about, who does not pay is reminded."""
        for name in (INVOICE_CHANGED, PAYMENT_CHANGED):
            await self._facts.listen(name, self._heard)
        self._task = asyncio.create_task(self._run(), name="invoicing")

    async def stop(self) -> None:
        """End."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _heard(self, fact: Fact) -> None:
        customer_id = fact.data.get("customer_id")
        if fact.name == INVOICE_CHANGED and customer_id is not None:
            await self._tell(await asyncio.to_thread(self.payments.settle, fact.organisation_id, int(customer_id)))
        self._awake.set()

    async def _run(self) -> None:
        while True:
            for work in (self._pursue, self._settle_all, self._remind):
                try:
                    await work()
                except Exception:
                    _log.exception("invoicing_failed", work=work.__name__)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._awake.wait()
            self._awake.clear()

    async def _pursue(self) -> None:
        """What is told may be lost: whoever listens looks by period too."""
        for payment in await asyncio.to_thread(self.payments.pursue):
            await self._facts.tell(payment_fact(payment, self._clock.now()))

    async def _settle_all(self) -> None:
        await self._tell(await asyncio.to_thread(self.payments.settle_all))

    async def _tell(self, settled: Iterable[Invoice]) -> None:
        for invoice in settled:
            await self._facts.tell(
                Fact(
                    name=INVOICE_CHANGED, organisation_id=invoice.organisation_id, at=self._clock.now(),
                    data={"invoice_id": invoice.id, "customer_id": invoice.customer_id, "state": invoice.state.value},
                )
            )  # fmt: skip

    async def _remind(self) -> None:
        await asyncio.to_thread(self.reminding.look)


class KnownBuyers:
    """As `invoices.Customers`: what documents need of a customer."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def buyer(self, organisation_id: int, customer_id: int) -> Buyer:
        """As `Customers.buyer`."""
        found = self._parts.customers.get(organisation_id, customer_id)
        told = found.address
        return Buyer(
            customer_id=found.id,
            customer_organisation_id=found.customer_organisation_id,
            name=found.name,
            address=Address(
                street=told.street, more=told.more, postal_code=told.postal_code, city=told.city, region=told.region
            ),
            country=found.country,
            vat_id=found.vat_id,
            email=found.email,
            language=found.language,
            timezone=found.timezone,
            terms_days=found.terms_days,
        )


class ByEntitlements:
    """As `payments.Suspensions`; entitlements leave safety functions open, and what somebody closed by hand stays closed."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def suspend(self, organisation_id: int, customer_id: int, because: str) -> None:
        """As `Suspensions.suspend`."""
        self._parts.entitlements.suspend(organisation_id, customer_id, because, by=SuspendedBy.DUNNING)

    def resume(self, organisation_id: int, customer_id: int) -> None:
        """As `Suspensions.resume`."""
        self._parts.entitlements.resume(organisation_id, customer_id, by=SuspendedBy.DUNNING)


class Letters:
    """As `payments.Post`: notices as mails, in the seller's words or ours."""

    def __init__(self, post: Callable[[Message], None], clock: Clock, parts: Parts) -> None:
        self._post = post
        self._clock = clock
        self._parts = parts

    def __call__(self, notice: Notice) -> None:
        """As `Post`."""
        said = worded(notice.texts, notice.language, self._facts(notice))
        self._post(
            Message(
                to=notice.to,
                subject=said.subject,
                text=said.text,
                kind="dunning",
                until=Instant(self._clock.now() + _NOTICE_DAYS * 86_400_000_000),
                name=f"dunning-{format_id(notice.invoice_id)}-{notice.step}",
            )
        )

    def _facts(self, notice: Notice) -> dict[str, str]:
        """As `payments.FIELDS`."""
        titles = (self._title(notice.organisation_id, name) for name in notice.products)
        address = self._parts.doors.address().rstrip("/")
        return {
            "invoice": notice.label,
            "amount": f"{notice.open:f} {notice.currency}",
            "due": format_instant(notice.due_at)[:10],
            "days": str(notice.days),
            "product": ", ".join(titles),
            "pay_link": f"{address}/console/mine/invoices/{format_id(notice.invoice_id)}",
            "customer": notice.customer,
            "seller": notice.seller,
            "closes": "" if notice.suspended_at is None else format_instant(notice.suspended_at)[:10],
        }

    def _title(self, organisation_id: int, product: str) -> str:
        try:
            return self._parts.products.get(organisation_id, product).title
        except NotFound:
            return product  # named by hand on a line, or gone
