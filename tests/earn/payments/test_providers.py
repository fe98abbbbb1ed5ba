"""A seller's account with Stripe: its keys are kept sealed, and what Stripe tells by itself ends payments, once."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from invoices_making import ANN, MAKER, OTHER
from litestar import Litestar
from litestar.di import Provide
from litestar.testing import TestClient
from payments_making import PaidWorld
from stripe_double import Double, stripe_double

from monokoto.connect.tenancy import ApiKeys, Organisations
from monokoto.earn.payments import (
    BUILT_IN,
    PAYMENT_CHANGED,
    Hearing,
    Mandate,
    Payment,
    Payments,
    PaymentState,
    Providers,
    payment_fact,
)
from monokoto.earn.payments.json import payment_to_json
from monokoto.earn.payments.payment import Loss
from monokoto.earn.payments.provider_routes import PaymentProvidersController
from monokoto.kernel.errors import Invalid, NotFound, Unavailable
from monokoto.kernel.facts import Fact
from monokoto.kernel.ids import OrganisationId, format_id
from monokoto.web import Scope, authentication, exception_handlers, provide_caller

stripe = pytest.importorskip("stripe")
KEY, SECRET = "sk_test_abcdefghij", "whsec_0123456789"
HOOK = f"/api/v1/payment-events/stripe/{format_id(MAKER)}"


@pytest.fixture
def records_kind() -> str:
    return "sqlite"


@pytest.fixture
def double() -> Iterator[Double]:
    with stripe_double() as found:
        yield found


class Told:
    """Facts that only remember what was told."""

    def __init__(self) -> None:
        self.facts: list[Fact] = []

    async def tell(self, fact: Fact) -> None:
        self.facts.append(fact)


def provided(one: Any) -> Provide:
    return Provide(lambda: one, sync_to_thread=False)


class Shop:
    """A seller who is paid by card, and the application Stripe calls."""

    def __init__(self, world: PaidWorld, double: Double) -> None:
        self.world, self.double, self.told = world, double, Told()
        self.providers = Providers(world.records, world.clock, address=double.address)
        self.payments = Payments(
            world.records,
            world.clock,
            ledger=world.ledger,
            invoices=world.invoices,
            adapters=BUILT_IN,
            accounts=self.providers,
        )
        self.hearing = Hearing(self.providers, self.payments)

    def opened(self) -> Shop:
        self.providers.put(MAKER, "stripe", key=KEY, signing_secret=SECRET)
        return self

    def mandate(self, means: str) -> None:
        now = self.world.clock.now()
        self.world.mandates.put(
            Mandate(
                organisation_id=OrganisationId(MAKER), customer_id=ANN, method="stripe", reference=means, signed_at=now,
                created_at=now,
            )
        )  # fmt: skip

    def waiting(self) -> Payment:
        """A payment of 11.90 that Stripe has not answered yet."""
        self.mandate("pm_slow")
        made = self.world.sent("10.00")
        payment = self.payments.collect(MAKER, made, method="stripe", key=f"c{made}")
        assert payment.state is PaymentState.PENDING
        return payment

    def client(self) -> TestClient[Litestar]:
        given = {
            "payment_providers": self.providers,
            "payment_hearing": self.hearing,
            "facts": self.told,
            "clock": self.world.clock,
        }
        application = Litestar(
            [PaymentProvidersController],
            middleware=[authentication(ApiKeys(self.world.records, self.world.clock))],
            exception_handlers=exception_handlers,
            dependencies={
                "caller": Provide(provide_caller),
                **{name: provided(one) for name, one in given.items()},
            },
        )
        return TestClient(application)


@pytest.fixture
def shop(world: PaidWorld, double: Double) -> Shop:
    return Shop(world, double)


def event(kind: str, **about: Any) -> bytes:
    return json.dumps({"id": "evt_1", "object": "event", "type": kind, "data": {"object": about}}).encode()


def intent(payment: Payment, status: str = "succeeded", **more: Any) -> dict[str, Any]:
    return {
        "id": payment.reference,
        "object": "payment_intent",
        "status": status,
        "metadata": {"payment": format_id(payment.id)},
        **more,
    }


def signed(body: bytes, secret: str = SECRET, at: int | None = None) -> str:
    return str(stripe.WebhookSignature.generate_signature_header(body.decode(), secret, at or int(time.time())))


def test_keys_are_sealed_and_of_one_seller(shop: Shop) -> None:
    with pytest.raises(Invalid, match="no payment"):
        shop.payments.collect(MAKER, shop.world.sent("10.00"), method="stripe", key="c")
    account = shop.opened().providers.get(MAKER, "stripe")
    assert (account.key, account.signing_secret) == (KEY, SECRET)
    assert KEY not in repr(account)
    assert SECRET not in repr(account)
    with shop.world.records.read() as connection:
        kept = repr(connection.execute(sa.text("SELECT * FROM payment_providers")).all())
    assert KEY not in kept
    assert SECRET not in kept
    with pytest.raises(NotFound):
        shop.providers.get(OTHER, "stripe")
    assert shop.providers.adapter(OTHER, "stripe") is None


@pytest.mark.parametrize(
    ("method", "key", "secret", "places"),
    [
        ("paypal", KEY, "", ["method"]),
        ("stripe", "pk_test_1", "we_1", ["key", "signing_secret"]),
        ("stripe", "sk_test_1\n", "", ["key"]),
        ("stripe", "sk_" + "x" * 300, "", ["key"]),
    ],
)
def test_what_is_no_account_is_refused(shop: Shop, method: str, key: str, secret: str, places: list[str]) -> None:
    with pytest.raises(Invalid) as refused:
        shop.providers.put(MAKER, method, key=key, signing_secret=secret)
    assert [fault.place for fault in refused.value.faults] == places
    assert key not in str(refused.value)


def test_an_account_taken_away_leaves_what_is_pending(shop: Shop) -> None:
    payment = shop.opened().waiting()
    shop.providers.remove(MAKER, "stripe")
    shop.providers.remove(MAKER, "stripe")
    assert shop.payments.pursue() == []
    with pytest.raises(Invalid):
        shop.hearing.hear(MAKER, "stripe", event("payment_intent.succeeded", **intent(payment)), "")
    shop.opened()
    assert [one.state for one in shop.payments.pursue()] == [PaymentState.SUCCEEDED]


def test_what_stripe_tells_ends_a_payment_once(shop: Shop) -> None:
    payment = shop.opened().waiting()
    body = event("payment_intent.succeeded", **intent(payment))
    with shop.client() as client:
        for changed in (True, False):
            answer = client.post(HOOK, content=body, headers={"Stripe-Signature": signed(body)})
            assert (answer.status_code, answer.json()) == (200, {"changed": changed})
        late = event("payment_intent.payment_failed", **intent(payment, "requires_payment_method"))
        answer = client.post(HOOK, content=late, headers={"Stripe-Signature": signed(late)})
        assert (answer.status_code, answer.json()) == (200, {"changed": False})
    assert [(one.name, one.data["state"]) for one in shop.told.facts] == [(PAYMENT_CHANGED, "succeeded")]
    assert shop.payments.get(MAKER, payment.id).state is PaymentState.SUCCEEDED
    assert shop.world.open(payment.invoice_id or 0) == ["0.00"]
    assert shop.world.findings() == []


def test_what_failed_says_why(shop: Shop) -> None:
    payment = shop.opened().waiting()
    error = {"message": "Your card has insufficient funds."}
    body = event(
        "payment_intent.payment_failed", **intent(payment, "requires_payment_method", last_payment_error=error)
    )
    ended = shop.hearing.hear(MAKER, "stripe", body, signed(body))
    assert ended is not None
    assert (ended.state, ended.reason) == (PaymentState.FAILED, "Your card has insufficient funds.")


def test_a_charge_back_takes_the_money_back(shop: Shop) -> None:
    payment = shop.opened().waiting()
    body = event("payment_intent.succeeded", **intent(payment))
    shop.hearing.hear(MAKER, "stripe", body, signed(body))
    about = {"payment_intent": payment.reference, "currency": "eur", "reason": "fraudulent"}
    for name, amount, status, states in (("dp_1", 1190, "won", None), ("dp_2", 1190, "lost", PaymentState.REVERSED)):
        body = event("charge.dispute.closed", id=name, amount=amount, status=status, **about)
        ended = shop.hearing.hear(MAKER, "stripe", body, signed(body))
        assert (None if ended is None else ended.state) is states
    assert shop.payments.get(MAKER, payment.id).reference == payment.reference
    assert shop.world.open(payment.invoice_id or 0) == ["11.90"]
    assert shop.world.findings() == []


def test_a_dispute_lost_in_part_leaves_that_part_owed_and_is_booked_once(shop: Shop) -> None:
    payment = shop.opened().waiting()
    body = event("payment_intent.succeeded", **intent(payment))
    shop.hearing.hear(MAKER, "stripe", body, signed(body))
    fee = [{"fee": 1500, "currency": "eur"}, {"fee": 0, "currency": "eur"}]
    about = {"payment_intent": payment.reference, "currency": "eur", "reason": "product_unacceptable", "status": "lost"}
    first = event("charge.dispute.closed", id="dp_1", amount=500, balance_transactions=fee, **about)
    ended = shop.hearing.hear(MAKER, "stripe", first, signed(first))
    assert ended is not None
    assert (ended.state, f"{ended.lost}", ended.reason) == (
        PaymentState.SUCCEEDED, "5.00", "Charged back: product_unacceptable",
    )  # fmt: skip
    assert payment_fact(ended, shop.world.clock.now()).data["lost"] == "5.00"
    assert payment_to_json(ended).lost == "5.00"
    assert shop.hearing.hear(MAKER, "stripe", first, signed(first)) is None, "told twice, booked once"
    assert shop.world.open(payment.invoice_id or 0) == ["5.00"]
    balances = {one.account: f"{one.amount:f}" for one in shop.world.ledger.balances(MAKER)}
    assert (balances["cash:stripe"], balances["fees:stripe"]) == ("-8.10", "15.00")
    assert shop.world.findings() == []
    rest = event("charge.dispute.closed", id="dp_2", amount=690, **about)
    ended = shop.hearing.hear(MAKER, "stripe", rest, signed(rest))
    assert ended is not None
    assert ended.state is PaymentState.REVERSED
    assert shop.world.open(payment.invoice_id or 0) == ["11.90"]
    assert shop.world.findings() == []


def test_what_was_sent_back_already_cannot_be_lost_again(shop: Shop) -> None:
    payment = shop.opened().waiting()
    body = event("payment_intent.succeeded", **intent(payment))
    shop.hearing.hear(MAKER, "stripe", body, signed(body))
    shop.world.giving.credit_note(MAKER, payment.invoice_id or 0, key="n", reason="")
    shop.payments.settle(MAKER, ANN)
    shop.payments.lose(MAKER, payment.id, Loss(reference="dp_1", amount=Decimal("1.90")))
    assert shop.world.open(payment.invoice_id or 0) == ["0.00"]
    with pytest.raises(Invalid):
        shop.payments.lose(MAKER, payment.id, Loss(reference="dp_2", amount=Decimal("0.001")))
    assert shop.world.findings() == []


def test_what_concerns_no_payment_of_the_seller_is_heard_and_changes_nothing(shop: Shop) -> None:
    payment = shop.opened().waiting()
    by_hand = shop.world.paid("1.00")
    for body in (
        event("customer.created", id="cus_1"),
        event("payment_intent.processing", **intent(payment, "processing")),
        event("payment_intent.succeeded", id="pi_9", status="succeeded", metadata={}),
        event("payment_intent.succeeded", id="pi_9", status="succeeded", metadata={"payment": "not an id"}),
        event(
            "payment_intent.succeeded", id="pi_9", status="succeeded", metadata={"payment": format_id(payment.id + 1)}
        ),
        event("payment_intent.canceled", id="pi_9", status="canceled", metadata={"payment": format_id(by_hand.id)}),
    ):
        assert shop.hearing.hear(MAKER, "stripe", body, signed(body)) is None
    assert shop.payments.get(MAKER, payment.id).state is PaymentState.PENDING


def test_what_is_not_signed_as_it_should_be_is_refused(shop: Shop) -> None:
    payment = shop.opened().waiting()
    body = event("payment_intent.succeeded", **intent(payment))
    unheard = HOOK.replace(format_id(MAKER), format_id(OTHER))
    asked = (
        (HOOK, body, ""),
        (HOOK, body, "t=x,v1="),
        (HOOK, body, signed(body, "whsec_other")),
        (HOOK, body + b" ", signed(body)),
        (HOOK, body, signed(body, at=int(time.time()) - 3600)),
        (HOOK, b"\xff", signed(body)),
        (HOOK, b"[]", signed(b"[]")),
        (unheard, body, signed(body)),
        (HOOK.replace(format_id(MAKER), "nobody"), body, signed(body)),
    )
    with shop.client() as client:
        answers = [client.post(path, content=sent, headers={"Stripe-Signature": by}) for path, sent, by in asked]
    assert [one.status_code for one in answers] == [400] * len(asked)
    assert len({one.text for one in answers}) == 1, "and nobody is told who has an account"
    assert shop.payments.get(MAKER, payment.id).state is PaymentState.PENDING
    assert shop.told.facts == []


def test_a_payment_whose_account_is_gone_before_it_was_asked_for_waits(shop: Shop) -> None:
    shop.opened().mandate("pm_broken")
    with pytest.raises(Unavailable):
        shop.payments.collect(MAKER, shop.world.sent("10.00"), method="stripe", key="c")
    shop.providers.remove(MAKER, "stripe")
    assert shop.payments.pursue() == []
    assert [one.state for one in shop.payments.list(MAKER)] == [PaymentState.PENDING]


def test_a_seller_keeps_an_account_and_never_sees_its_keys_again(shop: Shop) -> None:
    records, clock = shop.world.records, shop.world.clock
    maker = Organisations(records, clock).create("Lamps", "lamps").id
    _, secret = ApiKeys(records, clock).create(maker, name="k", scopes={Scope.EARN_WRITE})
    headers, path = {"Authorization": f"Bearer {secret}"}, "/api/v1/payment-providers/stripe"
    with shop.client() as client:
        assert client.get(path, headers=headers).status_code == 404
        made = client.put(path, headers=headers, json={"key": "sk_live_abc", "signing_secret": SECRET})
        assert made.status_code == 200
        assert made.json() == client.get(path, headers=headers).json()
        assert (made.json()["live"], made.json()["heard"]) == (True, True)
        assert made.json()["events"] == f"/api/v1/payment-events/stripe/{format_id(maker)}"
        assert "sk_live" not in made.text
        assert SECRET not in made.text
        assert client.delete(path, headers=headers).status_code == 204
        assert client.get(path, headers=headers).status_code == 404
