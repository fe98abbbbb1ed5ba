"""Stripe through its own SDK, against a double of its API on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest
from invoices_making import ANN, MAKER
from payments_making import PaidWorld
from stripe_double import Double, stripe_double

from monokoto.earn.payments import BUILT_IN, Collection, Mandate, Payments, PaymentState
from monokoto.earn.payments.adapters.stripe import Stripe
from monokoto.kernel.errors import Invalid, Unavailable
from monokoto.kernel.ids import OrganisationId

pytest.importorskip("stripe")


@pytest.fixture
def records_kind() -> str:
    return "sqlite"


@pytest.fixture
def double() -> Iterator[Double]:
    with stripe_double() as found:
        yield found


def pay(world: PaidWorld, double: Double, means: str) -> Payments:
    adapters = {**BUILT_IN, "stripe": Stripe("sk_test_1", address=double.address)}
    payments = Payments(world.records, world.clock, ledger=world.ledger, invoices=world.invoices, adapters=adapters)
    world.mandates.put(
        Mandate(
            organisation_id=OrganisationId(MAKER),
            customer_id=ANN,
            method="stripe",
            holder="cus_1",
            reference=means,
            signed_at=world.clock.now(),
            created_at=world.clock.now(),
        )
    )
    return payments


def test_a_card_pays_and_gets_it_back(world: PaidWorld, double: Double) -> None:
    payments, made = pay(world, double, "pm_good"), world.sent("10.00")
    payment = payments.collect(MAKER, made, method="stripe", key="c")
    path, sent, key = double.asked[0]
    assert (path, sent["amount"], sent["currency"], sent["customer"]) == ("/v1/payment_intents", "1190", "eur", "cus_1")
    assert (payment.state, payment.reference) == (PaymentState.SUCCEEDED, f"pi_{key}")
    world.giving.credit_note(MAKER, made, key="n", reason="")
    payments.settle(MAKER, ANN)
    assert (
        payments.refund(MAKER, ANN, Decimal("11.90"), "EUR", method="stripe", key="r").state is PaymentState.SUCCEEDED
    )
    assert double.asked[-1][1]["payment_intent"] == payment.reference
    assert world.findings() == []


def test_what_takes_time_is_looked_at_again(world: PaidWorld, double: Double) -> None:
    payments, made = pay(world, double, "pm_slow"), world.sent("10.00")
    assert payments.collect(MAKER, made, method="stripe", key="c").state is PaymentState.PENDING
    assert [one.state for one in payments.pursue()] == [PaymentState.SUCCEEDED]
    assert world.open(made) == ["0.00"]


def test_a_card_that_is_declined_is_a_payment_that_failed(world: PaidWorld, double: Double) -> None:
    payment = pay(world, double, "pm_declined").collect(MAKER, world.sent("10.00"), method="stripe", key="c")
    assert (payment.state, payment.reason) == (PaymentState.FAILED, "Your card was declined.")


def test_what_stripe_refuses_is_told_and_what_it_does_not_answer_is_asked_again(
    world: PaidWorld, double: Double
) -> None:
    payments, made = pay(world, double, "pm_unknown"), world.sent("10.00")
    with pytest.raises(Invalid, match="No such payment method"):
        payments.collect(MAKER, made, method="stripe", key="c1")
    payments = pay(world, double, "pm_broken")
    with pytest.raises(Unavailable):
        payments.collect(MAKER, made, method="stripe", key="c2")
    first = double.asked[-1][2]
    pay(world, double, "pm_good")
    assert [one.state for one in payments.pursue()] == [PaymentState.SUCCEEDED]
    assert double.asked[-1][2] == first, "under the same name, so that nobody pays twice"
    assert world.open(made) == ["0.00"]


def test_a_last_digit_stripe_does_not_take_is_refused(double: Double) -> None:
    asked = Collection(key="k", amount=Decimal("1.001"), currency="KWD", description="")
    with pytest.raises(Invalid, match="last digit"):
        Stripe("sk_test_1", address=double.address).send(asked, of="pi_1")
