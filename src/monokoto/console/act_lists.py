"""What forms about commands, groups, scenes and schedules offer to choose from."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from monokoto.console.languages import mark
from monokoto.console.visit import Visit

CHOICES_MAX = 200
MODELS_MAX = 30
"""Products whose actions and properties a form offers; the rest are written by hand."""
_BETWEEN = ","
LASTINGS = {
    "": mark("as the product says"),
    "60": mark("1 minute"),
    "3600": mark("1 hour"),
    "86400": mark("1 day"),
    "604800": mark("1 week"),
}
"""Seconds until a command expires."""


def words_of(text: str) -> list[str]:
    """What stands between commas."""
    return list(dict.fromkeys(word.strip() for word in text.split(_BETWEEN) if word.strip()))


async def product_names(visit: Visit) -> list[str]:
    """The products within the visitor's reach."""
    if not visit.may("products:read"):
        return []
    found = await visit.api.part("/api/v1/products", limit=CHOICES_MAX)
    return sorted(str(one["product"]) for one in found.value["items"]) if found.value else []


async def models(visit: Visit) -> dict[str, Mapping[str, Any]]:
    """The present model of each product, by its name."""
    if not visit.may("products:read"):
        return {}
    found = await visit.api.part("/api/v1/products", limit=MODELS_MAX)
    items = found.value["items"] if found.value else []
    parts = await asyncio.gather(*(visit.api.part(_version_path(one)) for one in items))
    made = {
        str(one["product"]): part.value["thing_model"] for one, part in zip(items, parts, strict=True) if part.value
    }
    return dict(sorted(made.items()))


def _version_path(product: Mapping[str, Any]) -> str:
    name, version = quote(product["product"], safe=""), quote(product["current_version"], safe="")
    return f"/api/v1/products/{name}/versions/{version}"


async def named(visit: Visit, path: str) -> list[tuple[str, str]]:
    """Groups, scenes or schedules to choose from: name, and what people read."""
    found = await visit.api.part(path, limit=CHOICES_MAX)
    items = found.value["items"] if found.value else []
    return [(one["name"], f"{one['title']} ({one['name']})" if one["title"] else one["name"]) for one in items]
