"""May a unit use a feature at an instant? The answer out of what it has and how its quotas stand."""

from __future__ import annotations

from typing import Any

from monokoto.earn.entitlements.entitlement import FOREVER, Verdict
from monokoto.earn.entitlements.projection import Pool, Projection
from monokoto.earn.entitlements.standing import Piece, Standing, best
from monokoto.earn.features import Feature, FeatureKind

_TURNS_MAX = 1000
"""Of one answer's end: past so many beginnings and ends it is said to end, and asked again."""


def judge(projection: Projection, standing: Standing, product: str, feature: Feature, at: int) -> Verdict:
    """The verdict."""
    live = list(standing.live(feature.name, at, safety=feature.safety))
    if not live:
        return _lacking(standing, feature, at)
    if feature.kind is FeatureKind.METERED:
        return _of_quota(projection, standing, product, feature, at)
    piece = best(live)
    assert piece is not None
    return Verdict(
        feature=feature.name,
        allowed=True,
        reason=_because(piece),
        value=_value(feature, piece),
        until=_until(standing, feature, at, piece),
        source=piece.source,
    )


def _lacking(standing: Standing, feature: Feature, at: int) -> Verdict:
    reason = (
        f"{feature.called()} is suspended: its customer has not paid."
        if standing.is_suspended(feature.name, at)
        else f"The unit has not the feature {feature.called()}."
    )
    coming = standing.next_turn(at, feature.name)
    return Verdict(feature=feature.name, allowed=False, reason=reason, until=coming)


def _value(feature: Feature, piece: Piece) -> Any:
    return piece.value if feature.kind is FeatureKind.VALUE else True


def _until(standing: Standing, feature: Feature, at: int, piece: Piece) -> int | None:
    """How long the answer stays the same by itself: pieces that follow upon each other count together."""
    value, turn = _value(feature, piece), at
    for _ in range(_TURNS_MAX):
        following = standing.next_turn(turn, feature.name)
        if following is None:
            return None
        then = best(standing.live(feature.name, following, safety=feature.safety))
        if then is None or _value(feature, then) != value:
            return following
        turn = following
    return turn


def _of_quota(projection: Projection, standing: Standing, product: str, feature: Feature, at: int) -> Verdict:
    pool = pool_of(projection, standing, product, feature, at)
    if pool is None:
        return _lacking(standing, feature, at)
    state = pool.at(at)
    allowed = state.left > 0 or (feature.overage and state.live)
    turns = [one for one in (standing.next_turn(at, feature.name), state.turn) if one is not None and one < FOREVER]
    left = f"{state.left:f} of {state.total:f} left"
    if allowed:
        reason = left if state.left > 0 else f"used up, {state.overage:f} beyond it"
    else:
        reason = f"{feature.called()} is used up: {left}."
    return Verdict(
        feature=feature.name,
        allowed=allowed,
        reason=reason,
        value=None,
        left=state.left,
        used=state.used,
        overage=state.overage,
        period_begin=state.period_begin,
        until=min(turns, default=None),
        source=str(pool.key.holder),
        evidence={"meter": f"{product}/{feature.meter}", "units": len(pool.members)},
    )


def pool_of(projection: Projection, standing: Standing, product: str, feature: Feature, at: int) -> Pool | None:
    """The quota a unit draws on at an instant."""
    holder = standing.pool_at(feature.name, at)
    return None if holder is None else projection.pool(standing.organisation_id, product, feature, holder)


def _because(piece: Piece) -> str:
    return f"It has it ({piece.source})."
