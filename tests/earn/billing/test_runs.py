"""Runs over real subscriptions and invoices: what is drafted when, what becomes a document, late readings, crashes."""

from __future__ import annotations

import random
from decimal import Decimal

import pytest
from subscriptions_making import at
from till import GRACE, Till

from monokoto.earn.invoices import InvoiceState
from monokoto.earn.subscriptions import Coverage, NewCoupon
from monokoto.engines.records import Records
from monokoto.kernel.clock import format_instant

DAY = 86_400_000_000
WASHER = 501


@pytest.fixture
def till(records: Records) -> Till:
    return Till(records)


SQLITE = pytest.mark.parametrize("records_kind", ["sqlite"], indirect=True)


def _subscribed(till: Till, plan: str = "basic", **given: object) -> int:
    """A subscription of a house with a washer."""
    till.owners.give(WASHER, till.find("house"), 0)
    return till.start(till.customer(organisation="house"), plan, **given).id


def test_the_first_invoice_comes_at_the_beginning_and_usage_at_each_end(till: Till) -> None:
    _subscribed(till)
    run = till.go(at("2026-01-01"))
    assert (run.drafted, run.finalised, run.failures) == (1, 0, [])
    run = till.go(at("2026-01-01") + GRACE)
    assert (run.drafted, run.finalised) == (0, 1)
    (first,) = till.sent()
    assert (first.state, till.said(first), f"{first.gross}") == (InvoiceState.FINALISED, {"base": "4.90"}, "5.83")
    for day in (3, 17, 31):
        till.used.add(WASHER, at(f"2026-01-{day:02}T12:00:00Z"))
    assert till.go(at("2026-01-31")).drafted == 0
    till.go(at("2026-02-01"))
    assert till.sent()[-1].state is not InvoiceState.FINALISED, "late readings still count"
    till.used.add(WASHER, at("2026-01-31T23:59:00Z"))
    till.go(at("2026-02-01") + GRACE)
    assert till.said(till.sent()[-1]) == {"wash": "4.80", "base": "4.90"}
    assert till.ledger.audit(till.maker) == []
    assert till.invoices.audit(till.maker) == []


@SQLITE
def test_a_run_again_changes_nothing(till: Till) -> None:
    _subscribed(till)
    till.used.add(WASHER, at("2026-01-03"))
    for _ in range(3):
        till.go(at("2026-02-01") + GRACE)
    assert [till.said(one) for one in till.sent()] == [{"base": "4.90"}, {"wash": "1.20", "base": "4.90"}]


@SQLITE
def test_several_periods_behind_are_billed_one_by_one(till: Till) -> None:
    _subscribed(till)
    till.used.add(WASHER, at("2026-02-10"))
    assert till.go(at("2026-04-01") + GRACE).finalised == 4
    assert [till.said(one) for one in till.sent()] == [
        {"base": "4.90"}, {"base": "4.90"}, {"wash": "1.20", "base": "4.90"}, {"base": "4.90"},
    ]  # fmt: skip


@SQLITE
def test_what_comes_after_the_document_stands_on_the_next_one_as_a_correction(till: Till) -> None:
    subscription = _subscribed(till)
    till.used.add(WASHER, at("2026-01-10"))
    till.go(at("2026-02-01") + GRACE)
    till.used.add(WASHER, at("2026-01-11"), "2")
    till.billing.touch(till.maker, {subscription: at("2026-01-11")})
    till.go(at("2026-02-15"))
    assert len(till.sent()) == 2, "the documents stay as they are"
    till.go(at("2026-03-01") + GRACE)
    assert till.said(till.sent()[-1]) == {"Correction: wash": "2.40", "base": "4.90"}
    till.go(at("2026-04-01") + GRACE)
    assert till.said(till.sent()[-1]) == {"base": "4.90"}


