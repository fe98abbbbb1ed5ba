"""The section `plans`: what it takes, what it refuses and where, what differs between two versions."""

from decimal import Decimal

import pytest
from plans_making import PLAN, checked, text_of

from monokoto.connect.products import ABSENT
from monokoto.earn.calendar import Every
from monokoto.earn.plans import Due, Offer, PlansSection, plans_of, titled
from monokoto.earn.pricing import MODELS, Basis, Usage
from monokoto.kernel.errors import Invalid

BARE = "currency: EUR\nevery: month\ncharges:\n  one: {}\n"


def faults_of(text: str) -> list[str]:
    with pytest.raises(Invalid) as refused:
        checked(text)
    return [f"{one.line}: {one.reason}" for one in refused.value.faults]


def one_plan(text: str):
    (plan,) = plans_of(checked(text).document, organisation_id=7, product="washer")
    return plan


def test_a_plan_says_what_it_costs_includes_and_promises() -> None:
    plan = one_plan(text_of())
    assert (plan.name, plan.currency.code, plan.every, plan.proration) == (
        "pay-per-wash", "EUR", Every.MONTH, Basis.SECOND,
    )  # fmt: skip
    assert (plan.trial, plan.notice) == (14 * 86_400_000_000, 30 * 86_400_000_000)
    assert [one.name for one in plan.charges] == ["wash", "base", "set-up"]
    wash, base, _ = plan.charges
    assert wash.tariff.rate(Usage(quantity=Decimal(5))).amount == Decimal("3.60")
    assert (base.fee, base.due, base.every) == (Decimal("4.90"), Due.ADVANCE, Every.MONTH)
    night, speed, quota = plan.includes
    assert (night.value, speed.value) == (True, 25)
    assert (quota.quota.amount, quota.quota.rollover_max, quota.quota.expires) == (10, 5, 60 * 86_400_000_000)
    (promise,) = plan.outcome
    assert promise.credits.credit_percent(Decimal("99.2")) == 10
    assert promise.title == {}
    (promise,) = one_plan(text_of(PLAN.replace("rule: overheating", "title: Cool\n    rule: overheating"))).outcome
    assert titled(promise.title) == "Cool"
    assert (plan.titled("de-AT"), plan.titled("ko")) == ("Je Wäsche", "Pay per wash")


@pytest.mark.parametrize(
    ("written", "offer"),
    [("true", Offer()), ("false", None), ("{lasts: 12 h}", Offer(lasts=12 * 3_600_000_000))],
)
def test_a_plan_says_whether_owners_may_choose_it(written: str, offer: Offer | None) -> None:
    assert one_plan(text_of()).offer is None
    assert one_plan(text_of(PLAN.replace("trial: 14 d", f"offer: {written}"))).offer == offer


EVERY_MODEL = {
    "standard": ('{price: "0.005"}', "3", "0.015"),
    "graduated": ('{tiers: [{up_to: 2, price: 1}, {price: "0.5", flat: 3}]}', "4", "6"),
    "volume": ('{tiers: [{up_to: 2, price: 1}, {price: "0.5"}]}', "4", "2"),
    "package": ("{size: 3, price: 2, free: 1}", "5", "4"),
    "flat_percentage": ('{percent: "2.5"}', "200", "5"),
    "graduated_percentage": ("{tiers: [{up_to: 100, percent: 1}, {percent: 2}]}", "200", "3"),
    "dynamic": ('{multiplier: "1.1"}', "10", "11"),
    "stairstep": ("{steps: [{up_to: 5, price: 100}, {price: 300}]}", "6", "300"),
    "blocks": ("{tiers: [{size: 10, price: 4, blocks: 2}, {size: 5, price: 1}]}", "23", "9"),
}


@pytest.mark.parametrize("model", EVERY_MODEL)
def test_every_charge_model_can_be_written(model: str) -> None:
    written, quantity, amount = EVERY_MODEL[model]
    plan = one_plan(text_of(BARE.replace("{}", f"{{meter: washes, {model}: {written}}}")))
    assert isinstance(plan.charges[0].tariff.price, MODELS[model])
    assert plan.charges[0].tariff.rate(Usage(quantity=Decimal(quantity))).amount == Decimal(amount)


def test_prices_of_transactions_and_groups_can_be_written() -> None:
    percentage = '{meter: washes, percentage: {percent: 1, fixed: "0.10", free_transactions: 1, maximum: 3}}'
    (one,) = one_plan(text_of(BARE.replace("{}", percentage))).charges
    paid = Usage.of_transactions(Decimal(amount) for amount in (50, 100, 1000))
    assert one.tariff.rate(paid).amount == Decimal("4.10")
    matrix = '{meter: washes, matrix: {by: programme, prices: {eco: "0.80", cotton: {package: {size: 2, price: 3}}}, otherwise: 2}}'
    (two,) = one_plan(text_of(BARE.replace("{}", matrix))).charges
    used = Usage.of_groups({name: Usage(quantity=Decimal(3)) for name in ("eco", "cotton", "wool")})
    assert (two.by, two.tariff.rate(used).amount) == ("programme", Decimal("14.40"))
    assert set(MODELS) == {*EVERY_MODEL, "percentage", "matrix"}, "each model is written by a test"


