"""SEPA: payments wait until they are put into a file for the bank, and then until somebody says what the bank said."""

from __future__ import annotations

from monokoto.earn.payments.adapters.port import Answer, Collection
from monokoto.earn.payments.payment import PaymentState
from monokoto.kernel.errors import Invalid


class Sepa:
    """Direct debits (pain.008) in, credit transfers (pain.001) out; euro only."""

    name = "sepa"

    def collect(self, asked: Collection) -> Answer:
        _euro(asked)
        if asked.mandate is None or not asked.mandate.iban:
            raise Invalid("There is no SEPA mandate of this customer.", remedy="PUT /api/v1/payment-mandates")
        return Answer(PaymentState.PENDING)

    def send(self, asked: Collection, *, of: str) -> Answer:
        _euro(asked)
        return Answer(PaymentState.PENDING, reference=of)

    def look(self, reference: str) -> Answer:
        return Answer(PaymentState.PENDING, reference=reference)


def _euro(asked: Collection) -> None:
    if asked.currency != "EUR":
        raise Invalid(f"SEPA moves euro, not {asked.currency}.")
