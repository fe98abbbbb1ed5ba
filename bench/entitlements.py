"""May it? Verdicts over 100,000 units, balances of quotas that are being used, in one thread; and what a first question costs."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from bench.report import Report
from monokoto.connect.fleet import UnitIdentity
from monokoto.connect.products import ProductModel, compile_model
from monokoto.earn.calendar import Cycle, Every, Span
from monokoto.earn.entitlements import FOREVER, Entitlements, Gift, Held, Holder, Inclusion, UnitHoldings
from monokoto.earn.features import FeatureBook
from monokoto.engines.records import migrate, open_records
from monokoto.kernel.clock import SystemClock
from monokoto.kernel.ids import OrganisationId

_MAKER = 1
_DOCUMENT = {
    "meters": {"washes": {"count": "cycleFinished"}},
    "features": {
        "night": {"kind": "boolean"},
        "speed": {"kind": "value", "type": "number"},
        "washes": {"kind": "metered", "meter": "washes"},
    },
}
_THING = {
    "@context": ["https://www.w3.org/2019/wot/td/v1", "https://www.w3.org/2022/wot/td/v1.1"],
    "@type": "tm:ThingModel",
    "title": "washer",
    "version": {"model": "1.0.0"},
}


class _Products:
    def content(self, _organisation_id: int, _product: str, _version: str) -> Any:
        return SimpleNamespace(document=_DOCUMENT)

    def model(self, organisation_id: int, product: str, _version: str) -> ProductModel:
        return compile_model(OrganisationId(organisation_id), product, _THING)


class _Units:
    def get(self, unit_id: int) -> UnitIdentity | None:
        return UnitIdentity(
            unit_id=unit_id,
            organisation_id=_MAKER,
            product="washer",
            version="1.0.0",
            serial=f"w{unit_id}",
            parent_id=0,
        )

    find = get


class _Subscriptions:
    """Every household has three units and one subscription, with 30 washes a month for all of them."""

    def __init__(self, start: int) -> None:
        self._span = (Span(start, FOREVER),)
        cycle = Cycle(every=Every.MONTH, anchor=start)
        common = {"customer_id": 0, "subscription_id": 0, "plan": "eco 1", "begin": start, "end": FOREVER}
        self._included = (
            Inclusion(feature="night", value=True, spans=self._span, **common),
            Inclusion(feature="speed", value=25, spans=self._span, **common),
            Inclusion(feature="washes", amount=Decimal(30), cycle=cycle, spans=self._span, **common),
        )

    def of_unit(self, _organisation_id: int, unit_id: int) -> UnitHoldings:
        return UnitHoldings([(unit_id // 3 + 1, self._span[0])], self._of(unit_id // 3 + 1))

    def _of(self, household: int) -> list[Inclusion]:
        return [replace(one, subscription_id=household, customer_id=household) for one in self._included]

    def of_subscription(self, _organisation_id: int, subscription_id: int) -> Sequence[Inclusion]:
        return self._of(subscription_id)

    def members(self, _organisation_id: int, subscription_id: int) -> Mapping[int, Sequence[Span]]:
        first = (subscription_id - 1) * 3
        return dict.fromkeys(range(first, first + 3), self._span)

    def units_of_customer(self, organisation_id: int, customer_id: int, _product: str) -> Mapping[int, Sequence[Span]]:
        return self.members(organisation_id, customer_id)

    def customer_of_organisation(self, _organisation_id: int, _buyer_id: int) -> int | None:
        return None

    def plans_with(self, _organisation_id: int, _product: str, _feature: str) -> Sequence[str]:
        return ()


class _Usage:
    def sums(
        self,
        _organisation_id: int,
        _product: str,
        _meter: str,
        units: Mapping[int, Sequence[Span]],
        spans: Sequence[Span],
    ) -> Sequence[Decimal]:
        return [Decimal(min(units) % 20)] * len(spans)


def run(report: Report, *, quick: bool) -> None:
    """Measure and tell."""
    count, asked = (9_999, 20_000) if quick else (99_999, 200_000)
    dice = random.Random(1)
    clock = SystemClock()
    with tempfile.TemporaryDirectory() as folder:
        records = open_records("", data_dir=Path(folder))
        migrate(records)
        service = Entitlements(
            records, clock, units=_Units(), book=FeatureBook(_Products()), usage=_Usage(),
            entitling=_Subscriptions(int(clock.now()) - 40 * 86_400_000_000),
            current_version=lambda _organisation_id, _product: "1.0.0",
        )  # fmt: skip
        for _ in range(1000):
            service.give(_MAKER, Gift(feature="night", holder=Held(Holder.UNIT, dice.randrange(count))))
        began = time.perf_counter()
        for start in range(0, count, 500):
            service.projection.load(_MAKER, range(start, min(start + 500, count)))
        loaded = time.perf_counter() - began
        report.row(f"{count:,} units read into memory", loaded, "s")
        balance = ("washes",)
        for what, features, times, goal in (
            ("may, from memory", ("night", "speed"), asked, "< 5 ms"),
            ("balance, first question of a quota", balance, asked // 20, ""),
            ("balance, from memory", balance, asked // 20, "< 10 ms"),
        ):
            _told(report, what, _timed(service, random.Random(2), count, times, features), goal)
        service.projection.forget_all()
        own = time.thread_time()
        taken = _timed(service, dice, count, 2_000, ("night",))
        report.row("may, nothing in memory: processor time each", (time.thread_time() - own) / 2_000 * 1000, "ms")
        _told(report, "may, nothing in memory", taken, "< 5 ms")
        records.close()
    report.note("one thread; subscriptions and usage are answered by the benchmark, rows by SQLite")


def _told(report: Report, what: str, taken: np.ndarray[Any, Any], goal: str) -> None:
    report.row(f"{what}: a second", len(taken) / taken.sum())
    report.row(f"{what}: p99", float(np.percentile(taken, 99)) * 1000, "ms", goal=goal)


def _timed(
    service: Entitlements, dice: random.Random, count: int, asked: int, features: Sequence[str]
) -> np.ndarray[Any, Any]:
    taken = np.empty(asked)
    for number in range(asked):
        unit_id, feature = dice.randrange(count), features[number % len(features)]
        began = time.perf_counter()
        service.may(_MAKER, unit_id, feature)
        taken[number] = time.perf_counter() - began
    return taken