def test_what_surrounds_a_price_can_be_written() -> None:
    around = (
        '{meter: energy, standard: {price: "0.30"}, per: {divide_by: 1000, rounding: ceil, places: 0}, free: 1,'
        ' maximum: "10.00", commitment: {amount: "2.00", true_up: true}}'
    )
    (one,) = one_plan(text_of(BARE.replace("{}", around))).charges
    assert one.tariff.rate(Usage(quantity=Decimal(4001)), final=True).amount == Decimal("2.00")
    assert one.tariff.rate(Usage(quantity=Decimal(1_000_000)), final=True).amount == Decimal("10.00")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (('price: "1.20"', "price: 1.20"), "22: is a binary fraction by now"),
        (('fee: "4.90"', 'fee: "4.905"'), "23: EUR has 2 digits after the point, this is 4.905"),
        (("currency: EUR", "currency: JPY"), "23: JPY has 0 digits after the point, this is 4.90"),
        (("currency: EUR", "currency: EURO"), "17: There is no currency 'EURO'."),
        (("meter: washes", "meter: wash"), "22: the product has no meter 'wash'; did you mean `washes`?"),
        (("rule: overheating", "rule: [overheating, offline]"), "32: the product has no rule 'offline'"),
        (("night-programme: true", "nicht-programme: true"), "27: the product has no feature 'nicht-programme'; did you"),
        (("night-programme: true", "night-programme: 3"), "27: the feature is boolean: it is included as `true` or `false`"),
        (("speed-limit: 25", "speed-limit: {amount: 1}"), "28: the feature is value: it is included as a value"),
        (("amount: 10, ", ""), "29: a quota needs `amount`"),
        (("standard:", "standart:"), "22: a charge of usage has no `standart`; did you mean `standard`?"),
        (("{once:", "{ones:"), "24: a charge has one of `meter`, `fee` and `once`"),
        (('{from: "0", credit: "25"}', '{from: "1", credit: "25"}'), "34: The tiers have different borders"),
        (("trial: 14 d", "trial: 14 days and a bit"), "19: must be a duration such as 12 h, 14 d, 2 w"),
        (('minimum: "5.00"', 'minimum: "-5"'), "25: is negative"),
        (("trial: 14 d", "offer: maybe"), "19: must be `true`, `false` or how long it lasts"),
        (("trial: 14 d", "offer: {lasts: 0 h}"), "19: is no time"),
        (("every: month\ntrial", "every: moon\ntrial"), "18: must be one of day, week, month, year"),
    ],
)  # fmt: skip
def test_every_fault_has_its_line_and_reason(change: tuple[str, str], told: str) -> None:
    assert change[0] in PLAN, "the test changes something"
    found = faults_of(text_of(PLAN.replace(*change)))
    assert any(one.startswith(told) for one in found), found


def test_faults_are_told_all_at_once() -> None:
    broken = PLAN.replace("currency: EUR", "currency: X").replace("meter: washes", "meter: x").replace("14 d", "x")
    assert len(faults_of(text_of(broken, name="Pay"))) == 4


def test_a_matrix_prices_a_group_the_meter_has() -> None:
    wrong = BARE.replace("{}", '{meter: energy, matrix: {by: programme, otherwise: "1"}}')
    assert faults_of(text_of(wrong)) == ["19: the meter 'energy' does not group by 'programme'"]


@pytest.mark.parametrize("value", [3, "x", [], None, {"a": 3}, {"a": None}, {"a": {"charges": 3, "includes": []}}])
def test_no_structure_crashes_the_check(value: object) -> None:
    import msgspec  # noqa: PLC0415

    head = text_of().partition("plans:")[0]
    text = head + "plans: " + msgspec.json.encode(value).decode() + "\n"
    try:
        checked(text)
    except Invalid as error:
        assert error.faults
    else:
        assert not value


def test_changes_are_told_part_by_part_and_break_nobody() -> None:
    before = checked(text_of()).document["plans"]
    changed = PLAN.replace('"1.20"', '"1.30"').replace("speed-limit: 25", "speed-limit: 30").replace("30 d", "31 d")
    after = checked(text_of(changed)).document["plans"]
    told = [(one.place, one.bump.word) for one in PlansSection().changes(before, after)]
    assert told == [
        ("/plans/pay-per-wash/notice", "patch"),
        ("/plans/pay-per-wash/charges/wash", "patch"),
        ("/plans/pay-per-wash/includes/speed-limit", "patch"),
    ]
    gone = [(one.place, one.bump.word, one.kind.value) for one in PlansSection().changes(before, ABSENT)]
    assert gone == [("/plans/pay-per-wash", "minor", "removed")]
    assert not PlansSection().changes(before, before)
