"""What features open and close on units: actions, desired values, tokens, thresholds; each by itself, and once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest
from entitlements_making import DRYER, HOUR, MAKER, WASHER, World, monthly

from monokoto.device.entitlement import Entitlements as OnUnit
from monokoto.device.entitlement import keys_of, verify
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
from monokoto.kernel.ids import format_id
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
