"""Whatever way usage is split, corrected or capped, what is booked is what rating it at once gives."""

from __future__ import annotations

import math
from decimal import Decimal
from itertools import accumulate, pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monokoto.earn import pricing
from monokoto.earn.pricing import Line, Tariff, Tier, Usage
from monokoto.kernel.errors import Invalid
from monokoto.kernel.money import ZERO, Currency, Rounding

quick = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])

quantities = st.decimals(min_value=0, max_value=10_000, places=3)
prices = st.decimals(min_value=0, max_value=100, places=5)
fees = st.decimals(min_value=0, max_value=1000, places=2)
currencies = st.sampled_from([pricing.currency(code) for code in ("EUR", "JPY", "KWD")])


@st.composite
def tiers(draw: st.DrawFn) -> tuple[Tier, ...]:
    borders = sorted(draw(st.sets(st.decimals(min_value="0.5", max_value=5000, places=1), max_size=4)))
    return tuple(Tier(up_to=border, unit=draw(prices), flat=draw(fees)) for border in [*borders, None])


@st.composite
def rate_tiers(draw: st.DrawFn) -> tuple[pricing.RateTier, ...]:
    return tuple(pricing.RateTier(up_to=one.up_to, rate_percent=one.unit, flat=one.flat) for one in draw(tiers()))


@st.composite
def blocks(draw: st.DrawFn) -> pricing.Blocks:
    sizes = draw(st.lists(st.integers(1, 500), min_size=1, max_size=4))
    return pricing.Blocks(
        policy=draw(st.sampled_from(pricing.BlockPolicy)),
        tiers=tuple(
            pricing.BlockTier(size=Decimal(size), price=draw(prices), blocks_max=draw(st.integers(1, 20)))
            for size in sizes
        ),
    )


rising = st.one_of(
    st.builds(pricing.Standard, unit=prices),
    st.builds(pricing.Graduated, tiers()),
    st.builds(pricing.GraduatedPercentage, rate_tiers()),
    st.builds(pricing.Dynamic, multiplier=prices),
    st.builds(pricing.FlatPercentage, rate_percent=prices),
    st.builds(
        pricing.Package, size=st.decimals(min_value="0.1", max_value=100, places=1), amount=fees, free=quantities
    ),
    blocks().filter(lambda price: price.policy is pricing.BlockPolicy.ALL_TIERS),
)
"""Models in which more use never costs less."""
any_price = st.one_of(
    rising,
    st.builds(pricing.Volume, tiers()),
    blocks(),
    tiers().map(lambda ts: pricing.Stairstep(tuple(pricing.Step(up_to=one.up_to, price=one.flat) for one in ts))),
)
conversions = st.builds(
    pricing.Conversion,
    divide_by=st.decimals(min_value="0.1", max_value=1000, places=1),
    rounding=st.sampled_from(Rounding),
    places=st.integers(0, 4),
)
commitments = st.one_of(
    st.builds(pricing.Commitment, amount=fees, overage_factor=st.just(Decimal("1.5")), true_up=st.booleans()),
    st.builds(pricing.Commitment, quantity=quantities, overage_factor=st.just(Decimal(2)), true_up=st.booleans()),
)


@st.composite
def tariffs(draw: st.DrawFn) -> Tariff:
    low, high = sorted([draw(fees), draw(fees)])
    return Tariff(
        price=draw(any_price),
        conversion=draw(st.none() | conversions),
        free=draw(st.just(ZERO) | quantities),
        commitment=draw(st.none() | commitments),
        minimum=draw(st.none() | st.just(low)),
        maximum=draw(st.none() | st.just(high)),
    )


@quick
@given(tariffs(), st.lists(quantities, min_size=1, max_size=6), currencies)
def test_any_split_books_what_rating_at_once_gives(tariff: Tariff, pieces: list[Decimal], currency: Currency) -> None:
    booked: list[Line] = []
    for number, quantity in enumerate(accumulate(pieces), 1):
        booked += pricing.book(tariff, Usage(quantity=quantity), booked, currency, final=number == len(pieces))
    usage = Usage(quantity=sum(pieces, ZERO))
    at_once = pricing.book(tariff, usage, [], currency, final=True)
    assert (
        pricing.total_of(booked) == pricing.total_of(at_once) == currency.round(tariff.rate(usage, final=True).amount)
    )
    assert not pricing.difference(at_once, booked), "part for part"


