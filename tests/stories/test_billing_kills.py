"""SIGKILL at random instants while usage comes in by HTTP, while it is corrected and while it is billed: nothing that was answered
is lost or there twice, and what customers are sent is, byte for byte, what a maker sends whom nothing happened to."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from typing import Any, TypeVar

import httpx
import psutil
import pytest
from unit_clients import seconds_ago

from monokoto.cli.client import ApiClient
from monokoto.kernel.clock import format_instant
from monokoto.kernel.errors import Unavailable
from monokoto.testing import Installation, register, wait_until

T = TypeVar("T")
SEED = 2026
HOUR, DAY = 3600, 86_400
DAYS = 4
AWAY_SECONDS = 90.0
"""So long a platform that was killed may take to be back."""
PRODUCT = """
product: relay
model: {version: {model: 1.0.0}, properties: {power: {type: number}}}
meters:
  calls: {sum: com.example.call, external: true, value: data.n, by: [data.region], unit: call}
  told: {count: com.example.call, external: true}
plans:
  daily:
    currency: EUR
    every: day
    charges:
      call: {meter: calls, graduated: {tiers: [{up_to: "20", price: "0.07"}, {price: "0.03"}]}}
      region: {meter: calls, matrix: {by: data.region, prices: {eu: "0.011", us: "0.013"}, otherwise: "0.017"}}
      base: {fee: "0.50", in: advance}
