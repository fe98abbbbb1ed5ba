"""A maker's money from the first draft of a plan to the closed books, in one sitting: every page leads to the next one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from browser import Chromium, Visitor, begin_organisation, come_in, session_cookies
from laundry import BUYER, Laundry, furnish
from playwright.sync_api import Page, expect

from monokoto.testing import Installation, wait_until

DRAFT = """\
title: {en: By the load, ko: 세탁량}
currency: EUR
every: month
notice: 30 d
charges:
  base: {title: {en: Base fee, ko: 기본료}, fee: "4.90", in: advance}
  wash:
    title: {en: Wash, ko: 세탁}
    meter: washes
    graduated: {tiers: [{up_to: "10", price: "1.20"}, {price: "0.80", flat: "2.00"}]}
  energy: {title: {en: Energy, ko: 전력}, meter: energy, standard: {price: "250"}, per: {divide_by: 1000}}
includes:
  steam: true
"""


class Walk:
    """One visitor on the way; each station looks at what is there and leaves by a link or a button of the page."""

    def __init__(self, laundry: Laundry, visitor: Visitor) -> None:
        self.laundry = laundry
        self.visitor = visitor
        self.page: Page = visitor.page
        self.page.on("dialog", lambda dialog: dialog.accept())

    def open(self, path: str) -> Page:
        """A page by its address, which is no wider than a desktop's window or a phone's."""
        self.visitor.go(path)
        self.fits()
        return self.page

    def fits(self) -> None:
        """Nobody scrolls sideways."""
        for width in (1280, 390):
            self.page.set_viewport_size({"width": width, "height": 900})
            assert self.visitor.overflow() <= 0, f"{self.page.url} at {width}"
        self.page.set_viewport_size({"width": 1280, "height": 900})

    def press(self, name: str) -> None:
        """A button by its name, as the keyboard does."""
        self.page.get_by_role("button", name=name, exact=True).press("Enter")

    def file(self, name: str) -> bytes:
        """What a link leads to."""
        href = str(self.page.get_by_role("link", name=name, exact=True).first.get_attribute("href"))
        return bytes(self.page.request.get(self.laundry.here.api_url + href).body())


@pytest.fixture(scope="module")
def laundry(here: Installation) -> Iterator[Laundry]:
    """A maker of their own, with a customer whose subscription was billed in the last month."""
    admin = begin_organisation(here, "path")
    made = furnish(here, admin)
    first = datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    customer = admin.post("/api/v1/customers", json={**BUYER, "name": "Gasthof Post"}).raise_for_status().json()["id"]
    unit = admin.post("/api/v1/units", json={"product": "laundry", "serial": "WM-2"}).raise_for_status().json()
    asked = {"customer": customer, "product": "laundry", "plan": "pay-per-wash", "units": [unit["unit"]["id"]],
             "starts_at": (first - timedelta(days=2)).isoformat(), "ends_at": first.isoformat()}  # fmt: skip
    sold = admin.post("/api/v1/subscriptions", json=asked).raise_for_status().json()["id"]
    wait_until(lambda: _billed(made, sold) >= first, seconds=60)
    yield made
    admin.close()


@pytest.fixture
def walk(laundry: Laundry, chrome: Chromium) -> Iterator[Walk]:
    with chrome.visitor(cookies=session_cookies(laundry.admin, laundry.here.api_url)) as visitor:
        yield Walk(laundry, visitor)
        assert not visitor.faults


def test_a_plan_is_priced_published_tried_on_what_was_used_and_moved_to(walk: Walk) -> None:
    page = walk.open("/console/plans")
    page.get_by_role("link", name="New plan").click()
    page.get_by_label("Name", exact=True).fill("by-the-load")
    page.locator("#f-text").fill(DRAFT.replace('"4.90"', "much"))
    expect(page.locator("#preview")).to_contain_text("/charges/base/fee")
    walk.press("Publish")
    expect(page.get_by_role("alert")).to_contain_text("Line 6")
    page.locator("#f-text").fill(DRAFT)
    for washes, energy, total in (("4", "20", "€14.70"), ("14", "2000", "€522.10")):
        page.get_by_label("Washes").fill(washes)
        page.get_by_label("Energy").fill(energy)
        expect(page.locator("#preview tfoot td")).to_have_text(total)
    priced = page.locator("#preview")
    expect(priced.get_by_role("row", name="tier 2").first).to_contain_text("4 wash")
    expect(priced.get_by_role("row", name="tier 2").first).to_contain_text("€0.80 per wash")
    expect(priced.get_by_role("row", name="Energy")).to_contain_text("€250.00 per 1,000 kWh")
    walk.fits()
    walk.press("Publish")
    expect(page.get_by_text("Version 1 is published.")).to_be_visible()
    expect(page.locator("table.tiers").first).to_contain_text("up to 10 wash")
    expect(page.get_by_role("link", name="Steam")).to_be_visible()
    walk.fits()
    _try_and_move(walk)


def _try_and_move(walk: Walk) -> None:
    page = walk.open("/console/plans/laundry/pay-per-wash/edit")
    text = page.locator("#f-text")
    text.fill(text.input_value().replace("'4.90'", "'5.90'"))
    walk.press("Try it on what was used")
    tried = page.locator("#trial")
    expect(tried).to_contain_text("1 subscription compared")
    expect(tried.get_by_role("row").filter(has_text="Gasthof Post")).to_contain_text("+€")
    walk.fits()
    walk.press("Publish")
    expect(page.get_by_text("Version 2 is published.")).to_be_visible()
    page = walk.open(f"/console/subscriptions/{walk.laundry.subscription}")
    page.get_by_label("From when on").select_option("notice")
    walk.press("Change")
    expect(page.locator(".course li").nth(1)).to_contain_text("Pay per wash, version 2")


def test_a_customer_subscribes_is_given_something_and_closed(walk: Walk) -> None:
    page = walk.open("/console/customers")
    page.get_by_role("link", name="New customer").click()
    for label, text in (("Name", "Pension Mond"), ("Country", "DE"), ("Currency", "EUR")):
        page.get_by_label(label, exact=True).fill(text)
    walk.press("Save")
    page.get_by_role("link", name="Start a subscription").click()
    page.get_by_label("Plan").select_option("laundry/family")
    walk.press("Start it now")
    expect(page.locator(".fault")).to_be_visible()
    page.get_by_label("Named units").fill("WM-1")
    walk.press("Start it now")
    expect(page.get_by_text("The subscription is started.")).to_be_visible()
    expect(page.get_by_role("region", name="The next invoice")).to_contain_text("€17.90")
    page.get_by_role("link", name="Pension Mond").click()
    page.get_by_role("link", name="Features").last.click()
    page.get_by_label("Feature").select_option("laundry/free-washes")
    page.get_by_label("Quantity").fill("many")
    walk.press("Give it")
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_label("How it came").select_option("top-up")
    page.get_by_label("Quantity").fill("7")
    walk.press("Give it")
    expect(page.get_by_role("row").filter(has_text="topped up")).to_contain_text("7")
    page.get_by_label("Reason").fill("not paid")
    walk.press("Close them")
    expect(page.get_by_text("not paid")).to_be_visible()
    walk.fits()


def test_usage_leads_to_a_document_which_is_paid_in_parts_and_credited(walk: Walk) -> None:
    laundry = walk.laundry
    for cut, row in (("unit", "WM-1"), ("data.programme", "eco")):
        page = walk.open(f"/console/usage?meter=laundry/washes&by={cut}&from=-7d")
        expect(page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=row))).to_contain_text("wash")
    walk.open("/console/usage?meter=laundry/washes&unit=nothing")
    expect(page.get_by_text("No unit has this serial number or ID")).to_be_visible()
    page = walk.open(f"/console/invoices/{laundry.sold}")
    line = page.get_by_role("row").filter(has_text="Wash (eco)")
    expect(line).to_contain_text("€0.90 per wash")
    line.get_by_role("link", name="Samples behind it").click()
    expect(page.get_by_role("link", name="WM-1").first).to_be_visible()
    page = walk.open(f"/console/invoices/{laundry.invoice}")
    walk.press("Finalise")
    expect(page.get_by_text("The invoice is a document now.")).to_be_visible()
    assert walk.file("PDF").startswith(b"%PDF-")
    assert b"<cbc:CustomizationID>" in walk.file("E-invoice")
    page.get_by_label("Amount (EUR)").fill("50.00")
    walk.press("Record it")
    expect(page.locator(".amounts")).to_contain_text("€49.96")
    walk.press("Record it")
    expect(page.locator(".facts").first).to_contain_text("paid")
    page.get_by_label("Of", exact=True).select_option(label="Repair")
    page.get_by_label("Amount without tax (EUR)").fill("10.00")
    walk.press("Write a credit note")
    expect(page.get_by_role("row", name="credit note")).to_be_visible()
    walk.fits()


def test_a_buyer_nobody_can_reach_has_paper_alone_and_gets_back_what_was_too_much(walk: Walk) -> None:
    admin = walk.laundry.admin
    silent = admin.post("/api/v1/customers", json={**BUYER, "name": "Kiosk", "email": ""}).raise_for_status().json()
    draft = {"customer": silent["id"], "currency": "EUR", "key": "kiosk", "period": _today(),
             "lines": [{"key": "a", "title": "Repair", "amount": "10.00"}]}  # fmt: skip
    made = admin.post("/api/v1/invoices", json=draft).raise_for_status().json()["id"]
    page = walk.open(f"/console/invoices/{made}")
    expect(page.get_by_text("There will be no e-invoice")).to_be_visible()
    walk.press("Finalise")
    documents = page.get_by_role("region", name="Documents")
    expect(documents).to_contain_text("neither a mail address nor a VAT number")
    expect(documents.get_by_role("link", name="E-invoice")).to_have_count(0)
    assert walk.file("PDF").startswith(b"%PDF-")
    page.get_by_label("Amount (EUR)").fill("20.00")
    walk.press("Record it")
    expect(page.locator(".facts").first).to_contain_text("paid")
    documents.get_by_role("link", name="Fill it in at the customer").click()
    page.get_by_label("E-mail").fill("kiosk@example.com")
    walk.press("Save")
    expect(page.get_by_text("kiosk@example.com")).to_be_visible()
    page.get_by_role("link", name="Send credit back").click()
    walk.press("Send credit back")
    expect(page.get_by_role("heading", level=1)).to_contain_text("€8.10")


def test_periods_in_which_nothing_was_charged_are_hidden_counted_and_shown(walk: Walk) -> None:
    admin, made = walk.laundry.admin, []
    for number in range(2):
        draft: dict[str, object] = {"customer": walk.laundry.customer, "currency": "EUR", "key": f"empty-{number}"}
        draft |= {"lines": [], "period": _today()}
        made.append(admin.post("/api/v1/invoices", json=draft).raise_for_status().json()["id"])
        admin.post(f"/api/v1/invoices/{made[-1]}/void", json={"reason": "Nothing was due."}).raise_for_status()
    page = walk.open("/console/invoices")
    expect(page.get_by_text("nothing was charged", exact=True)).to_have_count(0)
    expect(page.get_by_text("2 periods in which nothing was charged are not shown.")).to_be_visible()
    page.get_by_role("link", name="Show them").click()
    expect(page.get_by_text("nothing was charged", exact=True)).to_have_count(2)
    walk.fits()
    page.locator(f"a[href='/console/invoices/{made[0]}']").click()
    expect(page.get_by_text("Nothing was due.")).to_be_visible()


def test_the_books_are_closed_and_the_figures_lead_back(walk: Walk) -> None:
    page = walk.open("/console/dunning")
    expect(page.get_by_text("Nothing is overdue")).to_be_visible()
    page = walk.open("/console/books")
    expect(page.get_by_role("link", name="Washing machine")).to_be_visible()
    expect(page.get_by_role("link", name="Tax S, 19 %")).to_be_visible()
    walk.press("Audit the books")
    expect(page.locator("#audit")).to_contain_text("Everything is right")
    page = walk.open("/console/revenue")
    for name in ("Recurring revenue", "Services and products", "Cohorts"):
        expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()
    page.get_by_role("link", name=", MRR: ").first.click()
    page.get_by_role("link", name="Pay per wash").first.click()
    page.wait_for_url("**/console/subscriptions/*")
    page = walk.open("/console/seller")
    expect(page.get_by_role("row").filter(has_text="Standard rate")).to_contain_text("19 %")
    page.get_by_label("Country", exact=True).fill("letters")
    assert page.get_by_label("Country", exact=True).input_value() == "le", "two letters are all it takes"


def test_an_auditor_sees_all_of_it_and_is_shown_no_forms(laundry: Laundry, chrome: Chromium) -> None:
    auditor = come_in(laundry.here, laundry.admin, "auditor", "audit@path.example.org")
    shown = [f"/console/customers/{laundry.customer}", f"/console/subscriptions/{laundry.subscription}",
             f"/console/invoices/{laundry.sold}", "/console/plans/laundry/family", "/console/payments", "/console/seller",
             f"/console/customers/{laundry.customer}/entitlements", "/console/dunning", "/console/books"]  # fmt: skip
    with chrome.visitor(cookies=session_cookies(auditor, laundry.here.api_url)) as visitor:
        for path in shown:
            page = visitor.go(path)
            changes = page.locator("main form[method=post] button:visible").all_inner_texts()
            assert set(changes) <= {"Price it", "Audit the books"}, path
        for path in (
            "/console/customers/new",
            "/console/plans/new",
            "/console/subscriptions/new",
            "/console/payments/new",
        ):
            expect(visitor.go(path).get_by_role("heading", level=1)).to_have_text("Not yours to see")
        assert not visitor.faults
    auditor.close()


def _today() -> dict[str, str]:
    now = datetime.now(UTC)
    return {"from": (now - timedelta(days=1)).isoformat(), "to": now.isoformat()}


def _billed(laundry: Laundry, subscription: str) -> datetime:
    laundry.admin.post("/api/v1/billing/runs").raise_for_status()
    told = laundry.get(f"/api/v1/subscriptions/{subscription}")["billed_until"]
    return datetime.fromisoformat(told) if told else datetime.min.replace(tzinfo=UTC)
