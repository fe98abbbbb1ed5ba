"""What a charge of a plan costs, in rows a page can say: an amount, and what it is for. Amounts stay the texts they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

ROWS_MAX = 30
_TIERED = frozenset({"graduated", "volume"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """One price; `kind` says how it reads, and which of the rest it has."""

    kind: str
    """each, flat, package, percent, up-to, beyond, group, otherwise, step, or other."""
    amount: str = ""
    size: str = ""
    """Of a package; up to how many; the group's value."""
    flat: str = ""
    """Due once when a tier is reached."""


def prices_of(model: str, written: Mapping[str, Any]) -> list[Price]:
    """The prices of a usage charge as the plan has it; `other` for what needs its maker's own words."""
    told = written.get(model)
    if not isinstance(told, Mapping):
        return [Price(kind="other")]
    return list(_prices(model, told))[:ROWS_MAX] or [Price(kind="other")]


def _prices(model: str, told: Mapping[str, Any]) -> Iterator[Price]:
    if model == "standard":
        yield Price(kind="each", amount=_text(told.get("price")))
    elif model == "package":
        yield Price(kind="package", amount=_text(told.get("price")), size=_text(told.get("size")))
    elif model in {"percentage", "flat_percentage"}:
        yield Price(kind="percent", amount=_text(told.get("percent")), flat=_text(told.get("fixed")))
    elif model in _TIERED:
        yield from _tiers(told.get("tiers"), "up-to", "beyond")
    elif model == "stairstep":
        yield from _tiers(told.get("steps"), "step", "step")
    elif model == "matrix":
        yield from _groups(told)


def _tiers(tiers: Any, within: str, last: str) -> Iterator[Price]:
    for one in tiers if isinstance(tiers, list) else ():
        limit = _text(one.get("up_to"))
        yield Price(
            kind=within if limit else last, amount=_text(one.get("price")), size=limit, flat=_text(one.get("flat"))
        )


def _groups(told: Mapping[str, Any]) -> Iterator[Price]:
    for name, price in told.get("prices", {}).items():
        yield Price(kind="group", size=str(name), amount="" if isinstance(price, Mapping) else _text(price))
    otherwise = told.get("otherwise")
    if otherwise is not None and not isinstance(otherwise, Mapping):
        yield Price(kind="otherwise", amount=_text(otherwise))


def _text(value: Any) -> str:
    return "" if value is None else str(value)
