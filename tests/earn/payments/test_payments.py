"""Money that comes, is asked for, goes back: on what it is put, and that none of it is lost."""

from __future__ import annotations

import threading
from decimal import Decimal

import pytest
from invoices_making import ANN, FIRM, MAKER, OTHER, line
from payments_making import PaidWorld

from monokoto.earn.invoices import InvoiceState, LineKind
from monokoto.earn.ledger import Entry, Posting
from monokoto.earn.payments import BUILT_IN, Answer, Collection, Payments, PaymentState, Purpose
from monokoto.engines.records import Records
from monokoto.kernel.errors import Conflict, Invalid, NotFound, Unavailable
from monokoto.kernel.ids import format_id

SQLITE = pytest.mark.parametrize("records_kind", ["sqlite"], indirect=True)
CUSTOMER = format_id(ANN)


def test_the_oldest_is_paid_first_and_what_is_over_is_credit(world: PaidWorld) -> None:
    first, second = world.sent("10.00"), world.sent("20.00")
    world.paid("15.00")
    assert world.open(first, second) == ["0.00", "20.70"]
    assert world.invoices.get(MAKER, first).state is InvoiceState.PAID
    world.paid("30.00")
    assert (world.open(first, second), world.left()) == (["0.00", "0.00"], "9.30 EUR")
    assert (world.balance("cash:manual"), world.balance(f"credit:{CUSTOMER}")) == ("45.00", "-9.30")
    third = world.sent("10.00")
    assert world.open(third) == ["11.90"]
    assert [one.id for one in world.payments.settle(MAKER, ANN)] == [third]
    assert world.payments.settle(MAKER, ANN) == [], "asked again, nothing changes"
    assert (world.open(third), world.left()) == (["2.60"], "")
    assert world.findings() == []


@SQLITE
def test_a_payment_for_an_invoice_pays_that_first(world: PaidWorld) -> None:
    first, second = world.sent("10.00"), world.sent("20.00")
    world.paid("25.00", invoice_id=second)
    assert world.open(first, second) == ["10.70", "0.00"]
    other = world.sent("1.00", customer=FIRM)
    with pytest.raises(Invalid, match="another customer"):
        world.paid("1.00", invoice_id=other)
    with pytest.raises(NotFound):
        world.paid("1.00", invoice_id=5)


def test_the_same_payment_twice_is_one(world: PaidWorld) -> None:
    made = world.sent("10.00")
    assert world.paid("5.00", key="bank-7").id == world.paid("5.00", key="bank-7").id
    assert world.open(made) == ["6.90"]
    with pytest.raises(Conflict):
        world.paid("5.01", key="bank-7")
    assert world.findings() == []


@SQLITE
@pytest.mark.parametrize("amount", ["0.00", "-1.00", "1.005"])
def test_what_is_no_amount_is_refused(world: PaidWorld, amount: str) -> None:
    with pytest.raises(Invalid):
        world.paid(amount)
    with pytest.raises(Invalid, match="method"):
        world.paid("1.00", method="barter")
    assert world.payments.list(MAKER) == []


@SQLITE
def test_currencies_do_not_pay_each_other(world: PaidWorld) -> None:
    made = world.sent("10.00")
    world.paid("100", currency="JPY")
    assert (world.open(made), world.left()) == (["11.90"], "100 JPY")
    assert world.findings() == []


def test_a_returned_debit_is_owed_again(world: PaidWorld) -> None:
    first, second = world.sent("10.00"), world.sent("20.00")
    payment = world.paid("30.00")
    world.payments.resolve(MAKER, payment.id, PaymentState.REVERSED, reason="Account closed")
    assert (world.open(first, second), world.left()) == (["11.90", "23.80"], "")
    assert world.invoices.get(MAKER, first).state is InvoiceState.FINALISED
    assert (world.balance("cash:manual"), world.balance(f"receivable:{CUSTOMER}")) == ("0.00", "35.70")
    with pytest.raises(Conflict):
        world.payments.resolve(MAKER, payment.id, PaymentState.SUCCEEDED)
    assert [one.id for one in world.payments.failed_since(MAKER, 0, 10)] == [payment.id]
    assert world.findings() == []