@quick
@given(tariffs(), st.lists(quantities, min_size=1, max_size=6), currencies)
def test_corrections_end_where_the_truth_is(tariff: Tariff, known: list[Decimal], currency: Currency) -> None:
    """Quantities go up and down as late data and deletions come; only what is known last counts."""
    booked: list[Line] = []
    for quantity in known:
        lines = pricing.book(tariff, Usage(quantity=quantity), booked, currency)
        booked += lines
        assert all(line.amount for line in lines), "a line that moves no money is no line"
        assert all(currency.round(line.amount) == line.amount for line in lines)
    assert pricing.total_of(booked) == currency.round(tariff.rate(Usage(quantity=known[-1])).amount)
    assert not pricing.book(tariff, Usage(quantity=known[-1]), booked, currency), "telling again books nothing"
    assert pricing.total_of([*booked, *pricing.difference([], booked)]) == 0, "all of it can be taken back"


@quick
@given(rising, quantities, quantities)
def test_more_use_never_costs_less_where_the_model_rises(price: pricing.Price, used: Decimal, more: Decimal) -> None:
    before, after = (price.rate(Usage(quantity=quantity)) for quantity in (used, used + more))
    assert 0 <= before.amount <= after.amount
    assert all(part.amount >= 0 for part in after.parts)


@quick
@given(any_price)
def test_nothing_used_costs_nothing(price: pricing.Price) -> None:
    assert price.rate(Usage()).amount == price.rate(Usage(quantity=Decimal(-5))).amount == 0


@quick
@given(tiers(), quantities, prices)
def test_a_graduated_price_is_the_integral_of_its_tiers(tiers: tuple[Tier, ...], used: Decimal, unit: Decimal) -> None:
    """Read from the definition, another way round: every tier prices what lies above the one before."""
    lowers = [ZERO, *(one.up_to for one in tiers if one.up_to is not None)]
    wanted = sum(
        (min(used, one.up_to or used) - lower) * one.unit + one.flat
        for one, lower in zip(tiers, lowers, strict=True)
        if used > lower
    )
    assert pricing.Graduated(tiers).rate(Usage(quantity=used)).amount == wanted
    even = tuple(Tier(up_to=one.up_to, unit=unit) for one in tiers)
    for model in (pricing.Graduated, pricing.Volume):
        assert model(even).rate(Usage(quantity=used)).amount == used * unit, "tiers of one price are no tiers"


transactions = st.lists(st.decimals(min_value=0, max_value=5000, places=2), max_size=8)


@quick
@given(transactions, transactions, st.none() | st.integers(0, 4), st.none() | fees, currencies)
def test_transactions_may_be_split_too(
    first: list[Decimal], second: list[Decimal], free: int | None, gift: Decimal | None, currency: Currency
) -> None:
    price = pricing.Percentage(
        rate_percent=Decimal("2.9"),
        fixed=Decimal("0.3"),
        free_transactions=free,
        free_amount=gift,
        minimum=Decimal("0.5"),
        maximum=Decimal(25),
    )
    tariff, usages = Tariff(price=price), [Usage.of_transactions(part) for part in (first, second)]
    booked = pricing.book(tariff, usages[0], [], currency)
    booked += pricing.book(tariff, usages[0] + usages[1], booked, currency)
    assert pricing.total_of(booked) == currency.round(price.rate(Usage.of_transactions([*first, *second])).amount)
    assert 0 <= price.rate(usages[0]).amount <= 25 * len(first)


