"""Background work of the platform that belongs to no slice's own loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import structlog

from monokoto.connect.products import Products
from monokoto.connect.tenancy import Organisations
from monokoto.kernel.limits import PAGE_SIZE_MAX
from monokoto.operate.telemetry import RetentionRule, rules_of

_log = structlog.get_logger(__name__)


async def every(seconds: float, work: Callable[[], object]) -> None:
    """Do blocking work again and again in a thread; a failure is logged and tried again at the next turn."""
    while True:
        await asyncio.sleep(seconds)
        try:
            await asyncio.to_thread(work)
        except Exception:
            _log.exception("job_failed", job=getattr(work, "__qualname__", str(work)))


def retention_rules(organisations: Organisations, products: Products) -> Iterator[RetentionRule]:
    """How long each product's current version wants its readings kept."""
    for organisation in organisations.list(limit=PAGE_SIZE_MAX):
        for product in products.list(organisation.id, limit=PAGE_SIZE_MAX):
            yield from rules_of([products.current(organisation.id, product.product)])
