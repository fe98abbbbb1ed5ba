"""Stripe, through its own SDK (the extra `monokoto[stripe]`), which is imported when there is a key.

Amounts go in smallest units. Of currencies with three digits Stripe takes no last digit, so that an amount with one is refused.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from monokoto.earn.payments.adapters.port import Answer, Collection
from monokoto.earn.payments.payment import Loss, PaymentState
from monokoto.earn.pricing import currency
from monokoto.kernel.errors import BadSettings, Invalid, Unavailable

_STATES: Final = {
    "succeeded": PaymentState.SUCCEEDED,
    "processing": PaymentState.PENDING,
    "pending": PaymentState.PENDING,
    "requires_capture": PaymentState.PENDING,
}
"""Of a payment intent or a refund; all others are failures: nobody is there to act on them."""
_TIMEOUT_SECONDS: Final = 20
_INTENTS: Final = frozenset(
    {
        "payment_intent.succeeded",
        "payment_intent.payment_failed",
        "payment_intent.canceled",
        "payment_intent.processing",
    }
)
_REFUNDS: Final = frozenset({"refund.updated", "refund.failed", "charge.refund.updated"})
_DISPUTE: Final = "charge.dispute.closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What became of a payment, as Stripe told it by itself."""

    event: str
    state: PaymentState
    reference: str
    payment: str = ""
    """Our name of it; empty: known by `paid_by`."""
    paid_by: str = ""
    """The payment intent it came by."""
    reason: str = ""
    loss: Loss | None = None
    """What a dispute took, where that is told."""


class Stripe:
    """Charges the means of payment a mandate names, when the customer is not there."""

    name = "stripe"

    def __init__(self, secret: str, *, address: str = "") -> None:
        """`address`: another than Stripe's own, for tests. Raises BadSettings when the SDK is not installed."""
        try:
            import stripe  # noqa: PLC0415
        except ImportError:
            raise BadSettings("Stripe needs its SDK.", remedy="Install monokoto[stripe].") from None
        self._sdk: Any = stripe
        http = stripe.RequestsClient(timeout=_TIMEOUT_SECONDS)
        more: dict[str, Any] = {"base_addresses": {"api": address}} if address else {}
        self._client: Any = stripe.StripeClient(secret, http_client=http, max_network_retries=2, **more)

    def collect(self, asked: Collection) -> Answer:
        if asked.mandate is None:
            raise Invalid("There is no means of payment of this customer.", remedy="PUT /api/v1/payment-mandates")
        params = {
            "amount": _smallest(asked),
            "currency": asked.currency.lower(),
            "payment_method": asked.mandate.reference,
            "confirm": True,
            "off_session": True,
            "description": asked.description,
            "metadata": {"payment": asked.key},
        }
        if asked.mandate.holder.startswith("cus_"):
            params["customer"] = asked.mandate.holder
        return self._answer(lambda: self._client.v1.payment_intents.create(params, _named(asked)))

    def send(self, asked: Collection, *, of: str) -> Answer:
        if not of:
            raise Invalid("Stripe gives back what it took, and this payment did not come through it.")
        params = {"payment_intent": of, "amount": _smallest(asked), "metadata": {"payment": asked.key}}
        return self._answer(lambda: self._client.v1.refunds.create(params, _named(asked)))

    def look(self, reference: str) -> Answer:
        kind = self._client.v1.refunds if reference.startswith("re_") else self._client.v1.payment_intents
        return self._answer(lambda: kind.retrieve(reference))

    def told(self, body: bytes, signature: str, secret: str) -> Told | None:
        """What an event says of a payment; None: it is none of those we know. Raises Invalid: its signature is not right or old."""
        try:
            self._sdk.WebhookSignature.verify_header(body, signature, secret, self._sdk.Webhook.DEFAULT_TOLERANCE)
            event = json.loads(body)
            return _told(event["type"], event["data"]["object"])
        except (self._sdk.SignatureVerificationError, UnicodeDecodeError):
            raise Invalid("The signature is not right, or too old.") from None
        except (ValueError, KeyError, TypeError, AttributeError):
            raise Invalid("This is no event of Stripe's.") from None

    def _answer(self, ask: Any) -> Answer:
        sdk = self._sdk
        try:
            found = ask()
        except sdk.CardError as error:
            return Answer(PaymentState.FAILED, reason=str(error.user_message or error))
        except (sdk.APIConnectionError, sdk.RateLimitError, sdk.APIError) as error:
            raise Unavailable(f"Stripe does not answer: {error.user_message or type(error).__name__}") from error
        except sdk.StripeError as error:
            raise Invalid(f"Stripe refuses this: {error.user_message or error}") from error
        state = _STATES.get(found.status, PaymentState.FAILED)
        reason = f"It is {found.status} at Stripe." if state is PaymentState.FAILED else ""
        return Answer(state, reference=found.id, reason=reason)


def _named(asked: Collection) -> dict[str, str]:
    return {"idempotency_key": asked.key}


def _smallest(asked: Collection) -> int:
    known = currency(asked.currency)
    amount = known.smallest(asked.amount)
    if known.digits == 3 and amount % 10:
        raise Invalid(f"Stripe takes {asked.currency} without its last digit.")
    return amount


def _told(kind: str, about: Mapping[str, Any]) -> Told | None:
    if kind in _INTENTS | _REFUNDS:
        state = _STATES.get(about["status"], PaymentState.FAILED)
        name = (about.get("metadata") or {}).get("payment", "")
        if state is PaymentState.PENDING or not name:
            return None
        error = about.get("last_payment_error") or {}
        why = error.get("message") or about.get("failure_reason") or f"It is {about['status']} at Stripe."
        reason = str(why) if state is PaymentState.FAILED else ""
        return Told(event=kind, state=state, reference=str(about["id"]), payment=str(name), reason=reason)
    if kind == _DISPUTE and about["status"] == "lost" and about.get("payment_intent"):
        known = currency(str(about["currency"]).upper())
        return Told(
            event=kind, state=PaymentState.REVERSED, reference="", paid_by=str(about["payment_intent"]),
            reason=f"Charged back: {about.get('reason') or 'no reason given'}",
            loss=Loss(
                reference=str(about["id"])[:200], amount=Decimal(int(about["amount"])).scaleb(-known.digits),
                reason=f"Charged back: {about.get('reason') or 'no reason given'}"[:500], **_fee(about),
            ),
        )  # fmt: skip
    return None


def _fee(about: Mapping[str, Any]) -> dict[str, Any]:
    """What Stripe takes for a dispute: in the currency of the account it settles to, of the moves that were."""
    moves = about.get("balance_transactions") or []
    total = sum(int(one["fee"]) for one in moves)
    codes = {str(one["currency"]).upper() for one in moves}
    if total <= 0 or len(codes) != 1:
        return {}
    code = codes.pop()
    return {"fee": Decimal(total).scaleb(-currency(code).digits), "fee_currency": code}
