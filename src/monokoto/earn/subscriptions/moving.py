"""All who subscribed to a plan, moved to another version of it: each with the notice their own version gives."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from monokoto.earn.plans import Plans
from monokoto.earn.subscriptions import life
from monokoto.earn.subscriptions.service import Subscriptions
from monokoto.earn.subscriptions.store import Wanted
from monokoto.earn.subscriptions.subscription import Status, Subscription
from monokoto.kernel.errors import Conflict, TooLarge
from monokoto.kernel.limits import SUBSCRIPTIONS_MOVED_MAX

_PAGE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """A subscription that stays, and why."""

    subscription: Subscription
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """What a move comes to."""

    version: int
    moved: tuple[Subscription, ...]
    """As they are now; of a preview as they would be."""
    left: tuple[Left, ...]
    first_at: int | None
    """When the first of them pays by the new version, and the last."""
    last_at: int | None


def move_all(
    subscriptions: Subscriptions,
    plans: Plans,
    organisation_id: int,
    *,
    product: str,
    plan: str,
    version: int = 0,
    from_version: int = 0,
    preview: bool = False,
    actor_id: int = 0,
) -> Moved:
    """Move who is on another version of the plan (or on `from_version`) to a version (0: the newest).

    Asked again it moves nobody a second time: who is on the version, or is to be, is left out. Raises NotFound, TooLarge.
    """
    target = plans.get(organisation_id, product, plan, version)
    now = subscriptions.now()
    moved, left, instants = [], [], []
    for one in _concerned(subscriptions, organisation_id, product, plan, from_version, target.version, now):
        notice = plans.get(organisation_id, product, plan, one.phases[-1].version).notice
        try:
            at = life.after_notice(one, notice, now=now)
            if preview:
                after = life.change(one, target, at=max(at, now), now=now)
            else:
                after = subscriptions.change(
                    organisation_id, one.id, plan=plan, version=target.version, at=max(at, now), actor_id=actor_id
                )
        except Conflict as error:
            left.append(Left(subscription=one, reason=error.message))
            continue
        moved.append(after)
        instants.append(max(at, now))
    return Moved(
        version=target.version,
        moved=tuple(moved),
        left=tuple(left),
        first_at=min(instants, default=None),
        last_at=max(instants, default=None),
    )


def _concerned(
    subscriptions: Subscriptions,
    organisation_id: int,
    product: str,
    plan: str,
    from_version: int,
    version: int,
    now: int,
) -> Iterator[Subscription]:
    wanted = Wanted(product=product, plan=plan, version=from_version)
    found, after = 0, 0
    while page := subscriptions.list(organisation_id, wanted, after=after, limit=_PAGE):
        for one in page:
            if one.status(now) is Status.ENDED or one.phases[-1].version == version:
                continue
            found += 1
            if found > SUBSCRIPTIONS_MOVED_MAX:
                raise TooLarge(
                    f"More than {SUBSCRIPTIONS_MOVED_MAX} would be moved at once.",
                    remedy="Move those of each version by themselves; who was moved stays so.",
                )
            yield one
        after = page[-1].id
