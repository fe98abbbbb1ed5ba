"""Plans tried on what was used, what customers and units may use, usage by customer: in a real browser."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from browser import Chromium, begin_organisation, drawn
from laundry import Laundry, furnish
from playwright.sync_api import expect
from trying import GUESTS, furnish_trials, trial_pages

from monokoto.console.formats import Formats
from monokoto.console.simulation_rows import BARS_MAX, HEIGHT, bars, by_loss, months, share, span_of
from monokoto.testing import Installation

Cookies = list[dict[str, Any]]
LOOKS = (
    pytest.param(("phone", "dark", "ko"), id="phone-dark-ko"),
    pytest.param(("desktop", "light", "en"), id="desktop-light-en", marks=pytest.mark.long),
)
"""On a desktop in English every one of these pages is what the other tests work with."""


@pytest.fixture(scope="module")
def admin(here: Installation) -> Iterator[httpx.Client]:
    with contextlib.closing(begin_organisation(here, "trying")) as client:
        yield client


@pytest.fixture(scope="module")
def laundry(here: Installation, admin: httpx.Client) -> Laundry:
    made = furnish(here, admin)
    furnish_trials(made)
    return made


@pytest.mark.parametrize("look", LOOKS)
def test_pages_are_accessible_translated_and_as_wide_as_their_window(
    laundry: Laundry, chrome: Chromium, cookies: Cookies, look: tuple[str, str, str]
) -> None:
    width, theme, language = look
    laundry.admin.patch("/api/v1/me", json={"locale": language}).raise_for_status()
    faults = []
    with chrome.visitor(width=width, theme=theme, language=language, cookies=cookies) as visitor:
        for name, path in trial_pages(laundry).items():
            page = visitor.go(path)
            drawn(page)
            if name == "plan-trial":
                page.locator("[data-try]").click()
                page.wait_for_selector("#trial .totals")
            faults += [f"{name}: {one}" for one in [*visitor.violations(), *visitor.faults]]
            visitor.faults.clear()
            if visitor.overflow() > 0:
                faults.append(f"{name}: {visitor.overflow()} px too wide")
            if page.locator("h1").count() != 1 or page.locator("html").get_attribute("lang") != language:
                faults.append(f"{name}: {page.locator('h1').count()} headings, {page.title()}")
    laundry.admin.patch("/api/v1/me", json={"locale": "en"}).raise_for_status()
    assert not faults


def test_a_draft_is_tried_on_last_months_usage_before_it_is_published(
    laundry: Laundry, chrome: Chromium, cookies: Cookies
) -> None:
    with chrome.visitor(cookies=cookies) as visitor:
        page = visitor.go("/console/plans/laundry/pay-per-wash/edit")
        text = page.get_by_role("textbox", name="Plan")
        # The dearer wool of one customer against the lower base fee and minimum of all.
        draft = text.input_value().replace("'1.40'", "'9.40'").replace("'4.90'", "'3.90'").replace("'5.00'", "'4.00'")
        text.fill(draft)
        page.get_by_role("button", name="Try it on what was used").press("Enter")
        totals = page.locator("#trial .totals dd")
        expect(totals.nth(0)).to_have_text("€181.70")
        expect(totals.nth(2)).to_contain_text("€")
        rows = page.locator("#trial tbody tr")
        expect(rows).to_have_count(len(GUESTS))
        expect(rows.last).to_contain_text("Pension Luna")
        expect(rows.last).to_contain_text("+€")
        expect(rows.first.locator("td.loss")).to_contain_text("-€")
        assert page.locator("#trial svg.differences rect.loss").count() == len(GUESTS) - 1
        text.fill(draft.replace("EUR", "euros"))
        page.get_by_role("button", name="Try it on what was used").click()
        expect(page.locator("#trial")).to_contain_text("cannot be tried")
        expect(page.locator("#trial")).to_contain_text("currency")
        text.fill(draft)
        page.get_by_label("Used in").select_option(index=11)
        page.get_by_role("button", name="Try it on what was used").click()
        expect(page.locator("#trial")).to_contain_text("Nothing to compare")
        assert not visitor.faults
    assert laundry.get("/api/v1/products/laundry/plans/pay-per-wash")["version"] == 1


def test_without_a_script_the_trial_is_a_page_that_keeps_the_draft(laundry: Laundry) -> None:
    form = {
        "product": "laundry",
        "plan": "pay-per-wash",
        "version": "1",
        "text": "currency: EUR\nevery: day\ncharges: {}\n",
    }
    form["csrf"] = laundry.admin.headers["X-Koto-CSRF"]
    answer = laundry.admin.post("/console/plans/try", data=form)
    assert answer.status_code == 200
    assert "<h1>Try on what was used</h1>" in answer.text
    assert "every: day" in answer.text
    assert "-€181.70" in answer.text


def test_a_unit_is_given_a_feature_and_it_is_taken_back(laundry: Laundry, chrome: Chromium, cookies: Cookies) -> None:
    with chrome.visitor(cookies=cookies) as visitor:
        page = visitor.go(f"/console/units/{laundry.unit}/entitlements")
        quota = page.get_by_role("row").filter(has=page.locator("progress"))
        expect(quota).to_contain_text("17 left, 5 used")
        page.get_by_label("Feature").select_option("laundry/free-washes")
        page.get_by_label("Quantity").fill("many")
        page.once("dialog", lambda dialog: dialog.accept())
        page.get_by_role("button", name="Give it").click()
        expect(page.get_by_role("alert").first).to_contain_text("not accepted")
        page.get_by_label("Quantity").fill("10")
        page.get_by_label("Note").fill("For patience")
        page.once("dialog", lambda dialog: dialog.accept())
        page.get_by_role("button", name="Give it").click()
        expect(page.get_by_text("It is given.")).to_be_visible()
        expect(quota).to_contain_text("27 left, 5 used")
        row = page.get_by_role("row", name="For patience")
        page.once("dialog", lambda dialog: dialog.dismiss())
        row.get_by_role("button", name="Withdraw").click()
        expect(row).to_contain_text("holds")
        page.once("dialog", lambda dialog: dialog.accept())
        row.get_by_role("button", name="Withdraw").click()
        expect(page.get_by_text("It is taken back.")).to_be_visible()
        expect(page.get_by_role("row", name="For patience")).to_contain_text("taken back")
        expect(quota).to_contain_text("17 left, 5 used")
        assert not visitor.faults


def test_a_customers_features_are_closed_and_opened_again(laundry: Laundry, chrome: Chromium, cookies: Cookies) -> None:
    with chrome.visitor(cookies=cookies) as visitor:
        page = visitor.go(f"/console/customers/{laundry.customer}")
        page.locator("main").get_by_role("link", name="Features").click()
        page.wait_for_url("**/entitlements")
        expect(page.locator("main")).to_contain_text("2 every month")
        page.get_by_label("Reason").fill("not paid since March")
        page.once("dialog", lambda dialog: dialog.accept())
        page.get_by_role("button", name="Close them").click()
        expect(page.locator(".notice.warn")).to_contain_text("not paid since March")
        unit = visitor.go(f"/console/units/{laundry.unit}/entitlements")
        expect(unit.get_by_role("row", name="Steam").first).to_contain_text("Closed")
        page = visitor.go(f"/console/customers/{laundry.customer}/entitlements")
        page.get_by_role("button", name="Open them again").click()
        expect(page.get_by_text("open again")).to_be_visible()
        assert not visitor.faults


def test_a_feature_says_who_has_it_and_which_quotas_are_used_up(
    laundry: Laundry, chrome: Chromium, cookies: Cookies
) -> None:
    with chrome.visitor(cookies=cookies) as visitor:
        page = visitor.go("/console/features")
        page.get_by_role("link", name="Washes on the house").click()
        expect(page.get_by_role("region", name="Plans that include it")).to_contain_text("2 every month")
        expect(page.get_by_role("region", name="Who has it by their plan")).to_contain_text("Hotel Sol")
        expect(page.get_by_role("region", name="Who has it by their plan")).not_to_contain_text("Pension Luna")
        expect(page.get_by_role("region", name="Thresholds reached")).to_contain_text("100 %")
        page = visitor.go("/console/features/laundry/steam")
        expect(page.get_by_role("region", name="Who was given it")).to_contain_text("To try it")
        page = visitor.go("/console/features/laundry/nothing")
        expect(page.get_by_role("heading", level=1)).to_have_text("Nothing here")
        assert not visitor.faults


def test_usage_is_cut_by_customer(laundry: Laundry, chrome: Chromium, cookies: Cookies) -> None:
    with chrome.visitor(cookies=cookies) as visitor:
        page = visitor.go("/console/usage?meter=laundry/washes&from=-90d")
        page.get_by_label("Cut").select_option("customer")
        expect(page.get_by_role("row", name="Pension Luna")).to_contain_text("3 wash")
        expect(page.get_by_role("row", name="Villa Rosa")).to_contain_text("0 wash")
        page.get_by_role("link", name="Thresholds reached").click()
        expect(page.get_by_role("row", name="80 %")).to_contain_text("5 of 2")
        assert not visitor.faults


def test_who_has_no_organisation_here_names_units_to_subscribe(
    laundry: Laundry, chrome: Chromium, cookies: Cookies
) -> None:
    with laundry.here.organisation("guesthouse"):
        body = {"name": "Guest house", "country": "DE", "currency": "EUR", "organisation": "guesthouse"}
        linked = laundry.admin.post("/api/v1/customers", json=body).raise_for_status().json()["id"]
    with chrome.visitor(cookies=cookies) as visitor:
        page = visitor.go(f"/console/subscriptions/new?customer={laundry.customer}")
        units = page.get_by_label("Units", exact=True)
        expect(units).to_have_value("named")
        assert units.locator("option").evaluate_all("all => all.map(one => one.value)") == ["named", "fleet"]
        expect(page.get_by_text("has no organisation on this platform")).to_be_visible()
        page.get_by_role("button", name="Start it now").click()
        expect(page.locator("#f-named-hint")).to_contain_text("Name the units")
        page.get_by_label("Customer").select_option(linked)
        expect(page.get_by_text("has no organisation on this platform")).to_be_hidden()
        assert "owned" in units.locator("option").evaluate_all("all => all.map(one => one.value)")
        assert not visitor.faults


def test_plans_and_products_are_called_by_their_titles(laundry: Laundry, chrome: Chromium, cookies: Cookies) -> None:
    with chrome.visitor(cookies=cookies) as visitor:
        for path in ("/console/subscriptions", f"/console/customers/{laundry.customer}", "/console/plans"):
            main = visitor.go(path).locator("main")
            expect(main).to_contain_text("Pay per wash")
            expect(main.locator("table").first).to_contain_text("Washing machine")
            assert "pay-per-wash" not in main.inner_text()
        page = visitor.go(f"/console/subscriptions/{laundry.subscription}")
        expect(page.get_by_role("heading", level=1)).to_have_text("Pay per wash")
        page = visitor.go(f"/console/invoices/{laundry.sold}")
        expect(page.get_by_role("link", name="Pay per wash, version 1").first).to_be_visible()


def _told(*differences: str) -> list[dict[str, Any]]:
    return [{"customer": f"c{place}", "difference": one, "billed": "10"} for place, one in enumerate(differences)]


def test_customers_come_by_what_they_would_pay_less() -> None:
    assert [one["difference"] for one in by_loss(_told("3", "-10.5", "0", "-9"))] == ["-10.5", "-9", "0", "3"]


def test_bars_hang_below_the_line_and_stand_on_it() -> None:
    drawn_, line = bars(_told("-30", "-10", "10"))
    assert line == pytest.approx(HEIGHT / 4)
    assert [(one.less, one.y, one.height) for one in drawn_] == [(True, 50, 150), (True, 50, 50), (False, 0, 50)]
    assert bars([]) == ([], 0.0)
    many, _ = bars(_told(*(str(number) for number in range(-500, 500))))
    assert len(many) == BARS_MAX
    assert (many[0].item["difference"], many[-1].item["difference"]) == ("-500", "499")


def test_months_are_whole_ones_of_the_past() -> None:
    now = int(datetime(2026, 3, 1, 0, 30, tzinfo=UTC).timestamp() * 1_000_000)
    found = months(Formats("en", "Asia/Seoul", now))
    assert found[:3] == [("2026-02", "February 2026"), ("2026-01", "January 2026"), ("2025-12", "December 2025")]
    assert span_of("2026-02") == ("2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z")
    assert span_of("2026-13") is None
    assert span_of("") is None


def test_a_difference_is_a_share_only_of_something() -> None:
    assert share("10.00", "-2.50") == -0.25
    assert share("0.00", "3.00") is None
