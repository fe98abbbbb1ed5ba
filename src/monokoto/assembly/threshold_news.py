"""Quotas that reached a threshold, as news for the makers of units and for who has them."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Protocol

from monokoto.connect.fleet import Directory, tags_of
from monokoto.connect.ownership import Ownerships
from monokoto.connect.products import Products
from monokoto.earn.entitlements import Told, told_to_all
from monokoto.earn.features import FeatureBook
from monokoto.engines.records import Records
from monokoto.kernel.clock import Instant
from monokoto.kernel.errors import MonokotoError
from monokoto.kernel.ids import OrganisationId, UnitId
from monokoto.operate.notifications import AlertNews, Measured, What
from monokoto.operate.rules import Severity


class Parts(Protocol):
    """What they stand on (the platform)."""

    directory: Directory
    products: Products
    ownerships: Ownerships


class NewsOfThresholds:
    """As `notifications.ThresholdsToTell`."""

    def __init__(self, records: Records, parts: Parts) -> None:
        self._records = records
        self._parts = parts
        self._book = FeatureBook(parts.products)

    def reached(self, after: int, limit: int) -> Sequence[AlertNews]:
        """As `ThresholdsToTell.reached`."""
        with self._records.read() as connection:
            found = told_to_all(connection, after, limit)
        return [self._news(one) for one in found]

    def _news(self, one: Told) -> AlertNews:
        unit = self._parts.directory.get(one.unit_id)
        return AlertNews(
            id=one.id,
            number=0,
            recorded_at=Instant(one.at),
            alert_id=one.id,
            organisation_id=OrganisationId(one.organisation_id),
            unit_id=UnitId(one.unit_id),
            what=What.THRESHOLD,
            at=Instant(one.at),
            severity=Severity.WARNING if _is_used_up(one) else Severity.INFO,
            rule=f"{one.product}/{one.feature}",
            title=self._title(one),
            product=one.product,
            unit="" if unit is None else unit.serial,
            tags=tags_of(self._records, one.organisation_id, [one.unit_id]).get(one.unit_id, frozenset()),
            measured=(
                Measured("threshold", one.threshold), Measured("used", one.used), Measured("granted", one.total),
            ),
            told=self._told(one),
        )  # fmt: skip

    def _title(self, one: Told) -> dict[str, str]:
        unit = self._parts.directory.get(one.unit_id)
        try:
            features = {} if unit is None else self._book.of(one.organisation_id, unit.product, unit.version)
        except MonokotoError:
            features = {}
        feature = features.get(one.feature)
        # What has no language is said to everybody who reads English.
        return {} if feature is None else {name or "en": text for name, text in sorted(feature.title.items())}

    def _told(self, one: Told) -> tuple[int, ...]:
        """The maker, and whoever has the unit now."""
        ledger = self._parts.ownerships.ledger
        known = ledger.unit(one.unit_id)
        found = [one.organisation_id]
        for party in sorted(known.parties()) if known is not None else ():
            reach = None if party == one.organisation_id else ledger.reach(party, UnitId(one.unit_id))
            if reach is not None and reach.now:
                found.append(party)
        return tuple(found)


def _is_used_up(one: Told) -> bool:
    return Decimal(one.used) >= Decimal(one.total)
