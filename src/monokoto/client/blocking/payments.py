# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""`client.payments`: Money that comes and goes: recorded, collected, sent back; mandates; files for a bank."""

from __future__ import annotations

from msgspec import UNSET, UnsetType

from monokoto.client.types import (
    BankAnswer,
    Credits,
    Direction,
    Mandate,
    Payment,
    PaymentEvent,
    PaymentFile,
    PaymentFilePage,
    PaymentPage,
    PaymentProvider,
    PaymentState,
)
from monokoto.client.wire import Api, Call, Content, Download, Pages, given, segment


class PaymentsApi:
    """Money that comes and goes: recorded, collected, sent back; mandates; files for a bank."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def get_customer_credit(self, customer: str) -> Credits:
        """What a customer has left.

        Money that pays no invoice yet; the next one takes it. Needs `earn:read`.

        Args:
            customer: Id of the customer.
        """
        call = Call(method="GET", path=f"/api/v1/customers/{segment(customer)}/credit", repeatable=True)
        return self._api.ask(call, Credits)

    def get_mandate(self, customer: str, method: str) -> Mandate:
        """By what a customer is charged.

        For one method. Needs `earn:read`. Raises NotFound.

        Args:
            customer: Id of the customer.
            method: How it is paid: manual, sandbox, sepa, stripe.
        """
        call = Call(
            method="GET", path=f"/api/v1/customers/{segment(customer)}/mandates/{segment(method)}", repeatable=True
        )
        return self._api.ask(call, Mandate)

    def put_mandate(
        self,
        customer: str,
        method: str,
        *,
        reference: str,
        signed_at: str,
        iban: str | UnsetType = UNSET,
        bic: str | UnsetType = UNSET,
        holder: str | UnsetType = UNSET,
        idempotency_key: str | None = None,
    ) -> Mandate:
        """Keep what a customer agreed to.

        In the place of what it agreed to before. Needs `earn:write`. Raises NotFound, Conflict, TooLarge.

        Args:
            customer: Id of the customer.
            method: How it is paid: manual, sandbox, sepa, stripe.
            reference: The mandate's id, or a provider's id of the means of payment (at most 200 characters).
            iban: At most 42 characters.
            bic: At most 11 characters.
            holder: At most 200 characters.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="PUT",
            path=f"/api/v1/customers/{segment(customer)}/mandates/{segment(method)}",
            body=given(reference=reference, signed_at=signed_at, iban=iban, bic=bic, holder=holder),
            key=idempotency_key,
            keyed=True,
        )
        return self._api.ask(call, Mandate)

    def remove_mandate(self, customer: str, method: str, *, idempotency_key: str | None = None) -> None:
        """A mandate is taken back.

        Asked again, nothing changes. Needs `earn:write`. Raises NotFound, Conflict, TooLarge.

        Args:
            customer: Id of the customer.
            method: How it is paid: manual, sandbox, sepa, stripe.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="DELETE",
            path=f"/api/v1/customers/{segment(customer)}/mandates/{segment(method)}",
            key=idempotency_key,
            keyed=True,
        )
        self._api.tell(call)

    def record_stripe_event(self, seller: str, *, stripe_signature: str | None = None) -> PaymentEvent:
        """Where Stripe tells what became of payments.

        For Stripe alone, which signs what it tells; told again, nothing changes. Raises TooLarge.

        Args:
            seller: Id of the organisation that sells.
            stripe_signature: As Stripe makes it (at most 2,000 characters).
        """
        call = Call(
            method="POST",
            path=f"/api/v1/payment-events/stripe/{segment(seller)}",
            headers={"Stripe-Signature": stripe_signature},
        )
        return self._api.ask(call, PaymentEvent)

    def list_payment_files(
        self, *, limit: int | None = None, cursor: str | None = None
    ) -> Pages[PaymentFilePage, PaymentFile]:
        """Files for a bank.

        The newest first. Needs `earn:read`.

        Args:
            limit: At most so many on this page (1 to 10000; default: 100).
            cursor: `next_cursor` of the page before.
        """
        call = Call(
            method="GET", path="/api/v1/payment-files", query=given(limit=limit, cursor=cursor), repeatable=True
        )
        return self._api.pages(call, PaymentFilePage, PaymentFile)

    def make_payment_file(
        self, *, kind: str, on: str | UnsetType | None = UNSET, idempotency_key: str | None = None
    ) -> PaymentFile:
        """Put what waits into a file for a bank.

        Each SEPA payment is in one file. Needs `earn:write`. Raises Conflict, TooLarge.

        Args:
            kind: pain.008 (direct debits) or pain.001 (credit transfers).
            on: The day (ISO 8601) it is carried out; null: in five days.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST", path="/api/v1/payment-files", body=given(kind=kind, on=on), key=idempotency_key, keyed=True
        )
        return self._api.ask(call, PaymentFile)

    def get_payment_file(self, file: str) -> Download:
        """A file for a bank.

        ISO 20022. Needs `earn:read`. Raises NotFound.

        Args:
            file: Id of the file.
        """
        call = Call(
            method="GET", path=f"/api/v1/payment-files/{segment(file)}", repeatable=True, accept="application/xml"
        )
        return self._api.download(call)

    def read_bank_answer(self, file: str, content: Content, *, idempotency_key: str | None = None) -> BankAnswer:
        """Say what a bank answered to a file.

        The body is the bank's payment status report (ISO 20022 pain.002). What came is booked, what was refused or
        taken back is owed again; given again, nothing changes. Needs `earn:write`. Raises NotFound, Conflict,
        TooLarge.

        Args:
            file: Id of the file.
            content: What is sent, as it is.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST",
            path=f"/api/v1/payment-files/{segment(file)}/answers",
            content=content,
            key=idempotency_key,
            keyed=True,
            content_type="application/xml",
        )
        return self._api.ask(call, BankAnswer)

    def get_payment_provider(self, method: str) -> PaymentProvider:
        """Look at an account with a provider.

        Its secrets are never shown. Needs `earn:read`. Raises NotFound.

        Args:
            method: How it is paid: manual, sandbox, sepa, stripe.
        """
        call = Call(method="GET", path=f"/api/v1/payment-providers/{segment(method)}", repeatable=True)
        return self._api.ask(call, PaymentProvider)

    def put_payment_provider(
        self, method: str, *, key: str, signing_secret: str | UnsetType = UNSET, idempotency_key: str | None = None
    ) -> PaymentProvider:
        """Keep an account with a provider.

        In the place of the one before. `stripe` is the one there is an adapter for. Needs `earn:write`. Raises
        Conflict, TooLarge.

        Args:
            method: How it is paid: manual, sandbox, sepa, stripe.
            key: Its secret or restricted key; kept sealed, never shown again (at most 300 characters).
            signing_secret: Of the webhook that calls `events`; empty: nothing is heard (at most 300 characters).
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="PUT",
            path=f"/api/v1/payment-providers/{segment(method)}",
            body=given(key=key, signing_secret=signing_secret),
            key=idempotency_key,
            keyed=True,
        )
        return self._api.ask(call, PaymentProvider)

    def remove_payment_provider(self, method: str, *, idempotency_key: str | None = None) -> None:
        """Forget an account with a provider.

        What is pending there waits until it is put there again. Needs `earn:write`. Raises Conflict, TooLarge.

        Args:
            method: How it is paid: manual, sandbox, sepa, stripe.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="DELETE", path=f"/api/v1/payment-providers/{segment(method)}", key=idempotency_key, keyed=True
        )
        self._api.tell(call)

    def list_payments(
        self,
        *,
        customer: str | None = None,
        invoice: str | None = None,
        state: PaymentState | None = None,
        direction: Direction | None = None,
        method: str | None = None,
        file: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> Pages[PaymentPage, Payment]:
        """List payments.

        The newest first. Needs `earn:read`.

        Args:
            customer: Of this customer.
            invoice: For this invoice.
            state: In this state.
            direction: in or out.
            method: Of this method (at most 32 characters).
            file: In this file for a bank.
            limit: At most so many on this page (1 to 10000; default: 100).
            cursor: `next_cursor` of the page before.
        """
        call = Call(
            method="GET",
            path="/api/v1/payments",
            query=given(customer=customer, invoice=invoice, state=state, direction=direction, method=method, file=file)
            | given(limit=limit, cursor=cursor),
            repeatable=True,
        )
        return self._api.pages(call, PaymentPage, Payment)

    def record_payment(
        self,
        *,
        customer: str,
        amount: str,
        currency: str,
        key: str,
        method: str | UnsetType = UNSET,
        wallet: bool | UnsetType = UNSET,
        invoice: str | UnsetType | None = UNSET,
        reference: str | UnsetType = UNSET,
        received_at: str | UnsetType | None = UNSET,
        idempotency_key: str | None = None,
    ) -> Payment:
        """Record money that came.

        It is put on the invoice named, then on the oldest due; what is over is credit. Needs `earn:write`. Raises
        NotFound, Conflict, TooLarge.

        Args:
            amount: Above zero, as a text: "12.30" (at most 80 characters).
            currency: ISO 4217 (at most 3 characters).
            key: The same key twice is one payment (at most 200 characters).
            method: manual, sandbox, sepa, stripe (at most 32 characters; default: manual).
            wallet: Paid ahead, into the wallet; else it pays invoices (default: false).
            invoice: Pays this one first; else the oldest due.
            reference: At most 200 characters.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST",
            path="/api/v1/payments",
            body=given(customer=customer, amount=amount, currency=currency, key=key, method=method, wallet=wallet)
            | given(invoice=invoice, reference=reference, received_at=received_at),
            key=idempotency_key,
            keyed=True,
        )
        return self._api.ask(call, Payment)

    def start_collection(self, *, invoice: str, method: str, key: str, idempotency_key: str | None = None) -> Payment:
        """Ask for what is open of an invoice.

        As the customer's mandate for the method allows. Needs `earn:write`. Raises NotFound, Conflict, TooLarge.

        Args:
            method: manual, sandbox, sepa, stripe (at most 32 characters).
            key: The same key twice is one payment (at most 200 characters).
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST",
            path="/api/v1/payments/collect",
            body=given(invoice=invoice, method=method, key=key),
            key=idempotency_key,
            keyed=True,
        )
        return self._api.ask(call, Payment)

    def get_payment(self, payment: str) -> Payment:
        """Look at a payment.

        One. Needs `earn:read`. Raises NotFound.

        Args:
            payment: Id of the payment.
        """
        call = Call(method="GET", path=f"/api/v1/payments/{segment(payment)}", repeatable=True)
        return self._api.ask(call, Payment)

    def confirm_payment(
        self,
        payment: str,
        *,
        state: PaymentState,
        reason: str | UnsetType = UNSET,
        reference: str | UnsetType = UNSET,
        idempotency_key: str | None = None,
    ) -> Payment:
        """Say what became of a payment.

        `succeeded` or `failed` of a pending one, `reversed` of one that came: its invoices are owed again. Needs
        `earn:write`. Raises NotFound, Conflict, TooLarge.

        Args:
            payment: Id of the payment.
            reason: At most 500 characters.
            reference: At most 200 characters.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST",
            path=f"/api/v1/payments/{segment(payment)}/outcome",
            body=given(state=state, reason=reason, reference=reference),
            key=idempotency_key,
            keyed=True,
        )
        return self._api.ask(call, Payment)

    def create_payout(
        self,
        *,
        partner: str,
        amount: str,
        currency: str,
        key: str,
        method: str | UnsetType = UNSET,
        iban: str | UnsetType = UNSET,
        holder: str | UnsetType = UNSET,
        idempotency_key: str | None = None,
    ) -> Payment:
        """Send a partner its share.

        No more than it is owed: `GET /api/v1/partners` says how much that is. Needs `earn:write`. Raises Conflict,
        TooLarge.

        Args:
            partner: Its name in plans (at most 100 characters).
            amount: Above zero, as a text: "12.30" (at most 80 characters).
            currency: ISO 4217 (at most 3 characters).
            key: The same key twice is one payment (at most 200 characters).
            method: manual, sandbox, sepa, stripe (at most 32 characters; default: manual).
            iban: At most 42 characters.
            holder: At most 200 characters.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST",
            path="/api/v1/payouts",
            body=given(partner=partner, amount=amount, currency=currency, key=key, method=method, iban=iban)
            | given(holder=holder),
            key=idempotency_key,
            keyed=True,
        )
        return self._api.ask(call, Payment)

    def create_refund(
        self,
        *,
        customer: str,
        amount: str,
        currency: str,
        key: str,
        method: str | UnsetType = UNSET,
        iban: str | UnsetType = UNSET,
        holder: str | UnsetType = UNSET,
        idempotency_key: str | None = None,
    ) -> Payment:
        """Send credit back to a customer.

        No more than there is; give something back by a credit note first. Needs `earn:write`. Raises NotFound,
        Conflict, TooLarge.

        Args:
            amount: Above zero, as a text: "12.30" (at most 80 characters).
            currency: ISO 4217 (at most 3 characters).
            key: The same key twice is one payment (at most 200 characters).
            method: manual, sandbox, sepa, stripe (at most 32 characters; default: manual).
            iban: At most 42 characters.
            holder: At most 200 characters.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST",
            path="/api/v1/refunds",
            body=given(customer=customer, amount=amount, currency=currency, key=key, method=method, iban=iban)
            | given(holder=holder),
            key=idempotency_key,
            keyed=True,
        )
        return self._api.ask(call, Payment)

    def start_top_up(
        self, *, customer: str, amount: str, currency: str, method: str, key: str, idempotency_key: str | None = None
    ) -> Payment:
        """Ask for money ahead.

        As the customer's mandate for the method allows; it goes into the wallet, which pays invoices when they are
        made. Needs `earn:write`. Raises NotFound, Conflict, TooLarge.

        Args:
            amount: Above zero, as a text: "12.30" (at most 80 characters).
            currency: ISO 4217 (at most 3 characters).
            method: manual, sandbox, sepa, stripe (at most 32 characters).
            key: The same key twice is one payment (at most 200 characters).
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST",
            path="/api/v1/top-ups",
            body=given(customer=customer, amount=amount, currency=currency, method=method, key=key),
            key=idempotency_key,
            keyed=True,
        )
        return self._api.ask(call, Payment)
