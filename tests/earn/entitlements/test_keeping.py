"""What features open and close on units: actions, desired values, tokens, thresholds; each by itself, and once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest
from entitlements_making import DRYER, HOUR, MAKER, WASHER, World, monthly
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monokoto.device.entitlement import Entitlements as OnUnit
from monokoto.device.entitlement import keys_of, verify
from monokoto.earn.calendar import Cycle, Every
from monokoto.earn.entitlements import (
    ENTITLEMENTS_THRESHOLD,
    TOPIC,
    Gift,
    Held,
    Holder,
    Keeper,
    Opening,
    SigningKeys,
    Thresholds,
    Tokens,
    told_since,
)
from monokoto.kernel.errors import Unavailable
from monokoto.kernel.ids import format_id, new_id
from monokoto.kernel.limits import ENTITLEMENT_KEY_DAYS

NIGHT = Gift(feature="night-programme", holder=Held(Holder.UNIT, WASHER))
SECOND = 1_000_000


@dataclass
class Around:
    """Desired states and the way down, written down; and who used something."""

    desired: dict[int, dict[str, Any]] = field(default_factory=dict)
    governed: list[Mapping[str, Any]] = field(default_factory=list)
    sent: list[tuple[int, str]] = field(default_factory=list)
    news: list[tuple[int, str, str, int, int]] = field(default_factory=list)
    away: bool = False

    def desired_of(self, _organisation_id: int, unit_id: int) -> Mapping[str, Any]:
        return self.desired.get(unit_id, {})

    async def govern(self, _organisation_id: int, unit_id: int, patch: Mapping[str, Any]) -> None:
        self.governed.append(patch)
        self.desired.setdefault(unit_id, {}).update(patch)

    async def retain(self, unit_id: int, *, topic: str, payload: bytes | None) -> None:
        if self.away:
            raise Unavailable("The log is away.")
        assert topic == TOPIC
        assert payload is not None
        self.sent.append((unit_id, payload.decode()))

    def used(self) -> Iterable[tuple[int, str, str, int, int]]:
        told, self.news = self.news, []
        return told


@dataclass
class Kept:
    world: World
    around: Around
    keeper: Keeper
    opening: Opening
    tokens: Tokens

    def look(self) -> None:
        asyncio.run(self.keeper.look())

    @property
    def keys(self) -> dict[str, bytes]:
        return keys_of({"keys": [key.json for key in self.tokens.keys.shown()]})


@pytest.fixture
def records_kind() -> str:
    return "sqlite"


@pytest.fixture
def kept(world: World) -> Kept:
    around, service = Around(), world.service
    opening = Opening(service, world.subscriptions.plans_with)
    tokens = Tokens(world.records, world.clock, SigningKeys(world.records, world.clock))
    keeper = Keeper(
        service, units=world.units, of_organisations=lambda: [MAKER], units_of=lambda _one: [WASHER, DRYER],
        opening=opening, tokens=tokens, desiring=around, downlink=around, clock=world.clock, usage_news=around,
        thresholds=Thresholds(service, world.records, world.clock, world.facts.append),
    )  # fmt: skip
    return Kept(world, around, keeper, opening, tokens)


def test_a_feature_opens_and_closes_by_itself(kept: Kept) -> None:
    world = kept.world
    asyncio.run(kept.keeper.sweep())
    assert kept.around.desired[WASHER] == {"quiet": False, "maxSpeed": 6}
    assert kept.around.sent == [], "a unit that never had a feature needs no token"
    world.service.give(MAKER, Gift(feature=NIGHT.feature, holder=NIGHT.holder, end=world.now + HOUR))
    kept.look()
    assert kept.around.desired[WASHER]["quiet"] is True
    assert [unit for unit, _ in kept.around.sent] == [WASHER]
    world.clock.advance(3599.999)
    kept.look()
    assert kept.around.desired[WASHER]["quiet"] is True
    assert kept.keeper.seconds() == pytest.approx(0.001)
    world.clock.advance(0.001)
    kept.look()
    assert kept.around.desired[WASHER]["quiet"] is False
    assert verify(kept.around.sent[-1][1], kept.keys).features == {}
    before = len(kept.around.governed)
    kept.look()
    asyncio.run(kept.keeper.sweep())
    assert len(kept.around.governed) == before, "what is done is not done again"


def test_an_action_is_refused_with_the_feature_and_its_plans(kept: Kept) -> None:
    world, washer = kept.world, kept.world.units.known[WASHER]
    (refusal,) = kept.opening.refusals(washer, "startNight")
    assert refusal.by == "feature:night-programme"
    assert "eco, family" in refusal.reason
    assert kept.opening.refusals(washer, "stop") == []
    world.service.give(MAKER, NIGHT)
    assert kept.opening.refusals(washer, "startNight") == ()
    (fault,) = kept.opening.governed(washer, {"quiet": False, "other": 1})
    assert fault.place == "/quiet"
    assert kept.opening.governed(washer, {"quiet": True}) == []


def test_tokens_count_up_and_are_sent_until_they_are(kept: Kept) -> None:
    world, around = kept.world, kept.around
    world.service.give(MAKER, NIGHT)
    around.away = True
    kept.look()
    assert around.sent == []
    around.away = False
    asyncio.run(kept.keeper.catch_up())
    world.service.give(MAKER, Gift(feature="speed-limit", value=20, holder=NIGHT.holder))
    kept.look()
    claims = [verify(token, kept.keys) for _, token in around.sent]
    assert [one.counter for one in claims] == [1, 2]
    assert claims[1].unit == format_id(WASHER)
    assert claims[1].features["speed-limit"]["value"] == 20
    held = OnUnit(unit=format_id(WASHER), keys=kept.keys, clock=lambda: world.now / SECOND)
    held.take(around.sent[1][1])
    assert held.may("night-programme")
    # Half of what it may be away for: renewed, though nothing changed.
    world.clock.advance(7 * 86_400 + 1)
    asyncio.run(kept.keeper.catch_up())
    renewed = verify(around.sent[-1][1], kept.keys)
    assert (renewed.counter, renewed.ends - claims[1].ends) == (3, 7 * 86_400 + 1)


def test_what_is_bought_for_tomorrow_reaches_a_unit_that_leaves_today(kept: Kept) -> None:
    world = kept.world
    tomorrow = world.now + 24 * HOUR
    night, speed = (
        Gift(feature="night-programme", holder=NIGHT.holder, begin=tomorrow, end=tomorrow + HOUR),
        Gift(feature="speed-limit", holder=NIGHT.holder, value=25, begin=tomorrow, end=tomorrow + HOUR),
    )
    for gift in (night, speed, Gift(feature="speed-limit", holder=NIGHT.holder, value=10, priority=2)):
        world.service.give(MAKER, gift)
    kept.look()
    (sent,) = kept.around.sent
    held = OnUnit(unit=format_id(WASHER), keys=kept.keys, clock=lambda: world.now / SECOND)
    held.take(sent[1])
    seen = []
    for wait in (0, 24 * 3600 - 0.001, 0.001, 3600 - 0.001, 0.001):
        world.clock.advance(wait)
        seen.append((held.may("night-programme"), held.value("speed-limit")))
    assert seen == [(False, 10), (False, 10), (True, 25), (True, 25), (False, 10)]


def test_what_begins_later_than_a_unit_may_be_away_comes_in_time(kept: Kept) -> None:
    world = kept.world
    begin = world.now + 20 * 24 * HOUR
    world.service.give(MAKER, Gift(feature="night-programme", holder=NIGHT.holder, begin=begin, end=begin + HOUR))
    kept.look()
    assert kept.around.sent == [], "there is time yet"
    world.clock.advance(7 * 86_400)
    asyncio.run(kept.keeper.sweep())
    ((_, token),) = kept.around.sent
    assert verify(token, kept.keys).features == {"night-programme": {"from": begin, "until": begin + HOUR}}
    asyncio.run(kept.keeper.sweep())
    assert len(kept.around.sent) == 1


def test_a_quota_comes_again_on_a_unit_that_is_away(kept: Kept) -> None:
    world = kept.world
    start = world.now
    week = Cycle(every=Every.WEEK, anchor=start)
    carrying = {"rollover_max": Decimal(2), "amount": Decimal(10), "cycle": week}
    world.subscribe(1, "washes-included", [WASHER], **carrying)
    world.use(WASHER, 3)
    world.clock.advance(60)
    world.look()
    kept.look()
    asyncio.run(kept.keeper.sweep())
    held = OnUnit(unit=format_id(WASHER), keys=kept.keys, clock=lambda: world.now / SECOND)
    held.take(kept.around.sent[-1][1])
    assert held.left("washes-included") == 7
    assert held.use("washes-included", 6)
    world.clock.advance(7 * 86_400)
    assert held.left("washes-included") == 10, (
        "the platform knows one was left; what a unit used may be all that was carried"
    )
    world.use(WASHER, 6, at=start + 2 * HOUR)
    world.look()
    assert world.service.may(MAKER, WASHER, "washes-included").left == 11


@given(
    gifts=st.lists(st.tuples(st.integers(0, 20), st.integers(1, 20), st.integers(1, 3), st.integers(0, 9)), max_size=8),
    taken=st.integers(0, 10),
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_unit_that_is_away_answers_as_the_platform_does(
    kept: Kept, gifts: list[tuple[int, int, int, int]], taken: int
) -> None:
    world, start = kept.world, kept.world.now
    unit = world.units.add(new_id())
    for begin, lasting, priority, value in gifts:
        first = start + begin * 6 * HOUR
        gift = Gift(
            feature="speed-limit", holder=Held(Holder.UNIT, unit.unit_id), value=value, priority=priority,
            begin=first, end=first + lasting * 6 * HOUR,
        )  # fmt: skip
        world.service.give(MAKER, gift)
    world.clock.advance(taken * 6 * 3600)
    token = kept.tokens.kept_up(unit, world.service.standing_ahead(unit))
    if token is None:
        assert all(begin + lasting <= taken or begin - taken > 56 for begin, lasting, _, _ in gifts)
        return
    clock = [world.now / SECOND]
    held = OnUnit(unit=format_id(unit.unit_id), keys=kept.keys, clock=lambda: clock[0])
    held.take(token.text)
    for quarter in range(taken, 45):
        clock[0] = start / SECOND + quarter * 6 * 3600
        verdict = world.service.may(MAKER, unit.unit_id, "speed-limit", int(clock[0] * SECOND))
        assert held.value("speed-limit") == verdict.value


def test_keys_are_shown_before_they_sign_and_after(kept: Kept) -> None:
    keys, clock = kept.tokens.keys, kept.world.clock
    first = keys.current()
    clock.advance((ENTITLEMENT_KEY_DAYS - 6) * 86_400)
    assert keys.current().id == first.id
    assert len(keys.shown()) == 2
    clock.advance(6 * 86_400)
    second = keys.current()
    assert second.id != first.id
    third = keys.rotate()
    assert keys.current().id == third.id
    assert {first.id, second.id, third.id} <= {key.id for key in keys.shown()}
    assert SigningKeys(kept.world.records, clock).current().id == third.id


def test_thresholds_are_told_once_a_period(kept: Kept) -> None:
    world = kept.world
    start = world.now
    world.subscribe(1, "washes-included", [WASHER, DRYER], amount=Decimal(10), cycle=monthly(start))
    kept.look()

    def use(unit_id: int, many: int) -> None:
        world.clock.advance(60)
        world.usage.uses.append((unit_id, world.now, Decimal(many)))
        world.clock.advance(1)
        kept.around.news.append((MAKER, "washer", "washes", unit_id, world.now - SECOND))
        kept.look()

    asyncio.run(kept.keeper.sweep())
    for unit_id, many in ((WASHER, 4), (DRYER, 4), (WASHER, 2), (DRYER, 1)):
        use(unit_id, many)
    told = [fact.data["threshold"] for fact in world.facts if fact.name == ENTITLEMENTS_THRESHOLD]
    assert told == ["50%", "80%", "100%"]
    assert kept.opening.refusals(world.units.known[WASHER], "start")
    asyncio.run(kept.keeper.sweep())
    with world.records.read() as connection:
        rows = told_since(connection, MAKER, 0, 10)
    assert [(one.threshold, one.used, one.total) for one in rows] == [
        ("50%", "8", "10"), ("80%", "8", "10"), ("100%", "10", "10"),
    ]  # fmt: skip
    newest = world.service.reached(MAKER, product="washer", limit=2)
    assert [one.threshold for one in newest] == ["100%", "80%"]
    assert [one.threshold for one in world.service.reached(MAKER, before=newest[-1].id)] == ["50%"]
    assert world.service.reached(MAKER, feature="steam") == []
    assert world.service.reached(MAKER + 1) == []
    world.clock.advance((monthly(start).after(start) - world.now) / SECOND)
    use(WASHER, 5)
    told = [fact.data["threshold"] for fact in world.facts if fact.name == ENTITLEMENTS_THRESHOLD]
    assert told[3:] == ["50%"]
