"""Gathering what several units used: by the time it happened, whichever unit it was."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st
from till import Used

from monokoto.earn.billing.gathering import Wanted, gather
from monokoto.earn.calendar import Span
from monokoto.earn.plans import UsageCharge
from monokoto.earn.pricing import Percentage, Tariff, Usage

PLACE = (1, 0, "fares")
DAY = Span(0, 100)
told = st.lists(
    st.tuples(st.integers(1, 4), st.integers(0, 99), st.decimals(min_value=0, max_value=500, places=2)),
    max_size=12,
    unique_by=lambda one: one[1],
)


def gathered(events: Sequence[tuple[int, int, Decimal]], price: Percentage) -> Usage:
    used = Used()
    for unit, at, amount in events:
        used.add(unit, at, str(amount))
    charge = UsageCharge(name="fares", title={"en": "Fares"}, meter="fares", tariff=Tariff(price=price))
    wanted = Wanted(PLACE, "shuttle", charge, dict.fromkeys(range(1, 5), (DAY,)))
    return gather(used, 1, [wanted]).get(PLACE, Usage(quantity=Decimal(0)))


@given(told, st.none() | st.integers(0, 4), st.none() | st.decimals(min_value=0, max_value=900, places=2))
@settings(max_examples=120, deadline=None)
def test_what_is_free_is_what_came_first_whichever_unit_it_was(
    events: list[tuple[int, int, Decimal]], number: int | None, amount: Decimal | None
) -> None:
    price = Percentage(rate_percent=Decimal("1.5"), fixed=Decimal("0.10"), free_transactions=number, free_amount=amount)
    in_time = Usage.of_transactions(value for _, _, value in sorted(events, key=lambda one: one[1]))
    usage = gathered(events, price)
    assert tuple(usage.transactions or ()) == tuple(in_time.transactions or ())
    assert price.rate(usage).amount == price.rate(in_time).amount
    renamed = [(5 - unit, at, value) for unit, at, value in reversed(events)]
    assert gathered(renamed, price) == usage


def test_of_two_units_the_earlier_fare_is_free() -> None:
    price = Percentage(rate_percent=Decimal(10), free_transactions=1)
    usage = gathered([(1, 20, Decimal(100)), (2, 10, Decimal(7))], price)
    assert price.rate(usage).amount == 10


def test_customers_of_several_calendars_are_asked_for_apart_where_it_matters() -> None:
    """A window begins as the customer's clocks show it; what has no windows is asked for at once."""
    used = Used()
    price = Percentage(rate_percent=Decimal(10))
    charge = UsageCharge(name="power", title={"en": "Power"}, meter="power", tariff=Tariff(price=price))
    wanted = [
        Wanted((number, 0, "power"), "washer", charge, {number + 1: (Span(0, 100),)}, timezone)
        for number, timezone in enumerate(["Asia/Kathmandu", "Europe/Berlin", "Asia/Kathmandu"])
    ]
    for unit_id in (1, 2, 3):
        used.add(unit_id, 5, str(unit_id))
    together = gather(used, 1, wanted)
    assert used.timezones == ["UTC"]
    used.every = 1_800_000_000
    assert gather(used, 1, wanted) == together
    assert used.timezones[1:] == ["Asia/Kathmandu", "Europe/Berlin"]
    assert [list(together[one.place].transactions or ()) for one in wanted] == [[1], [2], [3]]
