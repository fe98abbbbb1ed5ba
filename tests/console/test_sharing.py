"""Rides that are shared, in a real browser: the rider sees what is behind a line, a partner what it is owed and got."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from browser import Chromium, Visitor, begin_organisation, come_in, session_cookies
from laundry import SELLER
from playwright.sync_api import expect

from monokoto.connect.tenancy import OrganisationKind
from monokoto.testing import Installation, wait_until

PRODUCT = """\
product: shuttle
model:
  title: Shuttle
  version: {model: 1.0.0}
  properties: {speed: {type: number}}
meters:
  rides: {title: {en: Rides, ko: 승차}, unit: ride, count: com.example.ride, external: true}
plans:
  ride:
    title: {en: Pay per ride, ko: 승차당 결제}
    currency: EUR
    every: day
    charges:
      ride: {title: {en: Ride, ko: 승차}, meter: rides, standard: {price: "10.00"}, shares: {city: "15", driver: 55}}
"""


@dataclass
class Rides:
    """Two rides that were charged: 20.00, of which the city gets 3.00."""

    here: Installation
    maker: httpx.Client
    rider: httpx.Client
    city: httpx.Client

    def cookies(self, of: httpx.Client) -> list[dict[str, Any]]:
        return session_cookies(of, self.here.api_url)

    def get(self, of: httpx.Client, path: str) -> Any:
        return of.get(path).raise_for_status().json()


@pytest.fixture(scope="module")
def rides(here: Installation) -> Iterator[Rides]:
    with ExitStack() as stack:
        maker = stack.enter_context(closing(begin_organisation(here, "ride-makers")))
        flat = stack.enter_context(here.organisation("ride-flat", kind=OrganisationKind.OWNER)).api.http
        town = stack.enter_context(here.organisation("ride-town", kind=OrganisationKind.PROVIDER)).api.http
        rider = stack.enter_context(closing(come_in(here, flat, "owner", "rosa@flat.example.org")))
        city = stack.enter_context(closing(come_in(here, town, "accountant", "carl@town.example.org")))
        made = Rides(here, maker, rider, city)
        _ridden(made)
        yield made


def _ridden(rides: Rides) -> None:
    def post(path: str, body: Any, **options: Any) -> Any:
        return rides.maker.post(path, json=body, **options).raise_for_status().json()

    post("/api/v1/products/apply", {"files": {"product.yaml": PRODUCT}})
    unit = post("/api/v1/units", {"product": "shuttle", "serial": "Bus 7"})["unit"]["id"]
    code = rides.maker.post(f"/api/v1/units/{unit}/claim-code").raise_for_status().json()["code"]
    rides.rider.post("/api/v1/claims", json={"code": code}).raise_for_status()
    rides.maker.put("/api/v1/issuer", json=SELLER).raise_for_status()
    rules = {"rules": [{"category": "S", "rate_percent": "19"}]}
    rides.maker.put("/api/v1/tax-rules", json=rules).raise_for_status()
    since = datetime.now(UTC) - timedelta(days=2)
    payer = {"name": "Rosa", "country": "DE", "currency": "EUR", "organisation": "ride-flat"}
    asked = {
        "customer": post("/api/v1/customers", payer)["id"], "product": "shuttle", "plan": "ride", "units": [unit],
        "starts_at": since.isoformat(),
    }  # fmt: skip
    post("/api/v1/subscriptions", asked)
    events = [
        {"specversion": "1.0", "type": "com.example.ride", "source": "/gate", "id": f"ride-{number}", "subject": unit,
         "time": (since + timedelta(hours=1 + number)).isoformat()}
        for number in range(2)
    ]  # fmt: skip
    told = post("/api/v1/usage-events", events, headers={"Content-Type": "application/cloudevents-batch+json"})
    assert told["accepted"] == 2, told
    wait_until(lambda: _counted(rides, unit) == "2")
    wait_until(lambda: _owed(rides) == [("city", "3.00"), ("driver", "11.00")], seconds=60)


def _counted(rides: Rides, unit: str) -> str:
    items = rides.get(rides.maker, f"/api/v1/usage?meter=shuttle/rides&unit={unit}")["items"]
    return str(items[0]["quantity"]) if items else ""


def _owed(rides: Rides) -> list[tuple[str, str]]:
    rides.maker.post("/api/v1/billing/runs").raise_for_status()
    return [(one["partner"], one["owed"]) for one in rides.get(rides.maker, "/api/v1/partners")["items"]]


def looked_at(visitor: Visitor, name: str) -> list[str]:
    """What is wrong with the page as it is."""
    found = [f"{name}: {one}" for one in [*visitor.violations(), *visitor.faults]]
    visitor.faults.clear()
    if visitor.overflow() > 0:
        found.append(f"{name}: {visitor.overflow()} px too wide")
    return found


def test_a_partner_is_told_who_it_is_and_sees_its_part_and_what_it_was_paid(rides: Rides, chrome: Chromium) -> None:
    with chrome.visitor(width="phone", cookies=rides.cookies(rides.city)) as visitor:
        page = visitor.go("/console/mine/partnerships")
        expect(page.get_by_text("You have no part of anything sold here")).to_be_visible()
        faults = looked_at(visitor, "no shares")
    with chrome.visitor(width="phone", cookies=rides.cookies(rides.maker)) as visitor:
        page = visitor.go("/console/partners")
        expect(page.get_by_role("listitem").filter(has_text="city")).to_contain_text("€3.00")
        page.get_by_label("Partner", exact=True).fill("city")
        page.get_by_label("Organisation", exact=True).fill("nobody-here")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("alert")).to_be_visible()
        expect(page.get_by_label("Partner", exact=True)).to_have_value("city")
        faults += looked_at(visitor, "partners, refused")
        page.get_by_label("Organisation", exact=True).fill("ride-town")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("They see their statements from now on")).to_be_visible()
        faults += looked_at(visitor, "partners")
    sent = {"partner": "city", "amount": "1.00", "currency": "EUR", "key": "first"}
    rides.maker.post("/api/v1/payouts", json=sent).raise_for_status()
    with chrome.visitor(width="phone", theme="dark", cookies=rides.cookies(rides.city)) as visitor:
        page = visitor.go("/console/mine/partnerships")
        expect(page.locator("section.offer")).to_contain_text("€2.00")
        faults += looked_at(visitor, "shares")
        page.get_by_role("link", name="Statement").click()
        _all_of_it(visitor)
        expect(page.locator("main")).not_to_contain_text("driver")
        expect(page.locator("main")).not_to_contain_text("Rosa")
        faults += looked_at(visitor, "statement")
    with chrome.visitor(width="phone", cookies=rides.cookies(rides.maker)) as visitor:
        page = visitor.go("/console/partners")
        page.get_by_role("link", name="Statement city EUR").click()
        expect(page.locator("section[aria-labelledby=rows]")).to_contain_text("Paid to them")
        expect(page.locator("section[aria-labelledby=sums]")).to_contain_text("€2.00")
        expect(page.locator("nav a[aria-current=page]")).to_contain_text("Partners")
        faults += looked_at(visitor, "the maker's statement")
    assert not faults


def _all_of_it(visitor: Visitor) -> None:
    """What was shared and paid: both are booked today, whenever the rides were."""
    page = visitor.page
    expect(page.locator("section[aria-labelledby=rows]")).to_contain_text("Paid to you")
    expect(page.locator("section[aria-labelledby=sums]")).to_contain_text("€2.00")
    row = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name="Ride"))
    expect(row.first).to_contain_text("15 %")


def test_a_line_leads_to_what_was_counted_and_the_next_invoices_go_elsewhere(rides: Rides, chrome: Chromium) -> None:
    with chrome.visitor(width="phone", language="ko", cookies=rides.cookies(rides.rider)) as visitor:
        rides.rider.patch("/api/v1/me", json={"locale": "ko"}).raise_for_status()
        page = visitor.go("/console/mine/invoices")
        page.locator("main th a").last.click()
        expect(page.get_by_text("전자 청구서가 없습니다.")).to_be_visible()
        expect(page.get_by_text(str(SELLER["iban"]))).to_be_visible()
        faults = looked_at(visitor, "invoice")
        page.locator("table.bill th a").first.click()
        expect(page.locator("main tbody tr").first).to_contain_text("Bus 7")
        faults += looked_at(visitor, "samples")
        page = visitor.go("/console/mine/billing")
        expect(page.locator("nav a[aria-current=page]")).to_have_text("내 청구서")
        page.get_by_label("이메일").fill("rosa@flat.example.org")
        page.get_by_label("사업자(VAT) 번호").fill("DE1")
        page.get_by_role("button", name="저장").click()
        expect(page.get_by_role("alert")).to_be_visible()
        expect(page.get_by_label("이메일")).to_have_value("rosa@flat.example.org")
        faults += looked_at(visitor, "billing, refused")
        page.get_by_label("사업자(VAT) 번호").fill("")
        page.get_by_role("button", name="저장").click()
        expect(page.get_by_text("저장했습니다.")).to_be_visible()
        faults += looked_at(visitor, "billing")
    assert not faults
    (mine,) = rides.get(rides.rider, "/api/v1/my/billing")["items"]
    assert (mine["email"], mine["language"]) == ("rosa@flat.example.org", "en")