def test_what_is_given_back_is_credit_and_goes_where_it_came_from(world: PaidWorld) -> None:
    made = world.sent("10.00")
    world.paid("11.90")
    world.giving.credit_note(MAKER, made, key="n", reason="Broken", lines={"l0": Decimal("4.00")})
    world.payments.settle(MAKER, ANN)
    assert (world.open(made), world.left()) == (["0.00"], "4.76 EUR")
    with pytest.raises(Conflict, match=r"credit is 4\.76"):
        world.payments.refund(MAKER, ANN, Decimal("4.77"), "EUR", method="manual", key="r0")
    sent = world.payments.refund(MAKER, ANN, Decimal("4.00"), "EUR", method="manual", key="r1")
    assert (sent.state, world.left()) == (PaymentState.SUCCEEDED, "0.76 EUR")
    assert world.payments.refund(MAKER, ANN, Decimal("4.00"), "EUR", method="manual", key="r1").id == sent.id
    assert world.balance("cash:manual") == "7.90"
    assert world.findings() == []


@SQLITE
def test_a_refund_that_does_not_arrive_is_credit_again(world: PaidWorld) -> None:
    world.paid("10.00")
    to = {"iban": "DE89370400440532013000", "holder": "Ann"}
    sent = world.payments.refund(MAKER, ANN, Decimal("6.00"), "EUR", method="sepa", key="r", **to)
    assert (sent.state, world.left()) == (PaymentState.PENDING, "4.00 EUR")
    assert world.findings() == []
    world.payments.resolve(MAKER, sent.id, PaymentState.FAILED, reason="No such account")
    assert (world.left(), world.balance("cash:sepa")) == ("10.00 EUR", "0.00")
    assert world.findings() == []


@SQLITE
def test_a_payment_of_which_some_went_back_cannot_be_taken_back(world: PaidWorld) -> None:
    payment = world.paid("10.00")
    world.payments.refund(MAKER, ANN, Decimal("1.00"), "EUR", method="manual", key="r")
    with pytest.raises(Conflict, match="sent back"):
        world.payments.resolve(MAKER, payment.id, PaymentState.REVERSED)
    assert world.payments.get(MAKER, payment.id).state is PaymentState.SUCCEEDED
    assert world.findings() == []


def test_the_sandbox_pays_refuses_and_takes_its_time(world: PaidWorld) -> None:
    rules = world.issuers.rules(MAKER)
    world.issuers.put_rules(
        MAKER, [*rules[1:], type(rules[0])(category=rules[3].category, reason="Free", country="DE")]
    )
    paid, refused, slow, never = (world.sent(amount) for amount in ("1.00", "1.13", "1.18", "1.99"))
    found = [world.payments.collect(MAKER, one, method="sandbox", key=f"c{one}").state for one in (paid, refused, slow)]
    assert found == [PaymentState.SUCCEEDED, PaymentState.FAILED, PaymentState.PENDING]
    with pytest.raises(Unavailable):
        world.payments.collect(MAKER, never, method="sandbox", key="n")
    assert world.open(paid, refused, slow, never) == ["0.00", "1.13", "1.18", "1.99"]
    with pytest.raises(Conflict, match="asked for already"):
        world.payments.collect(MAKER, slow, method="sandbox", key="again")
    assert [one.state for one in world.payments.pursue()] == [PaymentState.SUCCEEDED]
    assert world.open(slow) == ["0.00"]
    assert [one.key for one in world.payments.list(MAKER) if one.state is PaymentState.PENDING] == ["n"]
    assert world.findings() == []


