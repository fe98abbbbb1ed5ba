"""Credit notes, void, uncollectible: what was sent is taken back by documents, and never for more than it charged."""

from __future__ import annotations

import random
from decimal import Decimal

import pytest
from invoices_making import ANN, MAKER, World, line

from monokoto.earn.invoices import InvoiceState, LineKind, discount_lines
from monokoto.earn.pricing import Coupon, currency
from monokoto.kernel.errors import Conflict, Invalid
from monokoto.kernel.ids import format_id

SQLITE = pytest.mark.parametrize("records_kind", ["sqlite"], indirect=True)


def amounts(**lines: str) -> dict[str, Decimal]:
    return {key: Decimal(amount) for key, amount in lines.items()}


def test_a_part_is_given_back_and_then_the_rest(world: World) -> None:
    made = world.sent("10.05", "0.01", line("r", "3.33", tax_category="reduced"))
    gross = world.invoices.get(MAKER, made).gross
    for key, some in (("one", amounts(l0="3.35")), ("two", amounts(l0="3.35", r="1.11")), ("three", None)):
        note = world.giving.credit_note(MAKER, made, key=key, reason="Too loud", lines=some)
        assert world.giving.credit_note(MAKER, made, key=key, reason="Too loud", lines=some) == note
    after = world.invoices.get(MAKER, made)
    assert (after.credited, after.open, after.state) == (gross, 0, InvoiceState.PAID)
    assert [one.label for one in world.invoices.documents(MAKER, made)][1:] == [
        f"CN-2026-00000{number}" for number in (1, 2, 3)
    ]
    assert {one.account: str(one.amount) for one in world.ledger.balances(MAKER) if one.amount} == {}
    with pytest.raises(Conflict, match="left to give back"):
        world.giving.credit_note(MAKER, made, key="four", reason="")
    assert world.findings() == []


@SQLITE
@pytest.mark.parametrize(
    ("some", "why"),
    [
        (amounts(l0="10.01"), "10.00 of it is left"),
        (amounts(l0="-1.00"), "10.00 of it is left"),
        (amounts(l0="0.00"), "10.00 of it is left"),
        (amounts(l0="0.005"), "more digits"),
        (amounts(other="1.00"), "no such line"),
    ],
)
def test_what_was_not_charged_is_not_given_back(world: World, some: dict[str, Decimal], why: str) -> None:
    made = world.sent("10.00")
    with pytest.raises(Invalid) as refused:
        world.giving.credit_note(MAKER, made, key="k", reason="", lines=some)
    assert why in str(refused.value)
    assert len(world.invoices.documents(MAKER, made)) == 1


@SQLITE
def test_a_discounted_line_is_given_back_with_its_discount(world: World) -> None:
    lines = [line("a", "10.00"), line("b", "10.00", tax_category="reduced")]
    half = discount_lines(lines, [("h", "Half", Coupon(percent=Decimal(50)))], currency("EUR"))
    made = world.sent(*lines, *half)
    with pytest.raises(Conflict, match="the discounts"):
        world.giving.credit_note(MAKER, made, key="k", reason="", lines=amounts(a="10.00"))
    both = {"a": Decimal("10.00"), "discount:h:a": Decimal("-5.00")}
    note = world.giving.credit_note(MAKER, made, key="k", reason="", lines=both)
    assert str(note.gross) == "5.95"
    assert str(world.giving.credit_note(MAKER, made, key="rest", reason="").gross) == "5.35"
    assert world.findings() == []


def test_a_whole_invoice_is_taken_back(world: World) -> None:
    made = world.sent("10.00")
    void = world.giving.void(MAKER, made, "Wrong customer")
    assert (void.state, void.open, void.reason) == (InvoiceState.VOID, 0, "Wrong customer")
    assert world.giving.void(MAKER, made, "again") == void
    assert [one.kind.value for one in world.invoices.documents(MAKER, made)] == ["invoice", "credit-note"]
    assert not [one for one in world.ledger.balances(MAKER) if one.amount]
    for refused in (
        lambda: world.giving.credit_note(MAKER, made, key="k", reason=""),
        lambda: world.giving.uncollectible(MAKER, made, ""),
    ):
        with pytest.raises(Conflict):
            refused()
    assert world.findings() == []


@SQLITE
def test_what_is_partly_given_back_is_not_void(world: World) -> None:
    made = world.sent("10.00")
    world.giving.credit_note(MAKER, made, key="k", reason="", lines=amounts(l0="1.00"))
    with pytest.raises(Conflict, match="Give the rest back"):
        world.giving.void(MAKER, made, "")


def test_nobody_will_pay_and_then_somebody_will(world: World) -> None:
    made, customer = world.sent("10.00"), format_id(ANN)
    lost = world.giving.uncollectible(MAKER, made, "Bankrupt")
    assert (lost.state, lost.open, str(lost.written_off)) == (InvoiceState.UNCOLLECTIBLE, 0, "11.90")
    assert (world.balance("uncollectible"), world.balance(f"receivable:{customer}")) == ("11.90", "0.00")
    assert world.findings() == []
    back = world.giving.reinstate(MAKER, made)
    assert (back.state, str(back.open)) == (InvoiceState.FINALISED, "11.90")
    assert (world.balance("uncollectible"), world.balance(f"receivable:{customer}")) == ("0.00", "11.90")
    world.giving.uncollectible(MAKER, made, "Bankrupt again")
    assert world.balance("uncollectible") == "11.90"
    assert world.findings() == []


@SQLITE
def test_credit_notes_never_give_more_than_was_charged(world: World) -> None:
    chance = random.Random(3)
    for number in range(25):
        lines = [
            line(
                f"l{at}",
                f"{Decimal(chance.randrange(1, 5000)).scaleb(-2)}",
                tax_category=chance.choice(["standard", "reduced"]),
            )
            for at in range(chance.randrange(1, 5))
        ]
        if chance.random() < 0.4:
            lines.append(line("minus", f"-{lines[0].amount / 2:.2f}", kind=LineKind.CREDIT))
        made = world.sent(*lines)
        for turn in range(chance.randrange(5)):
            one = chance.choice(lines)
            some = None if chance.random() < 0.2 else {one.key: Decimal(chance.randrange(-200, 2000)).scaleb(-2)}
            try:
                world.giving.credit_note(MAKER, made, key=f"{number}-{turn}", reason="", lines=some)
            except (Conflict, Invalid):
                continue
        after = world.invoices.get(MAKER, made)
        assert after.credited <= after.gross
    assert world.findings() == []
