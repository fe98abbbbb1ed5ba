"""What several pages look up: units by what people type, products by what is open to the visitor."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from monokoto.console.api import Part
from monokoto.console.visit import Visit

NAMED_MAX = 100
"""Units that are named in one field."""
PRODUCTS_MAX = 200


async def nothing() -> Part:
    """In the place of what is not asked for."""
    return Part()


async def unit_id(visit: Visit, text: str) -> str:
    """The unit of that serial number; else the text is an id itself, or wrong, which the API says."""
    if not text:
        return ""
    found = await visit.api.part("/api/v1/units", serial=text, limit=1)
    return str(found.value["items"][0]["id"]) if found.value and found.value["items"] else text


async def unit_ids(visit: Visit, text: str) -> list[str]:
    """Those of a list with commas or line ends between."""
    named = [one.strip() for one in text.replace("\n", ",").split(",") if one.strip()]
    return list(await asyncio.gather(*(unit_id(visit, one) for one in named[:NAMED_MAX])))


def words_of(text: str) -> list[str]:
    """A list with commas between."""
    return [one.strip() for one in text.split(",") if one.strip()]


async def serials(visit: Visit, ids: Sequence[str]) -> dict[str, str]:
    """What people call these units; one that is not open to the visitor is not among them."""
    found = await asyncio.gather(*(visit.api.part(f"/api/v1/units/{one}") for one in dict.fromkeys(ids)))
    return {part.value["id"]: part.value["name"] or part.value["serial"] for part in found if part.value}


async def products(visit: Visit) -> list[str]:
    """Ids of the products there are rules or alerts of: all of a maker's, those of an owner's units."""
    if visit.may("products:read"):
        found = await visit.api.part("/api/v1/products", limit=PRODUCTS_MAX)
        return [one["product"] for one in found.value["items"]] if found.value else []
    found = await visit.api.part("/api/v1/units", limit=PRODUCTS_MAX)
    return sorted({one["product"] for one in found.value["items"]}) if found.value else []


async def groups(visit: Visit) -> list[tuple[str, str]]:
    """Groups of units: id and name."""
    if not visit.api.offers("/api/v1/groups"):
        return []
    found = await visit.api.part("/api/v1/groups", limit=PRODUCTS_MAX)
    return [(one["id"], one["name"]) for one in found.value["items"]] if found.value else []