"""
SELLER = {
    "name": "Relays GmbH", "country": "DE", "vat_id": "DE136695976", "email": "bills@example.com", "grace_seconds": 0,
    "iban": "DE89370400440532013000", "address": {"street": "Weg 1", "postal_code": "10115", "city": "Berlin"},
}  # fmt: skip
_LOT = re.compile(r"\b[0-9a-hjkmnp-tv-z]{13}\b|(?:INV|CN)-\d{4}-\d{6}")
"""What is drawn by lot: ids, and in which order documents of one instant got their numbers."""


class Killer:
    """Kills the platform a moment after it is told to, where it then is in its work."""

    def __init__(self, here: Installation, chance: Random) -> None:
        self._here, self._chance, self.killed = here, chance, 0

    def soon(self, longest: float) -> threading.Timer:
        timer = threading.Timer(self._chance.uniform(0.0, longest), self._strike)
        timer.start()
        return timer

    def _strike(self) -> None:
        for child in psutil.Process(self._here.pid).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                if child.cmdline()[-1:] == ["platform"]:
                    os.kill(child.pid, signal.SIGKILL)
                    self.killed += 1


def surely(act: Callable[[], T]) -> T:
    """Act until there is an answer; a platform that is away is no answer."""
    end = time.monotonic() + AWAY_SECONDS
    while True:
        try:
            return act()
        except (Unavailable, httpx.HTTPError):
            assert time.monotonic() < end, "it did not come back"
            time.sleep(0.1)


@dataclass
class Maker:
    """One of two makers who sell the same to the same people, and are told the same."""

    api: ApiClient
    units: list[str]
    starts: int
    customers: dict[str, str] = field(default_factory=dict)
    """By name their id."""

    def tell(self, events: list[dict[str, Any]]) -> int:
        """How many were accepted now; all are by then."""
        told = [{**one, "subject": self.units[int(one["subject"])]} for one in events]
        answer = surely(lambda: self.api.post("/api/v1/usage-events", told))
        assert answer["accepted"] + answer["duplicates"] == len(events), answer
        return int(answer["accepted"])

    def correct(self, wanted: dict[str, Any]) -> None:
        body = {"corrections": [{**wanted, "unit": self.units[int(wanted["unit"])]}]}
        surely(lambda: self.api.post("/api/v1/usage-corrections", body))

    def subscribe(self) -> None:
        for number, unit in enumerate(self.units):
            name = f"Customer {number}"
            buyer = {
                "name": name, "country": "DE", "currency": "EUR", "email": "sol@example.com",
                "address": {"street": "Allee 2", "postal_code": "20095", "city": "Hamburg"},
            }  # fmt: skip
            self.customers[name] = self.api.post("/api/v1/customers", buyer)["id"]
            asked = {
                "customer": self.customers[name], "product": "relay", "plan": "daily", "units": [unit],
                "starts_at": format_instant(self.starts * 1_000_000),
            }  # fmt: skip
            self.api.post("/api/v1/subscriptions", asked)

    def bill(self) -> Any:
        """Run until there is nothing left to do."""

        def run() -> Any:
            found = self.api.post("/api/v1/billing/runs")
            while found["state"] == "running":
                time.sleep(0.05)
                found = self.api.get("/api/v1/billing/runs")
            if found["error"]:
                raise Unavailable(found["error"])
            return found

        while (found := surely(run))["drafted"] or found["finalised"]:
            pass
        assert found["failures"] == []
        return found

    def usage(self, meter: str) -> list[tuple[int, str]]:
        """By unit."""
        asked = {"meter": f"relay/{meter}", "from": format_instant((self.starts - DAY) * 1_000_000), "by": "unit"}
        found = surely(lambda: self.api.get("/api/v1/usage", asked))["items"]
        return sorted((self.units.index(one["unit"]), one["quantity"]) for one in found)

    def papers(self) -> list[tuple[str, ...]]:
        """What every customer was sent and will be: explained lines, the electronic invoice, less what is drawn by lot."""
        names = {each: name for name, each in self.customers.items()}
        found = []
        for one in surely(lambda: list(self.api.pages("/api/v1/invoices", {}))):
            where = f"/api/v1/invoices/{one['id']}"
            lines = _plain(surely(lambda at=where: self.api.get(at))["lines"])
            data = self._xml(where) if one["state"] == "finalised" else ""
            found.append(
                (names[one["customer"]], one["key"].rpartition("/")[2], one["state"], one["gross"], lines, data)
            )
        for one in surely(lambda: list(self.api.pages("/api/v1/subscriptions", {}))):
            coming = surely(lambda at=one["id"]: self.api.get(f"/api/v1/subscriptions/{at}/next-invoice"))
            found.append((names[one["customer"]], "next", coming["net"], _plain(coming["lines"])))
        return sorted(found)

    def _xml(self, where: str) -> str:
        answer = surely(lambda: self.api.api.http.get(f"{where}/document.xml"))
        assert answer.status_code == 200
        return _LOT.sub("*", answer.text)


def _plain(lines: Any) -> str:
    return _LOT.sub("*", repr(lines))


def made(here: Installation, slug: str, units: int, starts: int) -> Maker:
    api = here.organisation(slug)
    api.post("/api/v1/products/apply", {"files": {"product.yaml": PRODUCT}})
    api.request("PUT", "/api/v1/issuer", json=SELLER)
    api.request("PUT", "/api/v1/tax-rules", json={"rules": [{"category": "S", "rate_percent": "19"}]})
    rows = {row["serial"]: row["unit"] for row in register(api, "relay", [f"r{number}" for number in range(units)])}
    return Maker(api, [rows[f"r{number}"] for number in range(units)], starts)


def story(here: Installation, *, units: int, batches: int, kills: tuple[int, int, int]) -> None:
    """`kills`: while usage comes in, while it is corrected, while it is billed."""
    given = int(os.environ.get("MONOKOTO_SEED", SEED))
    print(f"MONOKOTO_SEED={given}")
    chance = Random(given)
    killer = Killer(here, chance)
    starts = seconds_ago(DAYS * DAY + 6 * HOUR)
    maker, twin = (made(here, slug, units, starts) for slug in ("killed", "twin"))
    told = [_events(chance, units, starts, number) for number in range(batches)]
    before, after = (
        [_correction(chance, units, starts, f"{when}{n}") for n in range(max(4, kills[1]))] for when in "ba"
    )

    for batch in told:
        twin.tell(batch)
    for one in before:
        twin.correct(one)
    twin.subscribe()
    twin.bill()
    for one in after:
        twin.correct(one)
    twin.bill()

    _under_fire(killer, kills[0], [lambda batch=batch: maker.tell(batch) for batch in told])
    accepted = [maker.tell(batch) for batch in told]
    assert sum(accepted) == 0, "what was answered is there"
    _under_fire(killer, kills[1] - kills[1] // 2, [lambda one=one: maker.correct(one) for one in before])
    maker.subscribe()
    for _ in range(max(kills[2], 1)):
        hit = killer.soon(1.5) if kills[2] else None
        maker.bill()
        if hit is not None:
            hit.join()
    maker.bill()
    _under_fire(killer, kills[1] // 2, [lambda one=one: maker.correct(one) for one in after])
    maker.bill()

    print(f"{killer.killed} kills")
    assert killer.killed == sum(kills)
    total = sum(Decimal(one["data"]["n"]) for batch in told for one in batch)
    more = sum(Decimal(one["value"]) for one in [*before, *after])
    wait_until(lambda: maker.usage("calls") == twin.usage("calls"), seconds=AWAY_SECONDS)
    assert sum(Decimal(quantity) for _, quantity in maker.usage("calls")) == total + more
    assert sum(int(quantity) for _, quantity in maker.usage("told")) == sum(map(len, told))
    ours, theirs = maker.papers(), twin.papers()
    assert len(ours) >= units * (DAYS + 1)
    assert ours == theirs
    for one in (maker, twin):
        assert one.api.get("/api/v1/ledger/audit")["findings"] == []


def _under_fire(killer: Killer, kills: int, work: list[Callable[[], object]]) -> None:
    """Do all of the work, and be killed so often in the middle of it."""
    struck = set(range(0, len(work), max(1, len(work) // max(kills, 1)))[:kills]) if kills else set()
    for number, act in enumerate(work):
        hit = killer.soon(0.05) if number in struck else None
        act()
        if hit is not None:
            hit.join()


def _events(chance: Random, units: int, starts: int, batch: int) -> list[dict[str, Any]]:
    return [
        {
            "specversion": "1.0", "id": f"{batch}-{number}", "source": "/test", "type": "com.example.call",
            "subject": str(chance.randrange(units)),
            "time": format_instant((starts + chance.randrange(DAYS * DAY)) * 1_000_000),
            "data": {"n": f"{chance.randrange(1, 999) / 100:.2f}", "region": chance.choice(["eu", "us", "kr"])},
        }
        for number in range(100)
    ]  # fmt: skip


def _correction(chance: Random, units: int, starts: int, name: str) -> dict[str, Any]:
    at = format_instant((starts + chance.randrange(DAYS * DAY)) * 1_000_000)
    value = f"{chance.randrange(1, 999) / 100:.2f}"
    return {
        "meter": "relay/calls", "reason": "It was not told.", "unit": str(chance.randrange(units)), "at": at, "id": name,
        "value": value, "groups": {"data.region": "eu"},
    }  # fmt: skip


@pytest.mark.timeout(170)
def test_what_was_answered_is_billed_once_whoever_is_killed(here: Installation) -> None:
    story(here, units=4, batches=4, kills=(1, 1, 1))


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_what_was_answered_is_billed_once_after_thirty_kills(here: Installation) -> None:
    story(here, units=40, batches=100, kills=(12, 8, 10))