@SQLITE
def test_what_comes_after_the_end_gets_an_invoice_of_its_own(till: Till) -> None:
    subscription = _subscribed(till)
    till.go(at("2026-01-01") + GRACE)
    till.wind(at("2026-01-20"))
    till.subscriptions.end(till.maker, subscription, at="now")
    till.used.add(WASHER, at("2026-01-11"))
    till.go(at("2026-02-01"))
    titles = [set(till.said(one)) for one in till.sent()]
    assert titles == [{"base"}, {"wash", "Correction: base"}]
    till.used.add(WASHER, at("2026-01-12"))
    till.billing.touch(till.maker, {subscription: at("2026-01-12")})
    till.go(at("2026-02-10"))
    till.go(at("2026-02-10") + GRACE)
    assert till.said(till.sent()[-1]) == {"Correction: wash": "1.20"}
    assert till.go(at("2026-03-10")).drafted == 0


@SQLITE
def test_a_unit_that_changes_hands_belongs_to_each_for_its_own_time(till: Till) -> None:
    till.organisations.create("Garden", "garden", "owner")  # type: ignore[arg-type]
    house, garden = till.find("house"), till.find("garden")
    till.owners.give(WASHER, house, 0, at("2026-01-16"))
    till.owners.give(WASHER, garden, at("2026-01-16"))
    for slug in ("house", "garden"):
        till.start(till.customer(organisation=slug))
    for day in (10, 15, 16, 20, 25):
        till.used.add(WASHER, at(f"2026-01-{day:02}T12:00:00Z"))
    till.go(at("2026-02-01") + GRACE)
    assert sorted(till.said(one).get("wash", "") for one in till.sent()) == ["", "", "2.40", "3.60"]


@SQLITE
def test_coupons_and_trials(till: Till) -> None:
    _subscribed(till, coupons=(NewCoupon(name="welcome", percent=Decimal(50), periods=1),))
    trial = till.start(till.customer(name="Bob"), "trial", coverage=Coverage.FLEET)
    till.go(at("2026-01-01") + GRACE)
    (sent,) = (one for one in till.sent() if one.state is InvoiceState.FINALISED)
    assert till.said(sent) == {"base": "4.90", "welcome: base": "-2.45"}
    assert trial.trial_until == at("2026-01-15")
    till.go(at("2026-01-15") + GRACE)
    assert till.said(till.sent()[-1]) == {"base": "9.90"}


@SQLITE
def test_a_price_that_rises_is_charged_from_then_on(till: Till) -> None:
    subscription = _subscribed(till)
    dearer = till.dearer("1.50")
    till.wind(at("2026-01-11"))
    till.subscriptions.change(till.maker, subscription, version=dearer, agreed=True)
    for day in (10, 11, 12):
        till.used.add(WASHER, at(f"2026-01-{day:02}T12:00:00Z"))
    till.go(at("2026-02-01") + GRACE)
    lines = till.invoices.lines(till.maker, till.sent()[-1].id)
    assert [(line["title"], line["amount"], line["explanation"]["version"]) for line in lines if line["title"] == "wash"] == [
        ("wash", "1.20", 1), ("wash", "3.00", 2),
    ]  # fmt: skip


@SQLITE
def test_a_taken_back_invoice_is_billed_anew(till: Till) -> None:
    _subscribed(till)
    till.go(at("2026-01-01") + GRACE)
    till.giving.void(till.maker, till.sent()[0].id, "Wrong address")
    till.go(at("2026-02-01") + GRACE)
    lines = till.invoices.lines(till.maker, till.sent()[-1].id)
    assert [(line["title"], line["amount"]) for line in lines] == [("base", "4.90"), ("base", "4.90")]


