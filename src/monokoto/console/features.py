"""Features of products as the console shows them: what product.yaml says of them, and who was given which."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import quote

from monokoto.console.api import Part
from monokoto.console.form_values import unreadable
from monokoto.console.formats import instant_of
from monokoto.console.languages import mark
from monokoto.console.rule_text import worded
from monokoto.console.visit import Visit

GRANTS_SHOWN = 50
PRODUCTS_MAX = 200
NO_NUMBER = mark("This is no number.")
_NUMBERS = {"number": float, "integer": int}


@dataclass(frozen=True, slots=True)
class FeatureView:
    """One feature of a product."""

    product: str
    name: str
    title: str
    kind: str
    """boolean, value or metered."""
    type: str
    meter: str
    actions: Sequence[str]
    sets: str
    """The property of the unit that it sets."""
    overage: bool
    safety: bool

    @property
    def key(self) -> str:
        """`product/name`."""
        return f"{self.product}/{self.name}"

    @property
    def href(self) -> str:
        """Address of its page."""
        return f"/console/features/{quote(self.product, safe='')}/{quote(self.name, safe='')}"


async def features_of(visit: Visit, products: Iterable[str], version: str = "") -> list[FeatureView]:
    """The features of these products by product and name: of the version new units get, or of another one."""
    names = list(dict.fromkeys(products))
    found = await asyncio.gather(*(_document(visit, one, version) for one in names))
    return [
        _view(visit, product, name, told)
        for product, document in zip(names, found, strict=True)
        for name, told in (document.get("features") or {}).items()
        if isinstance(told, Mapping)
    ]


async def _document(visit: Visit, product: str, version: str) -> Mapping[str, Any]:
    path = f"/api/v1/products/{quote(product, safe='')}"
    if not version:
        known = await visit.api.part(path)
        version = str(known.value["current_version"]) if known.value else ""
    part = await visit.api.part(f"{path}/versions/{quote(version, safe='')}") if version else Part()
    document: Mapping[str, Any] = part.value["document"] if part.value else {}
    return document


def _view(visit: Visit, product: str, name: str, told: Mapping[str, Any]) -> FeatureView:
    title, sets = told.get("title"), told.get("sets") or {}
    return FeatureView(
        product=product,
        name=name,
        title=worded(title, visit.formats.language, name) if isinstance(title, Mapping) else str(title or name),
        kind=str(told.get("kind", "boolean")),
        type=str(told.get("type", "")),
        meter=str(told.get("meter", "")),
        actions=[str(one) for one in (told.get("unlocks") or {}).get("actions", ())],
        sets=str(sets.get("property", "")),
        overage=bool(told.get("overage")),
        safety=bool(told.get("safety")),
    )


@dataclass(frozen=True, slots=True)
class Grant:
    """Something that was given, bought or shared."""

    told: Mapping[str, Any]
    state: str
    """holds, to-come, over or taken."""

    @property
    def is_open(self) -> bool:
        """Whether it can still be taken back."""
        return self.state in {"holds", "to-come"} and self.told["source"] != "shared"


def grants_of(visit: Visit, parts: Iterable[Part]) -> list[Grant]:
    """Those of several lists, the newest first."""
    now = visit.formats.now
    told = {one["id"]: one for part in parts if part.value for one in part.value["items"]}
    return [Grant(one, _state(one, now)) for one in sorted(told.values(), key=lambda one: one["id"], reverse=True)]


def _state(one: Mapping[str, Any], now: int) -> str:
    end = instant_of(one["end"])
    if one["taken_at"]:
        return "taken"
    if end is not None and end <= now:
        return "over"
    return "holds" if (instant_of(one["begin"]) or 0) <= now else "to-come"


def used_share(verdict: Mapping[str, Any]) -> int:
    """Of a metered feature, how much of a hundred parts is used."""
    used, left = (Decimal(verdict[name] or 0) for name in ("used", "left"))
    return 0 if used + left <= 0 else min(100, int(100 * used / (used + left)))


def pool_of(source: str) -> tuple[str, str]:
    """The holder of a quota as a verdict names it (`subscription:…`), its kind and id; nothing where it comes from no quota."""
    kind, found, holder = source.partition(":")
    return (kind, holder) if found else ("", "")


def value_of(visit: Visit, feature: FeatureView | None) -> Any:
    """What the form says the value is; None for a feature that has none. Raises Refused."""
    text = visit.value("value")
    if feature is None or feature.kind != "value" or not text:
        return None
    if feature.type == "boolean":
        return text.lower() in {"true", "yes", "1"}
    if feature.type not in _NUMBERS:
        return text
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise unreadable(visit, "value", NO_NUMBER) from None
    return _NUMBERS[feature.type](number)
