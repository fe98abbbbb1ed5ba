"""Charges of banks for returned debits, asked of whoever let them be returned, where the seller's policy says so. Blocking.

On an invoice of its own and not on the next one: the lines of those are rated again until they are sent, the next may be in another
currency, and somebody who left has none. It is sent at once; where it cannot be (no tax rule for it), it waits as a draft.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import structlog

from monokoto.earn.calendar import Span
from monokoto.earn.invoices import Customers, DraftInvoice, Invoice, InvoiceLine, Invoices, InvoiceState, LineKind
from monokoto.earn.payments.dunning import DunningPolicy
from monokoto.earn.payments.payment import Direction, Payment, PaymentState
from monokoto.kernel.clock import Clock
from monokoto.kernel.errors import Conflict, Invalid, NotFound
from monokoto.kernel.ids import format_id

_TITLES = {
    "en": "Charge of the bank for a returned debit, {label}",
    "ko": "자동이체 반환에 대한 은행 수수료, {label}",
}
_RETURNED = frozenset({PaymentState.FAILED, PaymentState.REVERSED})
_LINE = "bank-charge"
_log = structlog.get_logger(__name__)


class PassingOn:
    """Of all sellers."""

    def __init__(
        self, clock: Clock, *, invoices: Invoices, customers: Customers, policy: Callable[[int], DunningPolicy]
    ) -> None:
        self._clock = clock
        self._invoices = invoices
        self._customers = customers
        self._policy = policy

    def ask(self, payment: Payment, charge: Decimal, entry_id: int) -> Invoice | None:
        """The invoice over what a bank took for an entry of its statement; None: it is not passed on. Asked again, it is one."""
        policy = self._policy(payment.organisation_id)
        customer_id = payment.customer_id
        of_return = payment.direction is Direction.IN and payment.state in _RETURNED
        if not policy.pass_on_charges or not of_return or customer_id is None:
            return None
        draft = self._draft(payment, customer_id, charge, entry_id, policy.charges_tax_category)
        try:
            made = self._invoices.draft(draft)
            if made.state is not InvoiceState.DRAFT:
                return None
            return self._invoices.finalise_many(made.organisation_id, [made.id])[0]
        except (Invalid, Conflict, NotFound) as error:
            _log.warning("charge_is_not_passed_on", payment=format_id(payment.id), reason=error.message)
            return None

    def _draft(
        self, payment: Payment, customer_id: int, charge: Decimal, entry_id: int, tax_category: str
    ) -> DraftInvoice:
        organisation_id, now = payment.organisation_id, self._clock.now()
        buyer = self._customers.buyer(organisation_id, customer_id)
        label = "" if payment.invoice_id is None else self._invoices.get(organisation_id, payment.invoice_id).label
        title = _TITLES.get(buyer.language.partition("-")[0], _TITLES["en"]).format(label=label).rstrip(", ")
        line = InvoiceLine(
            key=_LINE, kind=LineKind.ONE_TIME, title=title, amount=charge, tax_category=tax_category,
            explanation={"payment": format_id(payment.id), "reason": payment.reason},
        )  # fmt: skip
        return DraftInvoice(
            organisation_id=organisation_id, customer_id=customer_id, currency=payment.currency, period=Span(now, now + 1),
            lines=(line,), key=f"{_LINE}/{format_id(entry_id)}",
        )  # fmt: skip
