"""Grants burn down in their order, and every unit granted is accounted for."""

from __future__ import annotations

import random
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monokoto.earn.entitlements import Category, FixedRecurrence, Grant, Reset, Use, burn_down, in_order
from monokoto.earn.pricing import Cycle, Every
from monokoto.kernel import limits
from monokoto.kernel.errors import Invalid
from monokoto.kernel.money import ZERO

quick = settings(max_examples=200, deadline=None)

units = st.integers(0, 200).map(Decimal)


@st.composite
def grants(draw: st.DrawFn) -> list[Grant]:
    found = []
    for number in range(draw(st.integers(0, 5))):
        effective = draw(st.integers(-50, 100))
        low, high = sorted([draw(units), draw(units)])
        found.append(
            Grant(
                id=str(number),
                amount=draw(units),
                effective=effective,
                expires=draw(st.none() | st.integers(effective + 1, 150)),
                priority=draw(st.integers(1, 3)),
                category=draw(st.sampled_from(Category)),
                recurrence=draw(st.none() | st.builds(FixedRecurrence, st.integers(5, 60), st.integers(-20, 20))),
                rollover_min=draw(st.sampled_from([ZERO, low])),
                rollover_max=high,
            )
        )
    return found


uses = st.lists(st.builds(Use, st.integers(0, 110), units), max_size=8)
resets = st.lists(st.builds(Reset, st.integers(1, 100), st.booleans()), max_size=3)


@quick
@given(grants(), uses, resets, st.randoms(use_true_random=False))
def test_every_unit_is_accounted_for(
    grants: list[Grant], uses: list[Use], resets: list[Reset], chance: random.Random
) -> None:
    state = burn_down(grants, uses, start=0, until=100, resets=resets)
    for name, balance in state.balances.items():
        assert balance >= 0
        assert state.granted[name] == balance + state.burned[name] + state.lapsed[name]
    used = sum((use.quantity for use in uses if use.at < 100), ZERO)
    assert sum(period.used for period in state.periods) == used
    assert used == sum(state.burned.values()) + sum(period.overage for period in state.periods)
    assert not state.overage or not any(state.balances.values()), "overage only when nothing is left"
    for several in (grants, uses, resets):
        chance.shuffle(several)  # type: ignore[arg-type]
    if len({reset.at for reset in resets}) == len(resets):
        assert burn_down(grants, uses, start=0, until=100, resets=resets) == state, "the order of telling matters not"


@quick
@given(grants(), uses, st.integers(1, 99))
def test_replaying_from_a_snapshot_is_replaying_from_the_start(grants: list[Grant], uses: list[Use], cut: int) -> None:
    whole = burn_down(grants, uses, start=0, until=100)
    first = burn_down(grants, uses, start=0, until=cut)
    if first.overage:
        return  # what is owed is not part of a snapshot of balances
    standing = {grant.id for grant in grants if grant.effective <= cut}
    snapshot = {name: balance for name, balance in first.balances.items() if name in standing}
    assert burn_down(grants, uses, start=cut, until=100, balances=snapshot).balances == whole.balances


def test_the_order() -> None:
    late = Grant(id="late", amount=ZERO, effective=0, expires=9)
    never = Grant(id="never", amount=ZERO, effective=0)
    gift = Grant(id="gift", amount=ZERO, effective=5, expires=9, category=Category.PROMOTIONAL)
    first = Grant(id="first", amount=ZERO, effective=0, priority=0)
    young = Grant(id="young", amount=ZERO, effective=0, expires=9, created=1)
    assert [one.id for one in in_order([never, young, late, gift, first])] == [
        "first",
        "gift",
        "late",
        "young",
        "never",
    ]


def test_what_expires_at_a_reset_is_not_carried_over() -> None:
    grant = Grant(id="g", amount=Decimal(5), effective=0, expires=10, rollover_min=Decimal(7), rollover_max=Decimal(9))
    state = burn_down([grant], [], start=0, until=20, resets=[Reset(10)])
    assert (state.balances["g"], state.granted["g"], state.lapsed["g"]) == (0, 5, 5)


def test_grants_may_recur_with_a_customers_months() -> None:
    month = Cycle(every=Every.MONTH, anchor=1_706_659_200_000_000)  # 2024-01-31
    grant = Grant(id="g", amount=Decimal(10), effective=month.anchor, recurrence=month)
    before = burn_down([grant], [Use(month.anchor, Decimal(7))], start=month.anchor, until=month.start(1) - 1)
    after = burn_down([grant], [Use(month.anchor, Decimal(7))], start=month.anchor, until=month.start(1))
    assert (before.balances["g"], after.balances["g"], after.lapsed["g"]) == (3, 10, 3)


def test_what_cannot_be_replayed_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    grant = Grant(id="g", amount=Decimal(1), effective=0, recurrence=FixedRecurrence(1, 0))
    for wrong in (
        lambda: burn_down([grant, grant], [], start=0, until=5),
        lambda: burn_down([grant], [], start=0, until=5, resets=[Reset(0)]),
        lambda: burn_down([grant], [], start=0, until=5, resets=[Reset(6)]),
        lambda: Use(0, Decimal(-1)),
        lambda: Grant(id="g", amount=Decimal(-1), effective=0),
        lambda: Grant(id="g", amount=Decimal(1), effective=5, expires=5),
        lambda: Grant(id="g", amount=Decimal(1), effective=5, rollover_min=Decimal(1)),
        lambda: FixedRecurrence(0, 0),
    ):
        with pytest.raises(Invalid):
            wrong()
    monkeypatch.setattr(limits, "BURN_DOWN_STEPS_MAX", 1000)
    assert burn_down([grant], [], start=0, until=900).balances == {"g": 1}
    with pytest.raises(Invalid, match="too much"):
        burn_down([grant], [], start=0, until=2000)