@SQLITE
def test_one_that_cannot_be_billed_holds_up_no_other(till: Till) -> None:
    priced = {
        "currency": "EUR",
        "every": "month",
        "charges": {
            "wash": {"meter": "washes", "matrix": {"by": "programme", "prices": {"eco": {"standard": {"price": "1"}}}}}
        },
    }
    till.plans.publish(till.maker, "washer", "odd", priced)
    _subscribed(till)
    odd = till.start(till.customer(name="Odd"), "odd", coverage=Coverage.FLEET)
    till.used.add(WASHER, at("2026-01-03"), group="boil")
    run = till.go(at("2026-02-01") + GRACE)
    assert {one.subscription_id for one in run.failures} == {odd.id}
    assert "boil" in run.failures[0].reason
    assert run.finalised == 2
    till.used.events[0] = (*till.used.events[0][:3], "eco")
    run = till.go(at("2026-02-02"))
    assert run.failures == []
    assert till.said(till.sent()[-1]) == {"wash (eco)": "1.00"}


@SQLITE
def test_the_next_invoice_can_be_looked_at_beforehand(till: Till) -> None:
    subscription = _subscribed(till)
    till.go(at("2026-01-01") + GRACE)
    till.used.add(WASHER, at("2026-01-03"))
    till.wind(at("2026-01-05"))
    lines = till.billing.preview(till.maker, subscription)
    assert [(line.title, f"{line.amount}") for line in lines] == [("wash", "1.20")]
    assert len(till.sent()) == 1


class _PulledPlugError(Exception):
    pass


@SQLITE
@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(2, 20))])
def test_whenever_the_plug_is_pulled_the_invoices_come_to_the_same(
    till: Till, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run dies between any two transactions, again and again, while readings come late and a plan changes."""
    chance = random.Random(seed)
    subscription = _subscribed(till)
    steps = ("draft_many", "replace_many", "finalise_many")
    quantities = []
    for month in range(1, 5):
        for _ in range(3):
            when = at("2026-01-01") + (month - 1) * 30 * DAY + chance.randrange(30 * DAY)
            quantity = f"{chance.randrange(1, 400) / 100}"
            quantities.append((when, Decimal(quantity)))
            till.used.add(WASHER, when, quantity)
            till.billing.touch(till.maker, {subscription: when})
        for attempt in range(5):
            with monkeypatch.context() as patched:
                if attempt < 4:
                    name = chance.choice(steps)
                    real = getattr(till.invoices, name)
                    after = chance.random() < 0.5

                    def pulled(*given: object, _real=real, _after=after, **named: object) -> object:  # type: ignore[no-untyped-def]
                        if _after:
                            _real(*given, **named)
                        raise _PulledPlugError

                    patched.setattr(till.invoices, name, pulled)
                try:
                    till.go(at("2026-01-01") + month * 31 * DAY + attempt * 2 * GRACE)
                except _PulledPlugError:
                    continue
    till.go(at("2026-08-01") + GRACE)
    assert till.go(at("2026-08-01") + GRACE).drafted == 0
    washes: dict[int, Decimal] = {}
    for when, quantity in quantities:
        period = till.subscriptions.get(till.maker, subscription).period(when).span.start
        washes[period] = washes.get(period, Decimal(0)) + quantity
    expected = sum((round(total * Decimal("1.20"), 2) for total in washes.values()), Decimal(0)) + 8 * Decimal("4.90")
    billed = sum((one.net for one in till.sent() if one.state is not InvoiceState.VOID), Decimal(0))
    assert abs(billed - expected) <= Decimal("0.04"), (
        "half cents are rounded away from zero, Python's round goes to the even one"
    )
    assert till.ledger.audit(till.maker) == []
    assert till.invoices.audit(till.maker) == []


@SQLITE
def test_what_is_taken_back_of_a_fee_is_for_the_time_that_is_not_used(till: Till) -> None:
    one = _subscribed(till)
    till.go(at("2026-01-01") + GRACE)

    def ends(day: str) -> tuple[str, str, str]:
        till.subscriptions.end(till.maker, one, at=at(day))
        till.go(at(day))
        till.go(at(day) + GRACE)
        (line,) = till.invoices.lines(till.maker, till.sent()[-1].id)
        assert line["title"] == "Correction: base"
        return line["amount"], *(format_instant(side)[:10] for side in line["span"])

    assert ends("2026-01-21") == ("-1.74", "2026-01-21", "2026-02-01")
