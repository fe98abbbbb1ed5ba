"""To try things out: no money moves, and the amount decides what happens.

... .13   refused: not enough money
... .17   pending, and refused when it is looked at
... .18   pending, and paid when it is looked at
... .99   nobody answers
all else  paid
"""

from __future__ import annotations

from monokoto.earn.payments.adapters.port import Answer, Collection
from monokoto.earn.payments.payment import PaymentState
from monokoto.earn.pricing import currency
from monokoto.kernel.errors import Unavailable

_REFUSED = Answer(PaymentState.FAILED, reason="Not enough money (sandbox)")


class Sandbox:
    """Answers by the last two digits."""

    name = "sandbox"

    def collect(self, asked: Collection) -> Answer:
        ending = currency(asked.currency).smallest(asked.amount) % 100
        if ending == 99:
            raise Unavailable("The sandbox does not answer to amounts that end in 99.")
        if ending == 13:
            return _REFUSED
        state = PaymentState.PENDING if ending in {17, 18} else PaymentState.SUCCEEDED
        return Answer(state, reference=f"sandbox-{ending}-{asked.key}")

    def send(self, asked: Collection, *, of: str) -> Answer:
        return self.collect(asked)

    def look(self, reference: str) -> Answer:
        if reference.startswith("sandbox-17-"):
            return _REFUSED
        return Answer(PaymentState.SUCCEEDED, reference=reference)
