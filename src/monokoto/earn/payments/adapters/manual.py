"""By hand: somebody saw the money on an account, or sent it."""

from __future__ import annotations

from monokoto.earn.payments.adapters.port import Answer, Collection
from monokoto.earn.payments.payment import PaymentState
from monokoto.kernel.errors import Invalid


class Manual:
    """Nothing is asked of anybody; what is recorded has happened."""

    name = "manual"

    def collect(self, asked: Collection) -> Answer:
        raise Invalid(f"Nobody can be made to pay {asked.key} by hand.", remedy="Record the payment when it is there.")

    def send(self, asked: Collection, *, of: str) -> Answer:
        return Answer(PaymentState.SUCCEEDED, reference=of)

    def look(self, reference: str) -> Answer:
        return Answer(PaymentState.SUCCEEDED, reference=reference)
