"""People in front of the console: a real browser, a real installation."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import httpx
import pytest
from browser import EMAIL, PAGES, PASSWORD, ROOT, Chromium, Shown
from playwright.sync_api import Page, expect

from monokoto.testing import Installation

Cookies = list[dict[str, Any]]
BLUEPRINTS = ROOT / "blueprints"
DESKTOP, PHONE = ("desktop", "light", "en"), ("phone", "dark", "ko")
WALKS = (
    pytest.param(DESKTOP, PAGES[::2], id="desktop"),
    pytest.param(PHONE, PAGES[1::2], id="phone"),
    pytest.param(DESKTOP, PAGES[1::2], id="desktop-others", marks=pytest.mark.long),
    pytest.param(PHONE, PAGES[::2], id="phone-others", marks=pytest.mark.long),
)
"""Each page in one look, and in the long form in the other."""


@pytest.mark.parametrize(("look", "pages"), WALKS)
def test_pages_are_accessible_and_as_wide_as_their_window(
    chrome: Chromium, admin: httpx.Client, cookies: Cookies, look: tuple[str, str, str], pages: Sequence[Shown]
) -> None:
    width, theme, language = look
    admin.patch("/api/v1/me", json={"locale": language}).raise_for_status()
    faults: list[str] = []
    for guests in (True, False):
        with chrome.visitor(width=width, theme=theme, language=language, cookies=() if guests else cookies) as visitor:
            for shown in (one for one in pages if one.guest == guests):
                page = visitor.go(shown.path)
                faults += [f"{shown.name}: {one}" for one in [*visitor.violations(), *visitor.faults]]
                visitor.faults.clear()
                if visitor.overflow() > 0:
                    faults.append(f"{shown.name}: {visitor.overflow()} px too wide")
                if page.locator("h1").count() != 1:
                    faults.append(f"{shown.name}: {page.locator('h1').count()} headings of the first level")
                if page.locator("html").get_attribute("lang") != language:
                    faults.append(f"{shown.name}: not in {language}")
    admin.patch("/api/v1/me", json={"locale": "en"}).raise_for_status()
    assert not faults


def test_signing_in_and_out_by_the_form(chrome: Chromium, admin: httpx.Client) -> None:
    with chrome.visitor() as visitor:
        page = visitor.go("/console/keys")
        assert "/console/sign-in?next=" in page.url
        page.fill("#f-email", EMAIL)
        page.fill("#f-password", "not the password")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_contain_text("do not go together")
        page.fill("#f-password", PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url("**/console/keys")
        expect(page.get_by_role("heading", level=1)).to_have_text("API keys")
        assert "session" not in page.evaluate("document.cookie"), "no script reads the session"
        page.locator(".pop.end > summary").click()
        page.get_by_role("button", name="Sign out").click()
        page.wait_for_url("**/console/sign-in")
        page = visitor.go("/console/keys")
        assert "sign-in" in page.url
        assert not visitor.faults


def test_a_key_is_made_shown_once_used_and_revoked(chrome: Chromium, cookies: Cookies, here: Installation) -> None:
    with chrome.visitor(cookies=cookies) as visitor:
        page = visitor.go("/console/keys/new")
        page.fill("#f-name", "Billing export")
        page.get_by_label("products:read").check()
        page.get_by_role("button", name="Make the key").click()
        secret = page.locator(".secret code").inner_text()
        headers = {"Authorization": f"Bearer {secret}"}
        assert httpx.get(f"{here.api_url}/api/v1/products", headers=headers).status_code == 200
        assert httpx.get(f"{here.api_url}/api/v1/keys", headers=headers).status_code == 403
        page = visitor.go("/console/keys")
        assert secret not in page.content()
        row = page.get_by_role("row", name="Billing export")
        page.once("dialog", lambda dialog: dialog.dismiss())
        row.get_by_role("button", name="Revoke").click()
        assert httpx.get(f"{here.api_url}/api/v1/products", headers=headers).status_code == 200, "asked, and not sure"
        page.once("dialog", lambda dialog: dialog.accept())
        row.get_by_role("button", name="Revoke").click()
        expect(page.locator("#notice")).to_contain_text("is revoked")
        assert httpx.get(f"{here.api_url}/api/v1/products", headers=headers).status_code == 401
        assert not visitor.faults


def test_a_key_without_a_scope_is_refused_where_it_was_filled_in(chrome: Chromium, cookies: Cookies) -> None:
    with chrome.visitor(cookies=cookies) as visitor:
        page = visitor.go("/console/keys/new")
        page.fill("#f-name", "Nothing")
        page.get_by_role("button", name="Make the key").click()
        expect(page.get_by_role("alert")).to_contain_text("Choose at least one scope")
        expect(page.locator("#f-name")).to_have_value("Nothing")


def test_the_menu_of_a_narrow_screen_works_by_keyboard(chrome: Chromium, cookies: Cookies) -> None:
    with chrome.visitor(width="phone", cookies=cookies) as visitor:
        page = visitor.go("/console/keys")
        expect(page.get_by_role("navigation", name="Pages")).to_be_hidden()
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        side = page.get_by_role("navigation", name="Pages")
        expect(side).to_be_visible()
        assert page.evaluate("document.activeElement.closest('nav') !== null"), "the focus goes along"
        page.keyboard.press("Escape")
        expect(side).to_be_hidden()
        assert page.evaluate("document.activeElement.matches('[data-menu]')"), "and comes back"


def test_theme_and_language_hold_over_pages(chrome: Chromium) -> None:
    with chrome.visitor() as visitor:
        page = visitor.go("/console/sign-in")
        page.get_by_role("button", name="Dark").click()
        page.get_by_role("button", name="한국어").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("로그인")
        page = visitor.go("/console/forgotten")
        assert page.locator("html").get_attribute("data-theme") == "dark"
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(15, 20, 27)"
        expect(page.get_by_role("heading", level=1)).to_have_text("비밀번호 찾기")


def answered(page: Page, status: str) -> Any:
    """What the explorer shows of the first answer: its content comes after its status."""
    expect(page.locator("[data-status]")).to_contain_text(status)
    expect(page.locator("[data-content]")).not_to_be_empty()
    return json.loads(page.locator("[data-content]").inner_text())


def test_the_explorer_finds_and_tries_an_operation(chrome: Chromium, cookies: Cookies, here: Installation) -> None:
    with chrome.visitor(cookies=cookies) as visitor:
        page = visitor.go("/console/explorer")
        page.get_by_role("searchbox").fill("list keys")
        expect(page.get_by_role("link", name="/api/v1/keys List the organisation's keys")).to_be_visible()
        expect(page.get_by_role("link", name="Send readings")).to_be_hidden()
        page.get_by_role("searchbox").press("Tab")
        page.get_by_role("link", name="/api/v1/keys List the organisation's keys").press("Enter")
        page.wait_for_url("**/console/explorer/listKeys")
        page.get_by_label("limit").fill("7")
        assert f"'{here.api_url}/api/v1/keys?limit=7'" in page.locator("[data-curl]").inner_text()
        page.get_by_role("button", name="Send").click()
        assert "items" in answered(page, "200")
        page.get_by_label("limit").fill("0")
        page.get_by_role("button", name="Send").click()
        expect(page.locator("[data-status]")).to_contain_text("422")
        assert not visitor.faults


def test_the_explorer_changes_things_with_the_sessions_token(chrome: Chromium, cookies: Cookies) -> None:
    with chrome.visitor(cookies=cookies) as visitor:
        page = visitor.go("/console/explorer/createKey")
        page.locator("[data-body]").fill('{"name": "By hand", "scopes": ["units:read"]}')
        page.get_by_role("button", name="Send").click()
        assert answered(page, "201")["key"]["name"] == "By hand"


def test_somebody_is_invited_and_taken_back(chrome: Chromium, cookies: Cookies, admin: httpx.Client) -> None:
    with chrome.visitor(cookies=cookies) as visitor:
        page = visitor.go("/console/people")
        page.fill("#f-email", "jun@example.org")
        page.select_option("#f-role", "operator")
        page.get_by_role("button", name="Invite").click()
        expect(page.locator("#notice")).to_contain_text("jun@example.org")
        row = page.get_by_role("row", name="jun@example.org")
        expect(row).to_contain_text("Operator")
        row.get_by_role("button", name="Take back").click()
        expect(page.get_by_role("row", name="jun@example.org")).to_contain_text("Taken back")
        invited = admin.get("/api/v1/invitations").json()["items"]
        assert [one["email"] for one in invited if one["revoked_at"]] == ["jun@example.org"]


def test_the_last_administrator_stays_and_the_page_says_why(chrome: Chromium, cookies: Cookies) -> None:
    with chrome.visitor(cookies=cookies) as visitor:
        page = visitor.go("/console/people")
        page.once("dialog", lambda dialog: dialog.accept())
        page.get_by_role("row", name=EMAIL).get_by_role("button", name="Remove").click()
        expect(page.get_by_role("alert")).to_be_visible()
        expect(page.get_by_role("row", name=EMAIL)).to_be_visible()


def test_acting_for_another_organisation_of_ones_own(chrome: Chromium, cookies: Cookies, admin: httpx.Client) -> None:
    before = admin.get("/api/v1/session").json()["organisation"]["id"]
    try:
        with chrome.visitor(cookies=cookies) as visitor:
            page = visitor.go("/console/keys")
            page.locator("details.organisation > summary").click()
            page.locator("details.organisation button:not([aria-current])").click()
            page.wait_for_url(lambda url: not url.endswith("/console/keys"))
            expect(page.locator("details.organisation > summary")).not_to_contain_text("Hanbit")
            page = visitor.go("/console/organisations")
            expect(page.get_by_role("heading", level=1)).to_have_text("Organisations")
            expect(page.get_by_role("row", name="Hanbit Appliances")).to_be_visible()
    finally:
        admin.post("/api/v1/session/organisation", json={"organisation": before}).raise_for_status()


def test_what_is_not_allowed_has_a_page_of_its_own(chrome: Chromium, cookies: Cookies) -> None:
    shown: Shown = next(one for one in PAGES if one.name == "organisations-not-allowed")
    with chrome.visitor(cookies=cookies) as visitor:
        page = visitor.go(shown.path)
        expect(page.get_by_role("heading", level=1)).to_have_text("Not yours to see")
        expect(page.get_by_role("link", name="To the first page")).to_be_visible()


@pytest.mark.parametrize(
    "look", [pytest.param(PHONE, id="phone"), pytest.param(DESKTOP, id="desktop", marks=pytest.mark.long)]
)
def test_applying_and_registering_fit_and_are_accessible(
    chrome: Chromium, admin: httpx.Client, cookies: Cookies, look: tuple[str, str, str]
) -> None:
    width, theme, language = look
    admin.patch("/api/v1/me", json={"locale": language}).raise_for_status()
    text = (
        (BLUEPRINTS / "sensor" / "product.yaml")
        .read_text("utf-8")
        .replace("product: sensor", f"product: walked-{width}")
    )
    faults: dict[str, list[str]] = {}

    def look_at(name: str) -> None:
        wide = [f"{visitor.overflow()} px too wide"] if visitor.overflow() > 0 else []
        faults[name] = [*visitor.violations(), *visitor.faults, *wide]

    try:
        with chrome.visitor(width=width, theme=theme, language=language, cookies=cookies) as visitor:
            page = visitor.go("/console/apply")
            for name, content in (("refused", "product: ["), ("planned", text)):
                page.fill("#f-text", content)
                page.click("button[value=look]")
                page.wait_for_selector("[role=alert]" if name == "refused" else "button[value=apply]")
                look_at(name)
            page.click("button[value=apply]")
            page.wait_for_url(f"**/console/products/walked-{width}")
            look_at("product")
            page = visitor.go(f"/console/units/new?product=walked-{width}")
            look_at("registering")
            page.fill("#f-serial", f"W-{width}")
            page.fill("#f-latitude", "north")
            page.click("main button.primary")
            page.wait_for_selector("#f-latitude[aria-invalid]")
            look_at("registration refused")
            page.fill("#f-latitude", "37,5")
            page.fill("#f-longitude", "127")
            page.click("main button.primary")
            page.wait_for_selector(".secret")
            look_at("registered")
            page.click("main a.primary")
            page.wait_for_selector("#unit-tabs")
            look_at("unit with coordinates and no name of its place")
            page = visitor.go(f"/console/units?text=W-{width}")
            assert f"W-{width}" in page.inner_text("main table")
            look_at("units")
            page = visitor.go("/console/products")
            look_at("products")
    finally:
        admin.patch("/api/v1/me", json={"locale": "en"}).raise_for_status()
    assert {name: found for name, found in faults.items() if found} == {}
    assert len(faults) == 9
    [unit] = admin.get("/api/v1/units", params={"serial": f"W-{width}"}).json()["items"]
    assert unit["location"] == {"latitude": 37.5, "longitude": 127.0}
