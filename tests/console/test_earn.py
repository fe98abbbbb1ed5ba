"""The pages about a maker's money in a real browser: plans, usage, customers, subscriptions, invoices, books."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from browser import Chromium, drawn
from laundry import Laundry, furnish
from playwright.sync_api import Page, expect

from monokoto.console.plan_text import differences, read_quantity
from monokoto.testing import Installation

Cookies = list[dict[str, Any]]
LOOKS = (
    pytest.param(("phone", "dark", "ko"), id="phone-dark-ko"),
    pytest.param(("desktop", "light", "en"), id="desktop-light-en", marks=pytest.mark.long),
)


@pytest.fixture(scope="module")
def laundry(here: Installation, admin: httpx.Client) -> Laundry:
    return furnish(here, admin)


@pytest.mark.parametrize("look", LOOKS)
def test_pages_are_accessible_translated_and_as_wide_as_their_window(
    laundry: Laundry, chrome: Chromium, cookies: Cookies, look: tuple[str, str, str]
) -> None:
    width, theme, language = look
    laundry.admin.patch("/api/v1/me", json={"locale": language}).raise_for_status()
    faults = []
    with chrome.visitor(width=width, theme=theme, language=language, cookies=cookies) as visitor:
        for name, path in laundry.pages().items():
            page = visitor.go(path)
            drawn(page)
            faults += [f"{name}: {one}" for one in [*visitor.violations(), *visitor.faults]]
            visitor.faults.clear()
            if visitor.overflow() > 0:
                faults.append(f"{name}: {visitor.overflow()} px too wide")
            if page.locator("h1").count() != 1 or page.locator("html").get_attribute("lang") != language:
                faults.append(f"{name}: {page.locator('h1').count()} headings, {page.title()}")
    laundry.admin.patch("/api/v1/me", json={"locale": "en"}).raise_for_status()
    assert not faults


def test_a_draft_is_priced_while_it_is_typed_and_published(
    laundry: Laundry, chrome: Chromium, cookies: Cookies
) -> None:
    with chrome.visitor(cookies=cookies) as visitor:
        page = visitor.go("/console/plans/laundry/family/edit")
        page.get_by_label("Washes").fill("23")
        total = page.locator("#preview tfoot td")
        expect(total).to_have_text("€20.90")
        text = page.get_by_role("textbox", name="Plan")
        text.fill(text.input_value().replace("'1.00'", "'1.50'").replace("'17.90'", "'19.90'"))
        expect(total).to_have_text("€24.40")
        text.fill(text.input_value().replace("EUR", "euros"))
        expect(page.locator("#preview")).to_contain_text("cannot be priced")
        page.get_by_role("button", name="Publish").click()
        expect(page.get_by_role("alert")).to_contain_text("currency")
        text.fill(text.input_value().replace("euros", "EUR"))
        page.get_by_role("button", name="Publish").click()
        expect(page.get_by_text("Version 2 is published.")).to_be_visible()
        page.get_by_role("link", name="What changed").click()
        expect(page.locator(".diff .added").first).to_contain_text("19.90")
        assert not visitor.faults
    assert laundry.get("/api/v1/products/laundry/plans/family")["version"] == 2


def test_a_plan_shows_what_it_charges_and_prices_quantities(
    laundry: Laundry, chrome: Chromium, cookies: Cookies
) -> None:
    with chrome.visitor(cookies=cookies) as visitor:
        page = visitor.go("/console/plans/laundry/pay-per-wash")
        expect(_row(page, "eco").first).to_contain_text("€0.90 per wash")
        page.get_by_label("Washes").fill("eco=3, wool=1")
        page.get_by_label("Energy").fill("12")
        expect(page.locator("#preview tr.part", has_text="tier 2, once")).to_contain_text("€1.00")
        expect(page.locator("#preview tfoot td")).to_have_text("€13.50")
        page.get_by_label("Washes").fill("many")
        expect(page.locator("#preview")).to_contain_text("This is no quantity")


def test_usage_is_followed_down_to_a_reading(laundry: Laundry, chrome: Chromium, cookies: Cookies) -> None:
    with chrome.visitor(cookies=cookies) as visitor:
        page = visitor.go("/console/usage?meter=laundry/energy&from=-7d")
        expect(page.locator(".total")).to_contain_text("51 kWh")
        page.get_by_label("Meter").select_option("laundry/washes")
        expect(page.locator(".total")).to_contain_text("5 wash")
        page.get_by_label("Cut").select_option("data.programme")
        expect(_row(page, "eco")).to_contain_text("3 wash")
        expect(page.get_by_text("told from outside").first).to_be_visible()
        page.get_by_label("Meter").select_option("laundry/energy")
        expect(page.locator(".total")).to_contain_text("51 kWh")
        page.locator("#usage td[data-label='Taken from'] a").first.click()
        page.wait_for_url(lambda url: f"/console/units/{laundry.unit}/charts?from=" in url)
        assert not visitor.faults


def test_a_line_is_followed_down_to_its_samples(laundry: Laundry, chrome: Chromium, cookies: Cookies) -> None:
    with chrome.visitor(cookies=cookies) as visitor:
        page = visitor.go(f"/console/invoices/{laundry.sold}")
        line = page.locator("tr", has=page.get_by_role("link", name="Samples behind it")).first
        expect(line.get_by_role("link", name="Pay per wash, version 1")).to_be_visible()
        line.get_by_role("link", name="Samples behind it").click()
        expect(page.get_by_role("link", name="WM-1").first).to_be_visible()
        told = page.locator("main table").inner_text()
        assert "eco" in told
        assert "wool" not in told, "a line of one group counts no other"
        assert not visitor.faults


def test_a_draft_becomes_a_document_is_paid_in_part_and_credited(
    laundry: Laundry, chrome: Chromium, cookies: Cookies
) -> None:
    with chrome.visitor(cookies=cookies) as visitor:
        page = visitor.go(f"/console/invoices/{laundry.invoice}")
        page.once("dialog", lambda dialog: dialog.accept())
        page.get_by_role("button", name="Finalise").click()
        expect(page.get_by_text("The invoice is a document now.")).to_be_visible()
        link = page.get_by_role("link", name="PDF")
        paper = page.request.get(laundry.here.api_url + str(link.get_attribute("href")))
        assert paper.body().startswith(b"%PDF-")
        page.get_by_label("Amount (EUR)").fill("many")
        page.get_by_role("button", name="Record it").click()
        expect(page.get_by_role("alert").first).to_contain_text("not accepted")
        page.get_by_label("Amount (EUR)").fill("50.00")
        page.get_by_role("button", name="Record it").click()
        expect(page.locator(".amounts")).to_contain_text("€49.96")
        page.get_by_role("button", name="Write a credit note").click()
        expect(page.get_by_role("row", name="credit note")).to_be_visible()
        assert not visitor.faults
    assert laundry.get(f"/api/v1/invoices/{laundry.invoice}")["invoice"]["open"] == "0.00"


def test_a_customer_is_made_and_subscribes(laundry: Laundry, chrome: Chromium, cookies: Cookies) -> None:
    with chrome.visitor(cookies=cookies) as visitor:
        page = visitor.go("/console/customers/new")
        page.get_by_label("Name", exact=True).fill("Pension Mond")
        page.get_by_label("Country").fill("DE")
        page.get_by_label("Currency").fill("EUR")
        page.get_by_label("VAT number").fill("DE1")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("alert")).to_be_visible()
        page.get_by_label("VAT number").fill("")
        page.get_by_role("button", name="Save").click()
        page.get_by_role("link", name="Start a subscription").click()
        page.get_by_label("Plan").select_option("laundry/family")
        page.get_by_label("Units", exact=True).select_option("fleet")
        page.get_by_role("button", name="Start it now").click()
        expect(page.get_by_text("The subscription is started.")).to_be_visible()
        page.get_by_label("Reason").fill("not paid")
        page.once("dialog", lambda dialog: dialog.accept())
        page.get_by_role("button", name="Suspend it").click()
        expect(page.locator(".course .pause")).to_contain_text("not paid")
        page.get_by_role("button", name="Let it go on").click()
        page.once("dialog", lambda dialog: dialog.accept())
        page.get_by_role("button", name="End it", exact=True).click()
        expect(page.locator(".course .end")).to_be_visible()
        assert not visitor.faults


def _row(page: Page, name: str) -> Any:
    return page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=name))


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("14", "14"),
        ("0.5", "0.5"),
        ("3; 4.50;10", {"transactions": ["3", "4.50", "10"]}),
        ("eco=3, cotton = 4.5", {"groups": {"eco": "3", "cotton": "4.5"}}),
        ("many", None),
        ("eco=", None),
        (";", None),
        ("1e5", None),
    ],
)
def test_quantities_are_read_as_they_are_written(text: str, read: Any) -> None:
    assert read_quantity(text) == read


def test_plans_that_are_alike_differ_in_no_line() -> None:
    plan = {"currency": "EUR", "charges": {"base": {"fee": "1.00"}}}
    assert differences(plan, dict(plan)) == []
    lines = differences(plan, {**plan, "charges": {"base": {"fee": "2.00"}}})
    assert [line["text"].strip() for line in lines if line["mark"] in "+-"] == ["-    fee: '1.00'", "+    fee: '2.00'"]


def test_revenue_is_followed_down_to_customers_and_documents(
    laundry: Laundry, chrome: Chromium, cookies: Cookies
) -> None:
    with chrome.visitor(cookies=cookies) as visitor:
        page = visitor.go("/console/revenue")
        again = page.locator("section", has=page.get_by_role("heading", name="Recurring revenue", exact=True))
        expect(again.locator("svg.bars rect").first).to_be_attached()
        again.get_by_role("link", name=", New MRR: ").click()
        expect(page.get_by_role("link", name="Hotel Sol")).to_be_visible()
        page.get_by_role("link", name="Pay per wash").first.click()
        page.wait_for_url(f"**/console/subscriptions/{laundry.subscription}")
        page.go_back()
        page.get_by_role("link", name="Revenue").last.click()
        page.get_by_role("link", name=", One-time: ").first.click()
        expect(page.get_by_role("link", name="INV-").first).to_be_visible()
        assert not visitor.faults
        file = page.request.get(f"{laundry.here.api_url}/api/v1/reports/revenue/file?currency=EUR")
        assert file.text().startswith("currency,month,is_over,recurring")
        page = visitor.go("/console/revenue?from=2020-01")
        expect(page.get_by_role("alert")).to_contain_text("at most 60 months")


def test_fees_paid_ahead_are_followed_to_their_documents(laundry: Laundry, chrome: Chromium, cookies: Cookies) -> None:
    with chrome.visitor(cookies=cookies) as visitor:
        page = visitor.go("/console/revenue")
        earned = page.locator("section", has=page.get_by_role("heading", name="Recognised and deferred revenue"))
        expect(earned.get_by_role("row").nth(1)).to_contain_text("€")
        told = laundry.get("/api/v1/reports/deferred")["items"][-1]
        cell = earned.locator("td[data-label='Recognised revenue']").first
        assert cell.inner_text() == f"€{told['recognised']}"
        page.get_by_role("link", name=", Billings: ").first.click()
        expect(page.get_by_role("link", name="INV-").first).to_be_visible()
        assert not visitor.faults


SALES = "key;date;product;units;currency;amount\nshop-1;2026-01-03;laundry;1;EUR;399.00\nshop-2;2026-01-04;laundry;{};EUR;{}\n"


def test_a_file_of_product_sales_is_answered_line_by_line_and_taken_once(
    laundry: Laundry, chrome: Chromium, cookies: Cookies
) -> None:
    with chrome.visitor(cookies=cookies) as visitor:
        page = visitor.go("/console/revenue/sales")
        template = page.request.get(laundry.here.api_url + "/console/revenue/sales/template.csv")
        assert template.text().split() == ["key,date,product,units,currency,amount"]
        page.get_by_role("button", name="Take it in").click()
        expect(page.locator(".fault").first).to_have_text("Choose a file first.")
        _upload(page, SALES.format("two", "798.00"))
        expect(page.get_by_role("row").filter(has_text="shop-2")).to_contain_text("whole number")
        expect(page.get_by_role("row").filter(has_text="shop-1")).to_contain_text("fine, not taken")
        _upload(page, SALES.format("2", "much"))
        expect(page.get_by_role("row").filter(has_text="shop-2")).to_contain_text("is not a decimal number")
        assert laundry.get("/api/v1/product-sales")["items"] == []
        _upload(page, SALES.format("2", "798.00"))
        expect(page.get_by_text("2 sales are told.")).to_be_visible()
        _upload(page, SALES.format("2", "798.00"))
        expect(page.get_by_text("All of them were told before; nothing changed.")).to_be_visible()
        expect(page.get_by_role("row").filter(has_text="shop-2")).to_contain_text("known")
        _upload(page, "key,amount\n1,2\n")
        expect(page.locator(".fault").first).to_contain_text("these are missing: date, product, units, currency")
        page.get_by_label("Key", exact=True).fill("by-hand")
        page.get_by_label("Date").fill("2026-01-05")
        page.get_by_label("Product").fill("laundry")
        page.get_by_label("Amount without tax").fill("9,00")
        page.get_by_role("button", name="Tell of it").click()
        expect(page.locator(".fault").first).to_contain_text("'9,00' is not a decimal number")
        page.get_by_label("Amount without tax").fill("9.00")
        page.get_by_role("button", name="Tell of it").click()
        expect(page.get_by_text("The sale is told.")).to_be_visible()
        assert not visitor.faults
    assert [one["key"] for one in laundry.get("/api/v1/product-sales")["items"]] == ["by-hand", "shop-2", "shop-1"]


def _upload(page: Page, text: str) -> None:
    page.goto(page.url.partition("/console")[0] + "/console/revenue/sales")
    page.locator("#f-file").set_input_files({"name": "s.csv", "mimeType": "text/csv", "buffer": text.encode()})
    page.get_by_role("button", name="Take it in").click()


def test_who_subscribed_before_keeps_what_the_version_had(laundry: Laundry, chrome: Chromium, cookies: Cookies) -> None:
    """Last in this file: the newest version of the plan goes without steam from here on."""
    path = "/api/v1/products/laundry/plans/pay-per-wash"
    plan = laundry.get(path)["plan"]
    del plan["includes"]["steam"]
    laundry.admin.put(path, json={"plan": plan}).raise_for_status()
    with chrome.visitor(cookies=cookies) as visitor:
        page = visitor.go("/console/features/laundry/steam")
        expect(page.get_by_role("region", name="Plans that include it")).not_to_contain_text("Pay per wash")
        holders = page.get_by_role("region", name="Who has it by their plan")
        expect(holders.get_by_role("row").filter(has_text="Hotel Sol").first).to_contain_text("Pay per wash")
        page = visitor.go(f"/console/units/{laundry.unit}")
        expect(page.locator(".crumbs")).to_have_text("Units / Washing machine")
        assert not visitor.faults
