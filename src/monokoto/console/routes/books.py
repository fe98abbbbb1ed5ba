"""Books: what every account comes to, each entry, whether all of it is right."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable
from typing import Annotated, Any
from urllib.parse import urlencode

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter

from monokoto.console.languages import mark
from monokoto.console.money_forms import ACCOUNTS, METHODS, customers_to_choose, day_begins, names_in, sides_of
from monokoto.console.titles import titles_of
from monokoto.console.visit import Visit

PATH = "/console/books"
PAGE_SIZE = 50
TAX = mark("Tax %(category)s, %(rate)s %%")
_CUSTOMERS_NAMED = 200
_OF_CUSTOMERS = re.compile(r"(?:receivable|wallet|credit):([0-9a-z]{13})")


class BookPagesController(Controller):
    """`/console/books`."""

    path = "/books"

    @get("/")
    async def index(self, visit: NamedDependency[Visit], day: FromQuery[str] = "") -> Response[str]:
        """The trial balance: of everything, or as a day began."""
        return visit.page("books/balance.html", **await _balance(visit, day), audit=None)

    @post("/audit")
    async def audit(self, visit: NamedDependency[Visit]) -> Response[str]:
        """Read and add up everything again, and say what was found."""
        found = await visit.api.get("/api/v1/ledger/audit")
        return visit.page("books/balance.html", **await _balance(visit, ""), audit=found)

    @get("/entries")
    async def entries(
        self,
        visit: NamedDependency[Visit],
        account: FromQuery[str] = "",
        customer: FromQuery[str] = "",
        document: FromQuery[str] = "",
        begin: Annotated[str, QueryParameter(name="from")] = "",
        end: Annotated[str, QueryParameter(name="to")] = "",
        cursor: FromQuery[str] = "",
    ) -> Response[str]:
        """What was booked, the newest first: of an account, a customer, a document, a time."""
        query = {"account": account, "customer": customer, "document": document.strip(), "from": begin, "to": end}
        asked = query | {"from": day_begins(visit, begin), "to": day_begins(visit, end)}
        found = await visit.api.get("/api/v1/ledger/entries", **asked, cursor=cursor, limit=PAGE_SIZE)
        accounts = (post["account"] for one in found["items"] for post in one["postings"])
        return visit.page(
            "books/entries.html",
            found=found,
            query=query,
            customers=await customers_to_choose(visit),
            names=await _named(visit, accounts),
            kinds=ACCOUNTS,
            file="/api/v1/ledger/export?" + urlencode({name: value for name, value in asked.items() if value}),
        )


async def _balance(visit: Visit, day: str) -> dict[str, Any]:
    at = day_begins(visit, day) if day else ""
    accounts = (await visit.api.get("/api/v1/ledger/balances", at=at))["accounts"]
    return {
        "day": day,
        "accounts": accounts,
        "sides": sides_of(accounts),
        "names": await _named(visit, (one["account"] for one in accounts)),
        "kinds": ACCOUNTS,
    }


async def _named(visit: Visit, accounts: Iterable[str]) -> dict[str, str]:
    """What stands behind the colon of these accounts: customers, products, ways of payment, taxes."""
    known = list(dict.fromkeys(accounts))
    parts: dict[str, list[str]] = {}
    for one in known:
        word, _, part = one.partition(":")
        parts.setdefault(word, []).append(part)
    ids = dict.fromkeys(match[1] for one in known if (match := _OF_CUSTOMERS.fullmatch(one)))
    names, titles = await asyncio.gather(
        names_in(visit, list(ids)[:_CUSTOMERS_NAMED]), titles_of(visit, products=parts.get("revenue", ()))
    )
    found = names | dict(titles.products)
    for word in ("cash", "fees"):
        found |= {part: visit.say(METHODS[part]) for part in parts.get(word, ()) if part in METHODS}
    for part in parts.get("tax", ()):
        category, _, rate = part.partition("-")
        found[part] = visit.say(TAX, category=category, rate=rate) if rate else part
    return found
