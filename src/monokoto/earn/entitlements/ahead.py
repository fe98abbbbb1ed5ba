"""What a unit has not yet and will have: what tokens say of later, so that a unit that is away by then has what was bought."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from monokoto.earn.entitlements.entitlement import FOREVER, Verdict
from monokoto.earn.entitlements.judging import judge, pool_of
from monokoto.earn.entitlements.projection import Projection
from monokoto.earn.entitlements.standing import Standing
from monokoto.earn.features import Feature, FeatureKind
from monokoto.kernel.limits import ENTITLEMENT_TOKEN_TIMES_MAX
from monokoto.kernel.money import ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class Later:
    """A time to come in which a feature is open, as far as is known now."""

    begin: int
    until: int | None
    """None: it has no end."""
    value: Any = None
    left: Decimal | None = None
    """Of a quota: what there will be at `begin` if nothing is used before."""
    carried: Decimal = ZERO
    """So much of `left` may be used up before `begin`."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A feature of a unit: the verdict of now, and what comes."""

    feature: Feature
    verdict: Verdict
    later: tuple[Later, ...] = ()

    @property
    def told(self) -> bool:
        """Whether there is anything a token could say."""
        return self.verdict.allowed or bool(self.later)


def ahead_of(
    projection: Projection, standing: Standing, product: str, feature: Feature, verdict: Verdict, now: int
) -> tuple[Later, ...]:
    """What comes after the verdict's end, within the time a unit may be away, at most `ENTITLEMENT_TOKEN_TIMES_MAX`."""
    if feature.safety and not verdict.allowed:
        return ()  # on the unit it is open whatever the time is: it is told when it begins
    found: list[Later] = []
    at, last = verdict.until, now + feature.offline
    for _ in range(4 * ENTITLEMENT_TOKEN_TIMES_MAX):  # times in which it is closed are stepped over
        if at is None or at >= last or len(found) == ENTITLEMENT_TOKEN_TIMES_MAX:
            break
        if feature.kind is FeatureKind.METERED:
            one, following = _of_quota(projection, standing, product, feature, at)
        else:
            then = judge(projection, standing, product, feature, at)
            one = Later(begin=at, until=then.until, value=then.value) if then.allowed else None
            following = then.until
        found += [] if one is None else [one]
        at = following
    return tuple(found)


def _of_quota(
    projection: Projection, standing: Standing, product: str, feature: Feature, at: int
) -> tuple[Later | None, int | None]:
    """How the quota will stand, and when to look further."""
    turn = standing.next_turn(at, feature.name)
    live = any(True for _ in standing.live(feature.name, at, safety=feature.safety))
    pool = pool_of(projection, standing, product, feature, at) if live else None
    if pool is None:
        return None, turn
    whole, least = pool.ahead(at)
    until = min((one for one in (turn, whole.turn) if one is not None and one < FOREVER), default=None)
    if whole.left <= 0 and not (feature.overage and whole.live):
        return None, until
    return Later(begin=at, until=until, left=whole.left, carried=max(ZERO, whole.left - least)), until
