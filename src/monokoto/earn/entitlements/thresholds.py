"""Thresholds: told once in each period of a quota, when so much of it is used."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal

import sqlalchemy as sa

from monokoto.connect.fleet import UnitIdentity
from monokoto.earn.entitlements import store
from monokoto.earn.entitlements.entitlement import Verdict
from monokoto.earn.entitlements.facts import ENTITLEMENTS_THRESHOLD
from monokoto.earn.entitlements.ports import UsageNews
from monokoto.earn.entitlements.projection import Pool
from monokoto.earn.entitlements.service import Entitlements
from monokoto.earn.features import Feature, Threshold
from monokoto.engines.records import Records
from monokoto.kernel.clock import Clock
from monokoto.kernel.facts import Fact
from monokoto.kernel.ids import OrganisationId, new_id
from monokoto.kernel.money import exact

_KNOWN_MAX = 500_000


class Thresholds:
    """Looks at quotas that were used, and tells. Blocking."""

    def __init__(
        self, entitlements: Entitlements, records: Records, clock: Clock, tell: Callable[[Fact], None]
    ) -> None:
        self._entitlements = entitlements
        self._records = records
        self._clock = clock
        self._tell = tell
        self._known: set[tuple[int, str, str, str, int, str]] = set()
        """Those that were told, as far as it is remembered; the records know all."""

    def refresh(self, news: UsageNews | None, now: int) -> list[Pool]:
        """Look at what was used since the last time; the quotas that stand otherwise since."""
        projection = self._entitlements.projection
        for organisation_id, product, meter, unit_id, since in news.used() if news is not None else ():
            projection.used(organisation_id, product, meter, unit_id, since)
        moved = []
        for pool in projection.stale():
            before = pool.state
            after = pool.refreshed(now)
            if before is None or (before.left, before.used) != (after.left, after.used):
                moved.append(pool)
        return moved

    def seen(self, unit: UnitIdentity, judged: Iterable[tuple[Feature, Verdict]]) -> None:
        """Tell what a unit's quotas have reached and was not told yet in this period."""
        for feature, verdict in judged:
            if verdict.used is None or verdict.left is None or not feature.thresholds:
                continue
            used, total = verdict.used, verdict.left + verdict.used - (verdict.overage or Decimal(0))
            for threshold in feature.thresholds:
                if _reached(threshold, used, total):
                    self._told(unit, feature, verdict, threshold, total)

    def _told(
        self, unit: UnitIdentity, feature: Feature, verdict: Verdict, threshold: Threshold, total: Decimal
    ) -> None:
        period = verdict.period_begin or 0
        key = (unit.organisation_id, verdict.source, str(unit.product), feature.name, period, str(threshold))
        if key in self._known:
            return
        row = dict(
            zip(("organisation_id", "pool", "product", "feature", "period_begin", "threshold"), key, strict=True)
        )
        now = self._clock.now()
        said = {"unit_id": unit.unit_id, "used": f"{verdict.used:f}", "total": f"{total:f}"}
        try:
            with self._records.write() as connection:
                new = store.tell_once(connection, row | said | {"threshold_id": new_id(), "at": now})
        except sa.exc.IntegrityError:  # another process told it at the same moment
            new = False
        if len(self._known) >= _KNOWN_MAX:
            self._known.clear()
        self._known.add(key)
        if new:
            data = said | {name: row[name] for name in ("product", "feature", "period_begin", "threshold")}
            self._tell(
                Fact(
                    name=ENTITLEMENTS_THRESHOLD,
                    organisation_id=OrganisationId(unit.organisation_id),
                    at=now,
                    data=data,
                )
            )


@exact
def _reached(threshold: Threshold, used: Decimal, total: Decimal) -> bool:
    if not threshold.percent:
        return used >= threshold.quantity
    return used > 0 and used * 100 >= threshold.quantity * total
