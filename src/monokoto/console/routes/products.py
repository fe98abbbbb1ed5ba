"""Products: what kinds of things there are, what each version of them says, and what changed between two versions."""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

import msgspec
from litestar import Controller, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from monokoto.console.api import Part
from monokoto.console.schemas import properties_of, rows_of
from monokoto.console.values import plain
from monokoto.console.visit import Visit

PAGE_SIZE = 100
SUMMARY = "/api/v1/fleet/summary"
"""Where units are counted, when the platform has it."""
_CONTEXT_LINES = 3


class ProductPagesController(Controller):
    """`/console/products` and a page for each product."""

    path = "/products"

    @get("/")
    async def all(self, visit: NamedDependency[Visit], cursor: FromQuery[str] = "") -> Response[str]:
        """The list, by name."""
        found, units = await asyncio.gather(
            visit.api.part("/api/v1/products", limit=PAGE_SIZE, cursor=cursor), _units_by_product(visit)
        )
        return visit.page("products/list.html", products=found, units=units, cursor=cursor)

    @get("/{product:str}")
    async def one(
        self, visit: NamedDependency[Visit], product: FromPath[str], version: FromQuery[str] = ""
    ) -> Response[str]:
        """One version of a product as readable tables."""
        path = _path(product)
        told, versions, units = await asyncio.gather(
            visit.api.get(path), visit.api.part(f"{path}/versions"), _units_by_product(visit)
        )
        shown = version or told["current_version"]
        content = await visit.api.get(f"{path}/versions/{quote(shown, safe='')}")
        model = content["thing_model"]
        return visit.page(
            "products/product.html",
            product=told,
            version=content,
            versions=versions,
            units=units.get(product),
            model=model,
            properties=properties_of(model),
            actions=_affordances(model.get("actions"), "input", "output"),
            events=_affordances(model.get("events"), "data"),
            sections=[name for name in content["document"] if name not in {"product", "model"}],
            model_text=msgspec.json.format(msgspec.json.encode(model)).decode(),
        )

    @get("/{product:str}/diff")
    async def diff(
        self,
        visit: NamedDependency[Visit],
        product: FromPath[str],
        older: FromQuery[str] = "",
        newer: FromQuery[str] = "",
    ) -> Response[str]:
        """What changed between two versions, in meaning and in the text of the folder."""
        path = _path(product)
        told, versions = await asyncio.gather(visit.api.get(path), visit.api.get(f"{path}/versions"))
        names = [one["version"] for one in versions["items"]]
        newer = newer or told["current_version"]
        older = older or _before(newer, names)
        changes, before, after = await asyncio.gather(
            visit.api.part(f"{path}/versions/{quote(newer, safe='')}/changes", since=older),
            visit.api.part(f"{path}/versions/{quote(older, safe='')}"),
            visit.api.part(f"{path}/versions/{quote(newer, safe='')}"),
        )
        texts = [] if before.problem or after.problem else list(_texts(before.value["files"], after.value["files"]))
        return visit.page(
            "products/diff.html", product=told, names=names, older=older, newer=newer,
            changes=changes, rows=change_rows(changes), texts=texts,
        )  # fmt: skip


def _path(product: str) -> str:
    return f"/api/v1/products/{quote(product, safe='')}"


async def _units_by_product(visit: Visit) -> Mapping[str, int]:
    """How many units each product has; empty where nobody counts them, or the visitor may not see units."""
    if not visit.api.offers(SUMMARY) or not visit.may("units:read"):
        return {}
    part: Part = await visit.api.part(SUMMARY)
    if part.problem is not None:
        return {}
    counted = part.value.get("products") or []
    return {one["product"]: one["units"] for one in counted if "product" in one and "units" in one}


def _affordances(told: Mapping[str, Any] | None, *parts: str) -> list[dict[str, Any]]:
    """Actions or events with the schemas of what goes along with them as rows."""
    return [
        {
            "name": name,
            "title": str(one.get("title") or name),
            "description": str(one.get("description") or ""),
            **{part: rows_of(one.get(part)) for part in parts},
        }
        for name, one in (told or {}).items()
    ]


def _before(version: str, names: list[str]) -> str:
    """The version below this one in the list, which has the highest first; itself when there is none."""
    place = names.index(version) if version in names else -1
    return names[place + 1] if 0 <= place < len(names) - 1 else version


def change_rows(changes: Part) -> list[dict[str, Any]]:
    """Differences with their values as plain text; none where they could not be had."""
    if changes.problem is not None:
        return []
    return [
        {**one, "before": plain(one.get("before")), "after": plain(one.get("after"))} for one in changes.value["items"]
    ]


def _texts(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """For each file that differs its lines with `+`, `-`, ` ` or `@` in front."""
    for name in sorted({*before, *after}):
        old, new = before.get(name, "").splitlines(), after.get(name, "").splitlines()
        lines = list(difflib.unified_diff(old, new, n=_CONTEXT_LINES, lineterm=""))[2:]
        if lines:
            yield {"name": name, "lines": [{"mark": line[:1], "text": line} for line in lines]}
