"""A subscription nobody pays for, with time moved: notices by mail in the maker's words, a suspension that closes a function at the
unit and no safety function, and a payment that heals all of it. The whole platform runs in this process, a mail server
beside it."""

from __future__ import annotations

import asyncio
import email
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiosmtpd.controller import Controller

from monokoto.assembly import Platform, open_engines
from monokoto.connect.tenancy import OrganisationKind
from monokoto.earn.invoices import INVOICE_CHANGED
from monokoto.engines.log import NatsServer
from monokoto.kernel.clock import Instant, SystemClock, parse_instant
from monokoto.kernel.facts import Fact
from monokoto.kernel.ids import OrganisationId
from monokoto.settings import load_settings
from monokoto.web import Scope

DAY = 86_400 * 10**6
PRODUCT = """
product: oven
model:
  title: Oven
  version: {model: 1.0.0}
  properties: {grill: {type: boolean}, lock: {type: boolean}}
  actions: {startGrill: {}, lockDoor: {}}
features:
  grill: {kind: boolean, unlocks: {actions: [startGrill]}, sets: {property: grill, otherwise: false}}
  child-lock: {kind: boolean, safety: true, unlocks: {actions: [lockDoor]}, sets: {property: lock, otherwise: false}}
plans:
  chef:
    title: Chef
    currency: EUR
    every: month
    charges: {base: {title: Chef, fee: "10.00", in: advance}}
    includes: {grill: true, child-lock: true}
"""
SELLER = {
    "name": "Oven GmbH", "country": "DE", "vat_id": "DE136695976", "email": "bills@example.com", "iban": "DE89370400440532013000",
    "address": {"street": "Weg 1", "postal_code": "10115", "city": "Berlin"}, "grace_seconds": 0,
}  # fmt: skip
BUYER = {
    "name": "Ben", "country": "DE", "currency": "EUR", "email": "ben@example.com", "language": "ko",
    "address": {"street": "Allee 2", "postal_code": "20095", "city": "Hamburg"}, "terms_days": 14,
}  # fmt: skip
POLICY = {
    "steps": [
        {"after_days": 3, "act": "notice"},
        {"after_days": 10, "act": "notice", "texts": {
            "en": {"subject": "{invoice}", "text": "closes {closes}"},
            "ko": {"subject": "{invoice}: {days}일 지남", "text": "{product} {amount} {due} {closes} {pay_link}"},
        }},
        {"after_days": 20, "act": "suspend"},
    ]
}  # fmt: skip


class MovedClock:
    """The machine's, so much later."""

    def __init__(self) -> None:
        self.ahead = 0

    def now(self) -> Instant:
        return Instant(SystemClock().now() + self.ahead)


@dataclass
class Sink:
    """A mail server's handler that keeps what comes."""

    got: list[EmailMessage] = field(default_factory=list)

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        self.got.append(email.message_from_bytes(envelope.content, policy=default))  # type: ignore[arg-type]
        return "250 OK"


class _Server(Controller):
    """On a port of its own choice."""

    @property
    def port_taken(self) -> int:
        assert self.server is not None
        return int(self.server.sockets[0].getsockname()[1])

    def _trigger_server(self) -> None:
        """The controller would connect to the port it was given, which is 0 here."""
        with socket.create_connection(("127.0.0.1", self.port_taken), 30) as connection:
            connection.recv(64)


