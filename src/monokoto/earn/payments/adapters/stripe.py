"""Stripe, through its own SDK (the extra `monokoto[stripe]`), which is imported when there is a key.

Amounts go in smallest units. Of currencies with three digits Stripe takes no last digit, so that an amount with one is refused.
"""

from __future__ import annotations

from typing import Any, Final

from monokoto.earn.payments.adapters.port import Answer, Collection
from monokoto.earn.payments.payment import PaymentState
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
