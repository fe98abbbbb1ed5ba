"""What products and plans are called, for pages that are told names: looked up once a page; the name where there is no title."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from monokoto.console.rule_text import worded
from monokoto.console.visit import Visit


@dataclass(frozen=True, slots=True)
class Titles:
    """In the visitor's language; `titles` in templates."""

    products: Mapping[str, str] = field(default_factory=dict)
    plans: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def product(self, name: str) -> str:
        """What people call a product."""
        return self.products.get(name) or name

    def plan(self, product: str, name: str) -> str:
        """What people call a plan."""
        return self.plans.get((product, name)) or name


async def titles_of(visit: Visit, *, products: Iterable[str] = (), plans: Iterable[tuple[str, str]] = ()) -> Titles:
    """Of these, and of the products of the plans. What is not within reach keeps its name."""
    pairs = list(dict.fromkeys((product, plan) for product, plan in plans if product and plan))
    names = list(dict.fromkeys([*(one for one in products if one), *(product for product, _ in pairs)]))
    found = await asyncio.gather(
        *(visit.api.part(f"/api/v1/products/{quote(one, safe='')}") for one in names),
        *(
            visit.api.part(f"/api/v1/products/{quote(product, safe='')}/plans/{quote(plan, safe='')}")
            for product, plan in pairs
        ),
    )
    told, priced = found[: len(names)], found[len(names) :]
    language = visit.formats.language
    return Titles(
        {name: part.value["title"] for name, part in zip(names, told, strict=True) if part.value},
        {pair: worded(part.value["title"], language) for pair, part in zip(pairs, priced, strict=True) if part.value},
    )


async def titles_of_subscriptions(visit: Visit, items: Iterable[Mapping[str, object]]) -> Titles:
    """Of the plans of subscriptions as the API shows them, those of all their phases."""
    pairs = [(str(one["product"]), plan) for one in items for plan in _plans_of(one)]
    return await titles_of(visit, plans=pairs)


def _plans_of(one: Mapping[str, object]) -> list[str]:
    phases = one.get("phases")
    named = [str(phase["plan"]) for phase in phases] if isinstance(phases, list) else []
    return [str(one["plan"]), *named]