@dataclass
class Kitchen:
    """The platform, its time, its mail, and a maker's key."""

    platform: Platform
    clock: MovedClock
    sink: Sink
    run: Callable[[Any], Any]
    headers: dict[str, str]
    maker_id: OrganisationId

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """The answer's status and body."""

        async def asked() -> Any:
            transport = httpx.ASGITransport(self.platform.app)
            async with httpx.AsyncClient(
                transport=transport, base_url="http://oven.test", headers=self.headers
            ) as client:
                return await client.request(method, path, json=body)

        return self.run(asked())

    def done(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.ask(method, path, body)
        assert answer.status_code < 300, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def pass_days(self, days: float) -> None:
        """Let time go by, and wake who looks by period."""
        self.clock.ahead += round(days * DAY)
        told = Fact(name=INVOICE_CHANGED, organisation_id=self.maker_id, at=self.clock.now(), data={})
        self.run(self.platform.facts.tell(told))

    def next_in_days(self) -> float:
        """When the next step about the one overdue invoice comes."""
        (one,) = self.done("GET", "/api/v1/dunning")["items"]
        return (parse_instant(one["next_at"]) - self.clock.now()) / DAY

    def until(self, condition: Callable[[], Any], seconds: float = 60.0) -> Any:
        deadline = time.monotonic() + seconds
        while not (value := condition()):
            assert time.monotonic() < deadline, f"still {value!r}"
            self.run(asyncio.sleep(0.05))
        return value


@pytest.fixture
def kitchen(tmp_path: Path) -> Iterator[Kitchen]:
    sink, clock = Sink(), MovedClock()
    post = _Server(sink, hostname="127.0.0.1", port=0)
    post.start()

    async def begun() -> tuple[NatsServer, Platform]:
        server = NatsServer(tmp_path)
        told = {
            "MONOKOTO_DATA_DIR": str(tmp_path), "MONOKOTO_LOG_URL": await server.start(),
            "MONOKOTO_API_PUBLIC_URL": "https://oven.test", "MONOKOTO_MAIL_URL": f"smtp://127.0.0.1:{post.port_taken}",
        }  # fmt: skip
        settings = load_settings(None, told)
        platform = Platform(settings, replace(await open_engines(settings), clock=clock))
        await platform.start()
        return server, platform

    with asyncio.Runner() as runner:
        server, platform = runner.run(begun())
        try:
            maker = platform.organisations.create("Oven GmbH", "oven", OrganisationKind.MAKER)
            _, secret = platform.api_keys.create(maker.id, name="test", scopes=(Scope.ADMIN,))
            yield Kitchen(platform, clock, sink, runner.run, {"authorization": f"Bearer {secret}"}, maker.id)
        finally:
            platform.end_streams()
            runner.run(platform.stop())
            runner.run(server.stop())
            post.stop()


def sold(kitchen: Kitchen) -> tuple[str, str]:
    """A unit with a subscription."""
    kitchen.done("POST", "/api/v1/products/apply", {"files": {"product.yaml": PRODUCT}})
    kitchen.done("PUT", "/api/v1/issuer", SELLER)
    kitchen.done("PUT", "/api/v1/tax-rules", {"rules": [{"category": "S", "rate_percent": "19"}]})
    kitchen.done("PUT", "/api/v1/dunning-policy", POLICY)
    unit = kitchen.done("POST", "/api/v1/units", {"product": "oven", "serial": "o1"})["unit"]["id"]
    kitchen.platform.directory.refresh()
    customer = kitchen.done("POST", "/api/v1/customers", BUYER)["id"]
    kitchen.done(
        "POST", "/api/v1/subscriptions", {"customer": customer, "product": "oven", "plan": "chef", "units": [unit]}
    )
    return unit, customer


def test_who_does_not_pay_is_told_then_loses_what_is_no_safety_function_until_it_pays(kitchen: Kitchen) -> None:
    unit, customer = sold(kitchen)

    def desired() -> tuple[Any, Any]:
        found = kitchen.done("GET", f"/api/v1/units/{unit}/twin/desired")
        return found.get("grill"), found.get("lock")

    def gate(action: str) -> int:
        return int(kitchen.ask("POST", f"/api/v1/units/{unit}/actions/{action}").status_code)

    kitchen.until(lambda: desired() == (True, True))

    def steps() -> list[Any]:
        return list(kitchen.done("GET", f"/api/v1/invoices/{invoice['id']}/dunning")["steps"])

    def said(number: int) -> EmailMessage:
        kitchen.until(lambda: len(kitchen.sink.got) >= number and len(steps()) >= number)
        return kitchen.sink.got[number - 1]

    for _ in range(2):
        kitchen.done("POST", "/api/v1/billing/runs")
        kitchen.pass_days(0.1)  # nothing becomes a document at once: what is used until now may still be on its way
    (invoice,) = kitchen.done("GET", "/api/v1/invoices?state=finalised")["items"]
    assert invoice["open"] == "11.90"

    kitchen.pass_days(14 + 2.5)
    assert (0 < kitchen.next_in_days() < 0.5, steps()) == (True, [])
    kitchen.pass_days(0.5)
    first = said(1)
    assert (first["to"], first["subject"]) == ("ben@example.com", f"{invoice['number']} 미납 안내")
    assert "중지" not in first.get_content()
    kitchen.done("POST", "/api/v1/payments", {"customer": customer, "amount": "1.90", "currency": "EUR", "key": "p1"})
    kitchen.pass_days(7)
    second = said(2)
    assert second["subject"] == f"{invoice['number']}: 10일 지남"
    due, closes = invoice["due_at"][:10], second.get_content().split()[4]
    link = f"https://oven.test/console/mine/invoices/{invoice['id']}"
    assert second.get_content().split() == ["Oven", "10.00", "EUR", due, closes, link]
    assert parse_instant(f"{closes}T00:00:00Z") >= parse_instant(invoice["due_at"]) + 19 * DAY
    kitchen.pass_days(9.5)
    assert 0 < kitchen.next_in_days() < 0.6
    assert (desired(), gate("startGrill") != 409) == ((True, True), True)

    kitchen.pass_days(kitchen.next_in_days() + 0.01)
    kitchen.until(lambda: desired() == (False, True))
    kitchen.until(lambda: gate("startGrill") == 409)
    assert gate("lockDoor") != 409
    assert "suspended" in kitchen.done("GET", f"/api/v1/units/{unit}/entitlements/grill")["reason"]

    kitchen.done("POST", "/api/v1/payments", {"customer": customer, "amount": "10.00", "currency": "EUR", "key": "p2"})
    kitchen.until(lambda: desired() == (True, True))
    kitchen.until(lambda: gate("startGrill") != 409)
    assert kitchen.done("GET", f"/api/v1/invoices/{invoice['id']}")["invoice"]["state"] == "paid"
    kitchen.pass_days(5)
    assert kitchen.done("GET", "/api/v1/dunning")["items"] == []
    late = [(parse_instant(one["at"]) - parse_instant(invoice["due_at"])) / DAY for one in steps()]
    assert [one["act"] for one in steps()] == ["notice", "notice", "suspend"]
    assert all(at >= days for at, days in zip(late, (3, 10, 20), strict=True))
    assert len(kitchen.sink.got) == 2, "each notice was told once"
