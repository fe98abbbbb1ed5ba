"""What the pages of the portal show: usage by day and by unit, what is included and left, what was bought."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from monokoto.console.api import Part, Problem
from monokoto.console.formats import instant_of
from monokoto.console.portal_prices import Price, prices_of
from monokoto.console.unit_names import names_of
from monokoto.console.visit import Visit

UNITS_SHOWN = 20
"""Units of a subscription whose usage and functions are shown one by one."""
ENDED, SCHEDULED, SUSPENDED = "ended", "scheduled", "suspended"


@dataclass(frozen=True, slots=True)
class Bar:
    """One day in a chart; in the chart's own coordinates, 100 high."""

    day: str
    quantity: str
    x: float
    height: float
    past: bool
    """Whether it has begun."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """What was used by one meter in a period."""

    meter: str
    title: Mapping[str, str]
    unit: str
    total: str
    bars: Sequence[Bar] = ()
    by_unit: Sequence[tuple[str, str]] = ()
    problem: Problem | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A feature on one unit."""

    unit: str
    verdict: Mapping[str, Any]

    @property
    def share(self) -> int:
        """Of a metered one, how much of a hundred parts is used."""
        used, left = (Decimal(self.verdict[name] or 0) for name in ("used", "left"))
        return 0 if used + left <= 0 else min(100, int(100 * used / (used + left)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Included:
    """What a subscription includes, on its units."""

    features: Sequence[tuple[Mapping[str, Any], Sequence[Function]]]
    waiting: bool
    """Whether something that is paid for is not open yet."""
    problems: Sequence[Problem] = field(default=())


def product_of(one: Mapping[str, Any], plan: Mapping[str, Any] | None) -> str:
    """What people call the product of a subscription."""
    return str((plan or {}).get("product_title") or one["product"])


def has_money(account: Mapping[str, Any]) -> bool:
    """Whether anything is left with a maker."""
    return any(Decimal(held[name]) for held in account["balances"] for name in ("credit", "wallet"))


def api_of(subscription: str) -> str:
    """Its address in the API."""
    return f"/api/v1/my/subscriptions/{quote(subscription, safe='')}"


def lines_of(plan: Mapping[str, Any]) -> list[tuple[Mapping[str, Any], list[Price]]]:
    """Each charge with its prices."""
    return [
        (one, prices_of(one["charge"]["model"], one["written"]) if one["charge"]["kind"] == "usage" else [])
        for one in plan["charges"]
    ]


async def unit_ids_of(visit: Visit, subscription: str) -> list[str]:
    """The units it is for."""
    found = await visit.api.part(f"{api_of(subscription)}/units", limit=UNITS_SHOWN)
    return [str(one["unit"]) for one in found.value["items"]] if found.value else []


async def units_of(visit: Visit, subscription: str) -> tuple[list[str], dict[str, str]]:
    """The units it is for, and what people call them."""
    ids = await unit_ids_of(visit, subscription)
    return ids, await names_of(visit, ids)


async def used(visit: Visit, one: Mapping[str, Any], plan: Mapping[str, Any], units: Sequence[str]) -> list[Used]:
    """By meter, in the period that runs."""
    period = one["period"]
    if period is None or not units:
        return []
    charges = {each["charge"]["meter"]: each for each in plan["charges"] if each["charge"]["meter"]}
    return list(await asyncio.gather(*(_used(visit, charge, period, units) for charge in charges.values())))


async def _used(visit: Visit, charge: Mapping[str, Any], period: Mapping[str, str], units: Sequence[str]) -> Used:
    meter = charge["charge"]["meter"]
    asked = {"meter": meter, "from": period["begins_at"], "to": period["ends_at"], "by": "day"}
    asked["timezone"] = visit.formats.zone
    parts = await asyncio.gather(*(visit.api.part(f"/api/v1/units/{unit}/usage", **asked) for unit in units))
    plain = {"meter": meter, "title": charge["meter_title"], "unit": charge["unit"]}
    failed = next((part.problem for part in parts if part.problem), None)
    if failed is not None:
        return Used(**plain, total="", problem=failed)
    return Used(
        **plain,
        total=f"{sum((_sum(part) for part in parts), Decimal(0)):f}",
        bars=_bars(parts, visit.formats.now),
        by_unit=[(unit, f"{_sum(part):f}") for unit, part in zip(units, parts, strict=True)],
    )


def _sum(part: Part) -> Decimal:
    return sum((Decimal(one["quantity"]) for one in part.value["items"]), Decimal(0))


def _bars(parts: Sequence[Part], now: int) -> list[Bar]:
    days: dict[str, Decimal] = {}
    for part in parts:
        for one in part.value["items"]:
            days[one["start"]] = days.get(one["start"], Decimal(0)) + Decimal(one["quantity"])
    most = max(days.values(), default=Decimal(0))
    if most <= 0:
        return []
    wide = 300 / len(days)
    return [
        Bar(
            day,
            f"{quantity:f}",
            round(number * wide, 2),
            round(float(100 * max(quantity, Decimal(0)) / most), 2),
            (instant_of(day) or 0) <= now,
        )
        for number, (day, quantity) in enumerate(sorted(days.items()))
    ]


async def included(visit: Visit, one: Mapping[str, Any], plan: Mapping[str, Any], units: Sequence[str]) -> Included:
    """What the plan includes, as it is on each unit now."""
    names = {each["feature"]: each for each in plan["includes"] if each["value"] is not False}
    if not names or not units or one["status"] in {ENDED, SCHEDULED}:
        return Included(features=[], waiting=False)
    parts = await asyncio.gather(*(visit.api.part(f"/api/v1/units/{unit}/entitlements") for unit in units))
    verdicts = {
        unit: {each["feature"]: each for each in part.value}
        for unit, part in zip(units, parts, strict=True)
        if part.value
    }
    features = [
        (each, [Function(unit=unit, verdict=told[name]) for unit, told in verdicts.items() if name in told])
        for name, each in names.items()
    ]
    waiting = one["status"] != SUSPENDED and any(
        not it.verdict["allowed"] and each["kind"] != "metered" for each, found in features for it in found
    )
    return Included(features=features, waiting=waiting, problems=[part.problem for part in parts if part.problem][:1])
