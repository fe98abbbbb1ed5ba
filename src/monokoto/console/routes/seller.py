"""Who sells: what stands on documents of the seller, which tax a supply has, how far the numbers are."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from typing import Any

import msgspec
from litestar import Controller, Response, get, post
from litestar.di import NamedDependency

from monokoto.console.api import Problem, Refused
from monokoto.console.languages import mark
from monokoto.console.money_forms import at_fields, day_begins
from monokoto.console.visit import Visit
from monokoto.kernel.clock import Instant, format_instant

PATH = "/console/seller"
SAVED = mark("Saved. It stands on documents from now on.")
ADDED = mark("The tax rule is there.")
ENDED = mark("The tax rule ends.")
REMOVED = mark("The tax rule is gone.")
ADDRESS = ("street", "more", "postal_code", "city", "region")
PLAIN = (
    "name", "country", "vat_id", "registration", "email", "iban", "bic", "creditor_id", "invoice_prefix",
    "credit_note_prefix", "timezone", "note",
)  # fmt: skip
COUNTS = ("terms_days", "grace_seconds")
CATEGORIES = {
    "S": mark("Standard rate"),
    "Z": mark("Zero rate"),
    "E": mark("Exempt"),
    "AE": mark("Reverse charge"),
    "K": mark("Supply within the EU"),
    "G": mark("Export"),
    "O": mark("Outside of tax"),
}
"""Of EN 16931 (UNCL5305)."""
BUYERS = {"any": mark("Everybody"), "business": mark("Businesses"), "consumer": mark("Consumers")}
RULE = ("supply", "buyer", "category", "rate_percent", "reason")


class SellerPagesController(Controller):
    """`/console/seller`."""

    path = "/seller"

    @get("/")
    async def index(self, visit: NamedDependency[Visit]) -> Response[str]:
        """Everything, ready to be changed."""
        return visit.page("seller/seller.html", **await _shown(visit))

    @post("/")
    async def save(self, visit: NamedDependency[Visit]) -> Response[str]:
        """Say who sells; numbers are checked by the API."""
        body: dict[str, Any] = {name: visit.value(name) for name in PLAIN}
        body["address"] = {name: visit.value(name) for name in ADDRESS}
        for name in COUNTS:
            text = visit.value(name)
            body[name] = int(text) if text.isascii() and text.isdigit() else text
        try:
            await visit.api.put("/api/v1/issuer", body)
        except Refused as refused:
            return visit.again("seller/seller.html", at_fields(refused, "address"), **await _shown(visit))
        return visit.go(PATH, visit.say(SAVED))

    @post("/rules")
    async def add(self, visit: NamedDependency[Visit]) -> Response[str]:
        """One more rule."""
        rule: dict[str, Any] = {name: visit.value(name) for name in RULE}
        rule |= {"country": visit.value("buyer_country"), "rate_percent": rule["rate_percent"] or "0"}
        for name in ("from", "to"):
            rule[name] = day_begins(visit, visit.value(name)) or None
        rules = await _rules(visit)
        return await _put(visit, [*rules, rule], len(rules), ADDED)

    @post("/rules/end")
    async def end(self, visit: NamedDependency[Visit]) -> Response[str]:
        """No longer, from now or from a day on."""
        rules, number = await _rules(visit), _number(visit)
        at = day_begins(visit, visit.value("to")) or format_instant(Instant(visit.formats.now))
        _seen(visit, rules, number)
        rules[number] = rules[number] | {"to": at}
        return await _put(visit, rules, number, ENDED)

    @post("/rules/remove")
    async def remove(self, visit: NamedDependency[Visit]) -> Response[str]:
        """As if it had not been said; documents that are made stay what they are."""
        rules, number = await _rules(visit), _number(visit)
        _seen(visit, rules, number)
        return await _put(visit, [*rules[:number], *rules[number + 1 :]], number, REMOVED)


async def _rules(visit: Visit) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await visit.api.get("/api/v1/tax-rules"))["rules"]
    return found


async def _put(visit: Visit, rules: Sequence[Any], number: int, said: str) -> Response[str]:
    try:
        await visit.api.put("/api/v1/tax-rules", {"rules": rules})
    except Refused as refused:
        # The form of the seller has a country of its own.
        faults = [
            msgspec.structs.replace(one, place="buyer_country" if one.place == "country" else one.place)
            for one in at_fields(refused, "rules", str(number)).problem.faults
        ]
        refused = Refused(msgspec.structs.replace(refused.problem, faults=faults))
        return visit.again("seller/seller.html", refused, **await _shown(visit))
    return visit.go(PATH, visit.say(said))


def _number(visit: Visit) -> int:
    text = visit.value("number")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else -1


def _seen(visit: Visit, rules: Sequence[Any], number: int) -> None:
    """Refuse to touch another rule than the one that was shown: all are replaced together."""
    if not 0 <= number < len(rules) or visit.value("tag") != tag_of(rules[number]):
        raise Refused(Problem(status=412, code="precondition-failed"))


def tag_of(rule: Any) -> str:
    """Tells a rule from every other."""
    return hashlib.sha256(msgspec.json.encode(rule, order="sorted")).hexdigest()[:16]


async def _shown(visit: Visit) -> dict[str, Any]:
    issuer, rules, series = await asyncio.gather(
        visit.api.get("/api/v1/issuer"), _rules(visit), visit.api.part("/api/v1/number-series")
    )
    return {
        "issuer": issuer,
        "rules": [(number, one, tag_of(one)) for number, one in enumerate(rules)],
        "series": series.value["series"] if series.value else [],
        "categories": CATEGORIES,
        "buyers": BUYERS,
    }