@SQLITE
def test_money_paid_ahead_is_the_wallets(world: PaidWorld) -> None:
    first = world.topped_up("10.00")
    assert world.left() == ""
    made = world.sent("5.00", line("w", "-100.00", kind=LineKind.WALLET))
    assert (world.open(made), world.balance(f"wallet:{CUSTOMER}")) == (["0.00"], "-4.05")
    with pytest.raises(Conflict, match="has been used"):
        world.payments.resolve(MAKER, first.id, PaymentState.REVERSED)
    second = world.payments.top_up(MAKER, ANN, Decimal("7.00"), "EUR", method="sandbox", key="t")
    assert (second.purpose, world.balance(f"wallet:{CUSTOMER}")) == (Purpose.WALLET, "-11.05")
    assert world.findings() == []


@SQLITE
def test_a_partner_is_paid_what_is_payable(world: PaidWorld) -> None:
    share = (Posting("revenue:lamp", Decimal("8.00"), "EUR"), Posting("payable:city", Decimal("-8.00"), "EUR"))
    with world.records.write() as connection:
        world.ledger.post(connection, MAKER, Entry(key="s", at=1, title="Share", postings=share))
    with pytest.raises(Conflict, match=r"8\.00 EUR is payable"):
        world.payments.pay_out(MAKER, "city", Decimal("8.01"), "EUR", method="manual", key="o")
    world.payments.pay_out(MAKER, "city", Decimal("8.00"), "EUR", method="manual", key="o")
    assert (world.balance("payable:city"), world.balance("cash:manual")) == ("0.00", "-8.00")


def test_many_who_pay_at_once_pay_each_cent_once(world: PaidWorld) -> None:
    made = [world.sent("1.00") for _ in range(6)]
    problems: list[Exception] = []

    def work(number: int) -> None:
        try:
            for turn in range(3):
                world.paid("0.70", key=f"{number}-{turn}")
                world.paid("0.70", key="everybody")
        except Exception as error:
            problems.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert problems == []
    assert (world.balance("cash:manual"), world.left()) == ("9.10", "1.96 EUR")
    assert world.open(*made) == ["0.00"] * 6
    assert world.findings() == []


@SQLITE
def test_others_see_nothing(world: PaidWorld) -> None:
    payment = world.paid("1.00")
    assert world.payments.list(OTHER) == []
    assert world.payments.credit(OTHER, ANN) == []
    with pytest.raises(NotFound):
        world.payments.get(OTHER, payment.id)
    with pytest.raises(NotFound):
        world.payments.resolve(OTHER, payment.id, PaymentState.REVERSED)


class Slow:
    """A provider that never knows, and remembers who was asked about."""

    name = "slow"

    def __init__(self) -> None:
        self.looked: list[str] = []
        self.silent = False

    def collect(self, asked: Collection) -> Answer:
        return Answer(PaymentState.PENDING, reference=asked.key)

    def send(self, asked: Collection, *, of: str) -> Answer:
        raise NotImplementedError(asked.key, of)

    def look(self, reference: str) -> Answer:
        self.looked.append(reference)
        if self.silent:
            raise Unavailable("It does not answer.")
        return Answer(PaymentState.PENDING, reference=reference)


def test_payments_that_never_end_keep_nobody_waiting(world: PaidWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monokoto.earn.payments.asking.PAYMENT_LOOK_MAX", 3)
    slow = Slow()
    adapters = {**BUILT_IN, "slow": slow}
    payments = Payments(world.records, world.clock, ledger=world.ledger, invoices=world.invoices, adapters=adapters)
    asked = [
        payments.top_up(MAKER, ANN, Decimal("1.00"), "EUR", method="slow", key=f"t{number}") for number in range(7)
    ]
    everybody = {one.reference for one in asked}
    for _ in range(3):
        world.clock.advance(60)
        assert payments.pursue() == []
    assert set(slow.looked) == everybody, "also those behind the first three, which never end"
    slow.looked.clear()
    slow.silent = True
    payments.pursue()
    assert len(slow.looked) == 1, "who does not answer is asked once in a look"
    world.clock.advance(60)
    payments.pursue()
    assert len(set(slow.looked)) == 2


@SQLITE
def test_where_nothing_waits_nothing_is_written(world: PaidWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[object] = []
    write = Records.write
    monkeypatch.setattr(Records, "write", lambda records: written.append(records) or write(records))
    assert (world.payments.pursue(), written) == ([], [])