@quick
@given(st.dictionaries(st.sampled_from("abc"), quantities), st.dictionaries(st.sampled_from("abc"), quantities))
def test_groups_are_priced_by_themselves(first: dict[str, Decimal], second: dict[str, Decimal]) -> None:
    price = pricing.Matrix(
        prices={"a": pricing.Standard(unit=Decimal(2)), "b": pricing.Package(size=Decimal(10), amount=Decimal(5))},
        otherwise=pricing.Standard(unit=Decimal("0.5")),
    )
    parts = [Usage.of_groups({name: Usage(quantity=one) for name, one in part.items()}) for part in (first, second)]
    both = parts[0] + parts[1]
    assert both.quantity == sum(first.values(), ZERO) + sum(second.values(), ZERO)
    in_a = first.get("a", ZERO) + second.get("a", ZERO)
    in_b = first.get("b", ZERO) + second.get("b", ZERO)
    in_c = first.get("c", ZERO) + second.get("c", ZERO)
    assert price.rate(both).amount == in_a * 2 + math.ceil(in_b / 10) * 5 + in_c / 2


def test_a_group_without_a_price_is_refused() -> None:
    usage = Usage.of_groups({"mars": Usage(quantity=Decimal(1))})
    with pytest.raises(Invalid, match="mars"):
        pricing.Matrix(prices={"earth": pricing.Standard(unit=Decimal(1))}).rate(usage)


def test_unchanged_parts_keep_their_cents() -> None:
    third = Tier(up_to=Decimal(1), unit=Decimal("0.333"))
    tariff = Tariff(price=pricing.Graduated((third, Tier(up_to=None, unit=Decimal("0.333")))))
    euro = pricing.currency("EUR")
    booked: list[Line] = []
    for quantity in (2, 3, 4, 5, 100):
        lines = pricing.book(tariff, Usage(quantity=Decimal(quantity)), booked, euro)
        assert quantity == 2 or {line.key for line in lines} == {"tier-2"}
        booked += lines


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: pricing.Standard(unit=0.1),  # type: ignore[arg-type]
        lambda: pricing.Standard(unit=Decimal(-1)),
        lambda: pricing.Graduated(()),
        lambda: pricing.Graduated((Tier(up_to=Decimal(5)),)),
        lambda: pricing.Volume((Tier(up_to=None), Tier(up_to=None))),
        lambda: pricing.Volume((Tier(up_to=Decimal(5)), Tier(up_to=Decimal(5)), Tier(up_to=None))),
        lambda: pricing.Package(size=ZERO, amount=ZERO),
        lambda: pricing.Percentage(rate_percent=ZERO, minimum=Decimal(2), maximum=Decimal(1)),
        lambda: pricing.Conversion(divide_by=ZERO),
        pricing.Commitment,
        lambda: Tariff(price=pricing.Percentage(rate_percent=ZERO), free=Decimal(1)),
        lambda: Tariff(price=pricing.Standard(unit=ZERO), minimum=Decimal(2), maximum=Decimal(1)),
        lambda: Usage(quantity=Decimal("Infinity")),
        lambda: pricing.Percentage(rate_percent=ZERO).rate(Usage(quantity=Decimal(5))),
        lambda: pricing.Percentage(rate_percent=ZERO).rate(Usage.of_transactions([Decimal(-5)])),
        lambda: pricing.currency("XYZ"),
        lambda: pricing.Thresholds(amounts=(Decimal(2), Decimal(1))),
    ],
)
def test_what_cannot_be_a_price_is_refused(wrong: object) -> None:
    with pytest.raises(Invalid):
        wrong()  # type: ignore[operator]


def test_thresholds_fire_once_and_again_after_the_last() -> None:
    thresholds = pricing.Thresholds(amounts=(Decimal(10), Decimal(50)), every=Decimal(20))
    spent = [Decimal(amount) for amount in (0, 9, 10, 49, 60, 70, 89, 130)]
    found = [thresholds.reached(before, now) for before, now in pairwise(spent)]
    assert found == [None, 10, None, 50, 70, None, 130]


@pytest.mark.parametrize(
    ("code", "digits"), [("EUR", 2), ("KRW", 0), ("IQD", 3), ("KWD", 3), ("HUF", 2), ("ISK", 0), ("CLF", 4), ("MGA", 2)]
)
def test_digits_are_those_of_iso_4217(code: str, digits: int) -> None:
    assert pricing.currency(code).digits == digits
