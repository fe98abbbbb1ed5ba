"""What the pages about payments, books and the seller share: days, names of accounts, sums, a refusal at a field."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from monokoto.console.api import NotAllowed, Problem, Refused
from monokoto.console.formats import zone_of
from monokoto.console.languages import mark
from monokoto.console.visit import Visit
from monokoto.kernel.clock import Instant, format_instant
from monokoto.kernel.money import exact

CHOICES_MAX = 200
"""Customers and open invoices a form lets one choose among."""
METHODS = {
    "manual": mark("By hand"),
    "sepa": mark("SEPA"),
    "stripe": mark("Stripe"),
    "sandbox": mark("Sandbox"),
}
ACCOUNTS = {
    "receivable": mark("Owed by customers"),
    "cash": mark("Money that came"),
    "revenue": mark("Sold"),
    "tax": mark("Tax to hand on"),
    "wallet": mark("Paid ahead by customers"),
    "credit": mark("Credit of customers"),
    "payable": mark("Owed to partners"),
    "uncollectible": mark("Written off"),
    "fees": mark("Fees of payment providers"),
}
"""What accounts are, by the word before the colon."""


@dataclass(frozen=True, slots=True)
class Side:
    """All debits and credits in one currency."""

    currency: str
    debits: str
    credits: str

    @property
    def equal(self) -> bool:
        """Whether they are the same, as they must be."""
        return Decimal(self.debits) == Decimal(self.credits)


@exact
def sides_of(accounts: Iterable[Mapping[str, str]]) -> list[Side]:
    """What the columns of a trial balance come to, by currency."""
    sums: dict[str, tuple[Decimal, Decimal]] = {}
    for one in accounts:
        debits, credits_ = sums.get(one["currency"], (Decimal(0), Decimal(0)))
        sums[one["currency"]] = (debits + Decimal(one["debits"]), credits_ + Decimal(one["credits"]))
    return [Side(code, f"{debits:f}", f"{credits_:f}") for code, (debits, credits_) in sorted(sums.items())]


@exact
def left_of(credits_: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """What is left of a customer's credits, by currency."""
    sums: dict[str, Decimal] = {}
    for one in credits_:
        sums[one["currency"]] = sums.get(one["currency"], Decimal(0)) + Decimal(one["left"])
    return {code: f"{amount:f}" for code, amount in sorted(sums.items())}


def writers_only(visit: Visit) -> None:
    """A form is for those who may send it. Raises NotAllowed for whoever reads alone."""
    if not visit.may("earn:write"):
        raise NotAllowed(Problem(status=403, code="forbidden"))


def day_begins(visit: Visit, text: str) -> str:
    """When a day of a form begins in the visitor's zone, RFC 3339; empty for none. What is no day is the API's to refuse."""
    try:
        moment = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=zone_of(visit.formats.zone))
    except ValueError:
        return text
    return format_instant(Instant(int(moment.timestamp()) * 1_000_000))


async def customers_to_choose(visit: Visit) -> list[tuple[str, str]]:
    """Id and name of the customers a form offers."""
    found = await visit.api.part("/api/v1/customers", limit=CHOICES_MAX)
    return [(one["id"], one["name"]) for one in found.value["items"]] if found.value else []


async def names_in(visit: Visit, ids: Iterable[str | None]) -> dict[str, str]:
    """What these customers are called."""
    wanted = list(dict.fromkeys(one for one in ids if one))
    parts = await asyncio.gather(*(visit.api.part(f"/api/v1/customers/{one}") for one in wanted))
    return {one: part.value["name"] for one, part in zip(wanted, parts, strict=True) if part.value}


def at_fields(refused: Refused, *names: str) -> Refused:
    """Faults at the fields of a form, which knows none of these around them (`address/city` is its `city`)."""
    faults = []
    for one in refused.problem.faults:
        place = one.place.strip("/$.")
        for name in names:
            place = place.removeprefix(name).strip("/.")
        faults.append(msgspec.structs.replace(one, place=place))
    told: dict[str, Any] = msgspec.structs.asdict(refused.problem) | {"faults": faults}
    return Refused(Problem(**told))
