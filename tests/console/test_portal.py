"""The owner's portal in a real browser: look at what is offered, buy it, see it open, see what it costs and what was sent."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from browser import Chromium, Visitor, come_in, session_cookies
from playwright.sync_api import expect

from monokoto.connect.tenancy import OrganisationKind
from monokoto.testing import Installation, wait_until

PRODUCT = """\
product: washer
model:
  title: Washing machine
  version: {model: 1.0.0}
  properties:
    steamReady: {type: boolean, title: Steam}
  actions:
    steam: {title: Refresh with steam}
  events:
    washed: {data: {type: object, properties: {programme: {type: string}}}}
meters:
  washes: {title: {en: Washes, ko: 세탁}, count: washed, unit: wash}
features:
  steam:
    title: {en: Steam, ko: 스팀}
    kind: boolean
    unlocks: {actions: [steam]}
    sets: {property: steamReady, otherwise: false}
  free-washes: {title: {en: Free washes, ko: 무료 세탁}, kind: metered, meter: washes, overage: true}
plans:
  family:
    title: {en: Family washing, ko: 가족 세탁}
    currency: EUR
    every: month
    charges:
      base: {title: {en: Base, ko: 기본}, fee: "4.90", in: advance}
      wash: {title: {en: Wash, ko: 세탁}, meter: washes, standard: {price: "1.20"}}
    includes: {free-washes: {amount: 10, every: month}}
    offer: true
  steam-evening:
    title: {en: Steam for an evening, ko: 하룻저녁 스팀}
    currency: EUR
    every: day
    charges: {evening: {title: {en: Evening, ko: 저녁}, once: "2.00"}}
    includes: {steam: true}
    offer: {lasts: 12 h}
"""


@dataclass
class Home:
    """A maker, and an owner of two of its machines."""

    here: Installation
    maker: httpx.Client
    owner: httpx.Client
    units: list[str]
    tokens: list[str]

    def cookies(self) -> list[dict[str, Any]]:
        return session_cookies(self.owner, self.here.api_url)

    def verdict(self, unit: int, feature: str) -> dict[str, Any]:
        found: dict[str, Any] = self.owner.get(f"/api/v1/units/{self.units[unit]}/entitlements/{feature}").json()
        return found

    def customer(self) -> str:
        """Who the owner is to the maker."""
        mine = self.owner.get("/api/v1/session").json()["organisation"]["id"]
        found = self.maker.get("/api/v1/customers").json()["items"]
        if not [one for one in found if one["organisation"] == mine]:
            body = {"name": "Ann", "country": "DE", "currency": "EUR", "organisation": "portal-house"}
            return str(self.maker.post("/api/v1/customers", json=body).raise_for_status().json()["id"])
        return next(str(one["id"]) for one in found if one["organisation"] == mine)

    def neighbour(self) -> tuple[httpx.Client, str]:
        """Somebody else who owns a machine, and which."""
        with self.here.organisation("portal-flat", kind=OrganisationKind.OWNER) as flat:
            guest = come_in(self.here, flat.api.http, "owner", "ben@flat.example.org")
        made = self.maker.post("/api/v1/units", json={"product": "washer", "serial": "Attic"}).raise_for_status().json()
        unit = str(made["unit"]["id"])
        code = self.maker.post(f"/api/v1/units/{unit}/claim-code").raise_for_status().json()["code"]
        guest.post("/api/v1/claims", json={"code": code}).raise_for_status()
        return guest, unit

    def send_an_invoice(self) -> None:
        """By hand, from the maker to its one customer."""
        body = {"name": "Washers", "country": "DE", "vat_id": "DE136695976", "address": {"city": "Berlin"}}
        self.maker.put("/api/v1/issuer", json=body).raise_for_status()
        rules = {"rules": [{"category": "O", "reason": "Small business"}]}
        self.maker.put("/api/v1/tax-rules", json=rules).raise_for_status()
        draft = {
            "customer": self.customer(), "currency": "EUR", "key": "first",
            "period": {"from": "2026-01-01T00:00:00Z", "to": "2026-02-01T00:00:00Z"},
            "lines": [{"key": "l", "title": "Delivery", "amount": "19.00"}],
        }  # fmt: skip
        made = self.maker.post("/api/v1/invoices", json=draft).raise_for_status().json()
        self.maker.post(f"/api/v1/invoices/{made['id']}/finalise").raise_for_status()


@pytest.fixture(scope="module")
def home(here: Installation) -> Iterator[Home]:
    with contextlib.ExitStack() as stack:
        maker = stack.enter_context(here.organisation("portal-washers")).api.http
        house = stack.enter_context(here.organisation("portal-house", kind=OrganisationKind.OWNER)).api.http
        maker.post("/api/v1/products/apply", json={"files": {"product.yaml": PRODUCT}}).raise_for_status()
        owner = stack.enter_context(contextlib.closing(come_in(here, house, "owner", "ann@house.example.org")))
        units, tokens = [], []
        for serial in ("Kitchen", "Cellar"):
            made = maker.post("/api/v1/units", json={"product": "washer", "serial": serial}).raise_for_status().json()
            unit = made["unit"]["id"]
            code = maker.post(f"/api/v1/units/{unit}/claim-code").raise_for_status().json()["code"]
            owner.post("/api/v1/claims", json={"code": code}).raise_for_status()
            units.append(unit)
            tokens.append(made["token"])
        yield Home(here, maker, owner, units, tokens)


def looked_at(visitor: Visitor, name: str) -> list[str]:
    """What is wrong with the page as it is."""
    found = [f"{name}: {one}" for one in [*visitor.violations(), *visitor.faults]]
    visitor.faults.clear()
    if visitor.overflow() > 0:
        found.append(f"{name}: {visitor.overflow()} px too wide")
    return found


def test_a_function_is_bought_opens_and_is_seen(home: Home, chrome: Chromium) -> None:
    assert not home.verdict(0, "steam")["allowed"]
    with chrome.visitor(width="phone", cookies=home.cookies()) as visitor:
        page = visitor.go("/console/mine")
        expect(page.get_by_text("Nothing is subscribed to")).to_be_visible()
        faults = looked_at(visitor, "nothing yet")
        page = visitor.go("/console/mine/invoices")
        expect(page.get_by_text("No invoices yet")).to_be_visible()
        page = visitor.go("/console/mine/offers")
        expect(page.get_by_text("€2.00")).to_be_visible()
        expect(page.get_by_text("€1.20 for each wash")).to_be_visible()
        faults += looked_at(visitor, "offers")
        page.get_by_role("link", name="Choose Steam for an evening").click()
        expect(page.get_by_label("Kitchen")).to_be_checked()
        faults += looked_at(visitor, "buy")
        page.get_by_label("Country").select_option("DE")
        page.get_by_label("VAT number").fill("DE1")
        page.get_by_role("button", name="Buy now").click()
        expect(page.get_by_role("alert")).to_be_visible()
        expect(page.get_by_label("Country")).to_have_value("DE")
        assert not home.verdict(0, "steam")["allowed"], "nothing is bought by what was refused"
        page.get_by_label("VAT number").fill("")
        page.get_by_role("button", name="Buy now").click()
        expect(page.locator("#notice")).to_contain_text("It is yours")
        expect(page.locator("#included").get_by_text("Usable")).to_be_visible()
        expect(page.locator("main")).to_contain_text("€2.00")
        faults += looked_at(visitor, "bought")
        verdict = home.verdict(0, "steam")
        assert verdict["allowed"]
        assert verdict["until"]
        assert not home.verdict(1, "steam")["allowed"]
        desired = f"/api/v1/units/{home.units[0]}/twin"
        wait_until(lambda: home.owner.get(desired).json()["desired"]["properties"].get("steamReady") is True)
        page.get_by_label("Together with").select_option(label="Cellar")
        page.get_by_role("button", name="Share").click()
        expect(page.locator("#notice")).to_contain_text("Both may use it")
        assert home.verdict(1, "steam")["allowed"]
    assert not faults


def test_a_present_is_given_taken_by_another_and_paid_by_the_giver(home: Home, chrome: Chromium) -> None:
    guest, unit = home.neighbour()
    with chrome.visitor(width="phone", cookies=home.cookies()) as visitor:
        page = visitor.go("/console/mine/offers")
        expect(page.get_by_role("heading", name="Washing machine")).to_be_visible()
        page.get_by_role("link", name="Give it to somebody Steam for an evening").click()
        page.get_by_label("A few words").fill("Happy birthday")
        if page.get_by_label("Country").count():
            page.get_by_label("Country").select_option("DE")
        faults = looked_at(visitor, "give")
        page.get_by_role("button", name="Make the present").click()
        code = page.locator(".copyable code").inner_text()
        faults += looked_at(visitor, "given")
        page = visitor.go("/console/mine/gifts")
        expect(page.get_by_text("not taken yet")).to_be_visible()
        assert code not in page.content()
        faults += looked_at(visitor, "gifts")
    with chrome.visitor(width="phone", cookies=session_cookies(guest, home.here.api_url)) as visitor:
        page = visitor.go("/console/mine/gifts")
        page.get_by_label("Code").fill("0000-0000-0000-0000")
        page.get_by_role("button", name="Look what it is").click()
        expect(page.get_by_role("alert")).to_contain_text("opens no present")
        page.get_by_label("Code").fill(code.lower())
        page.get_by_role("button", name="Look what it is").click()
        expect(page.get_by_text("Happy birthday")).to_be_visible()
        page.get_by_label("Country").select_option("AT")
        faults += looked_at(visitor, "a present")
        page.get_by_role("button", name="Take it now").click()
        expect(page.locator("#included").get_by_text("Usable")).to_be_visible()
        expect(page.get_by_text("Somebody else pays for it.")).to_be_visible()
        faults += looked_at(visitor, "taken")
    assert not faults
    assert guest.get(f"/api/v1/units/{unit}/entitlements/steam").json()["allowed"]
    assert guest.post("/api/v1/my/gifts/look", json={"code": code}).status_code == 409
    assert [one["state"] for one in _items(home.owner.get("/api/v1/my/gifts"))] == ["taken"]


def test_what_is_shared_ends_and_what_is_left_is_told(home: Home, chrome: Chromium) -> None:
    share = {"feature": "steam", "with_unit": home.units[1]}
    home.owner.post(f"/api/v1/units/{home.units[0]}/entitlement-shares", json=share).raise_for_status()
    customer = home.customer()
    paid = {"customer": customer, "amount": "12.00", "currency": "EUR", "key": "ahead"}
    home.maker.post("/api/v1/payments", json=paid).raise_for_status()
    home.maker.post(
        "/api/v1/payments", json=paid | {"key": "wallet", "amount": "7.50", "wallet": True}
    ).raise_for_status()
    with chrome.visitor(width="phone", cookies=home.cookies()) as visitor:
        page = visitor.go("/console/mine")
        expect(page.locator("section[aria-labelledby=credit]")).to_contain_text("€12.00")
        expect(page.locator("section[aria-labelledby=credit]")).to_contain_text("€7.50")
        shares = page.locator("section[aria-labelledby=shares] li")
        before = shares.count()
        assert before
        faults = looked_at(visitor, "shares")
        page.once("dialog", lambda dialog: dialog.accept())
        shares.first.get_by_role("button", name="Share no more").click()
        expect(page.get_by_text("It is shared no more.")).to_be_visible()
        expect(shares).to_have_count(before - 1)
        assert not faults
    assert len(_items(home.owner.get("/api/v1/my/shares"))) == before - 1


def test_what_is_used_is_charged_and_counted_and_what_goes_on_is_ended(home: Home, chrome: Chromium) -> None:
    with chrome.visitor(cookies=home.cookies()) as visitor:
        page = visitor.go("/console/mine/offers")
        page.get_by_role("link", name="Choose Family washing").click()
        page.get_by_label("All of them").check()
        if page.get_by_label("Country").count():
            page.get_by_label("Country").select_option("DE")
        page.get_by_role("button", name="Buy now").click()
        expect(page.locator("#included")).to_contain_text("10 left, 0 used")
        here = page.url
        for token in home.tokens:
            event = json.dumps({"programme": "eco"}).encode()
            headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
            httpx.post(f"{home.here.api_url}/api/v1/events/washed", content=event, headers=headers).raise_for_status()
        usage = f"/api/v1/units/{home.units[1]}/usage"
        wait_until(
            lambda: (
                sum(float(one["quantity"]) for one in _items(home.owner.get(usage, params={"meter": "washes"}))) == 1
            )
        )
        page.goto(here)
        expect(page.get_by_role("heading", name="Washes", exact=True)).to_be_visible()
        expect(page.locator(".bars rect").first).to_be_attached()
        expect(page.locator("main")).to_contain_text("€2.40")
        wait_until(lambda: home.verdict(0, "free-washes")["used"] == "2")
        page.reload()
        expect(page.locator("#included")).to_contain_text("8 left, 2 used")
        faults = looked_at(visitor, "used")
        page.once("dialog", lambda dialog: dialog.accept())
        page.get_by_role("button", name="End it").click()
        expect(page.locator("#notice")).to_contain_text("ends with the period")
        assert page.get_by_role("button", name="End it").count() == 0
        page = visitor.go("/console/mine")
        expect(page.get_by_role("heading", name="Family washing")).to_be_visible()
        faults += looked_at(visitor, "list")
        assert not faults
    ends = [
        one["ends_at"] for one in home.owner.get("/api/v1/my/subscriptions").json()["items"] if one["plan"] == "family"
    ]
    assert ends[0] > datetime.now(UTC).isoformat()


def test_a_purchase_sent_twice_is_made_once(home: Home) -> None:
    offers = {
        one["plan"]["plan"]: one for one in _items(home.owner.get("/api/v1/my/offers", params={"product": "washer"}))
    }
    offer = offers["steam-evening"]
    payer = {"name": "Ann", "country": "DE"}
    body = {"maker": offer["maker"], "product": "washer", "plan": "steam-evening", "version": 1, "billing": payer}
    keyed = {"Idempotency-Key": "an evening for all"}
    first, again = (home.owner.post("/api/v1/my/subscriptions", json=body, headers=keyed) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert home.owner.post("/api/v1/my/subscriptions", json=body).status_code == 409
    assert home.maker.get("/api/v1/my/offers").json()["items"] == []


def _items(answer: httpx.Response) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = answer.raise_for_status().json()["items"]
    return found


def test_invoices_are_listed_explained_and_downloaded_in_korean_at_night(home: Home, chrome: Chromium) -> None:
    if not home.maker.get("/api/v1/customers").json()["items"]:
        body = {"name": "Ann", "country": "DE", "currency": "EUR", "organisation": "portal-house"}
        home.maker.post("/api/v1/customers", json=body).raise_for_status()
    home.send_an_invoice()
    home.owner.patch("/api/v1/me", json={"locale": "ko"}).raise_for_status()
    with chrome.visitor(width="phone", theme="dark", language="ko", cookies=home.cookies()) as visitor:
        faults = []
        for name, path in (("mine", "/console/mine"), ("offers", "/console/mine/offers")):
            visitor.go(path)
            faults += looked_at(visitor, name)
        page = visitor.go("/console/mine/invoices")
        expect(page.get_by_text("납부 필요")).to_be_visible()
        faults += looked_at(visitor, "invoices")
        page.locator("main th a").click()
        expect(page.get_by_text("Delivery")).to_be_visible()
        faults += looked_at(visitor, "invoice")
        paper = page.get_by_role("link", name="PDF").get_attribute("href")
        assert not faults
    answer = home.owner.get(str(paper))
    assert (answer.status_code, answer.content[:5]) == (200, b"%PDF-")
