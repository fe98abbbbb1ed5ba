"""Alerts, rules and maintenance in a real browser, beside a real unit whose readings raise and clear them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from browser import Chromium, drawn
from playwright.sync_api import expect

from monokoto.testing import Installation, wait_until

Cookies = list[dict[str, Any]]
LOOKS = (
    pytest.param(("phone", "dark", "ko"), id="phone-dark-ko"),
    pytest.param(("desktop", "light", "en"), id="desktop-light-en", marks=pytest.mark.long),
)
PRODUCT = """\
product: oven
model:
  title: Oven
  version: {model: 1.0.0}
  properties:
    temperature: {type: number, minimum: -20, maximum: 400, unit: Cel, readOnly: true, title: Temperature}
    door: {type: string, enum: [open, closed], readOnly: true, title: Door}
rules:
  overheating:
    title: {en: The oven is too hot, ko: 오븐이 너무 뜨겁습니다}
    severity: major
    severities: {critical: temperature > 300.0}
    when: temperature > 250.0
    clear: temperature < 200.0
    help: {en: Switch it off., ko: 전원을 끄세요.}
  door-open:
    title: {en: The door is open, ko: 문이 열려 있습니다}
    severity: warning
    when: door == "open"
"""
TRIAL_BY_HAND = """() => {
  window.trialAborted = 0;
  const plain = window.fetch;
  window.fetch = (address, options = {}) => {
    if (!String(address).includes("/rules/try")) return plain(address, options);
    const encoder = new TextEncoder();
    let control;
    const body = new ReadableStream({ start: (given) => { control = given; } });
    options.signal.addEventListener("abort", () => {
      window.trialAborted += 1;
      control.error(new DOMException("left", "AbortError"));
    });
    window.trialStep = (step) => control.enqueue(encoder.encode(JSON.stringify(step) + "\\n"));
    window.trialEnd = () => control.close();
    return Promise.resolve(new Response(body, { status: 200 }));
  };
}"""
"""Lets a test send the steps of a trial by hand."""
PAST_HOURS = 20
HOT_HOURS = (4, 9, 15)
"""At these hours of the past each unit was too hot for a while."""


@dataclass
class Kitchen:
    """An installation with two ovens."""

    here: Installation
    admin: httpx.Client
    units: list[str]
    devices: list[httpx.Client]

    def measure(self, unit: int = 0, **values: Any) -> None:
        """A reading of now."""
        self.devices[unit].post("/api/v1/telemetry", json=values).raise_for_status()

    def alerts(self, **query: Any) -> list[dict[str, Any]]:
        """As the API lists them."""
        found = self.admin.get("/api/v1/alerts", params={"product": "oven", **query}).raise_for_status()
        items: list[dict[str, Any]] = found.json()["items"]
        return items

    def heat(self, unit: int = 0) -> dict[str, Any]:
        """Too hot: the alert that stands then."""
        wanted = {"unit": self.units[unit], "rule": "oven/overheating", "state": "raised"}
        self.measure(unit, temperature=20.0)
        wait_until(lambda: not self.alerts(**{**wanted, "state": ["raised", "acknowledged"]}), seconds=60)

        def stands() -> list[dict[str, Any]]:
            self.measure(
                unit, temperature=280.0
            )  # again and again, as units do: the first may come before its rules are known
            return self.alerts(**wanted)

        wait_until(stands, seconds=60, every=0.5)
        return self.alerts(**wanted)[0]


@pytest.fixture(scope="module")
def kitchen(here: Installation, admin: httpx.Client) -> Iterator[Kitchen]:
    admin.post("/api/v1/products/apply", json={"files": {"product.yaml": PRODUCT}}).raise_for_status()
    units, devices = [], []
    with ExitStack() as closing:
        for serial in ("OV-1", "OV-2"):
            made = admin.post("/api/v1/units", json={"product": "oven", "serial": serial}).raise_for_status().json()
            units.append(made["unit"]["id"])
            headers = {"Authorization": f"Bearer {made['token']}"}
            devices.append(closing.enter_context(httpx.Client(base_url=here.api_url, headers=headers, timeout=30)))
        made = Kitchen(here, admin, units, devices)
        _live(made)
        yield made


def _live(kitchen: Kitchen) -> None:
    """Readings of the past hours, every five minutes, three times too hot."""
    now = datetime.now(UTC)
    rows = ["unit,property,at,value"]
    for unit in kitchen.units:
        for minute in range(PAST_HOURS * 60, 5, -5):
            at = (now - timedelta(minutes=minute)).isoformat().replace("+00:00", "Z")
            hot = any(0 <= hour * 60 - minute < 30 for hour in HOT_HOURS)
            rows.append(f"{unit},temperature,{at},{270.0 if hot else 180.0 + minute % 7}")

    def taken() -> bool:
        answer = kitchen.admin.post(
            "/api/v1/import?format=csv", content="\n".join(rows).encode(), headers={"Content-Type": "text/csv"}
        )
        return bool(answer.raise_for_status().json()["readings"] == len(rows) - 1)

    wait_until(taken, seconds=60, every=0.5)  # a unit is known to all a moment after it was registered


def test_an_alert_appears_without_reload_and_is_acknowledged_by_keyboard(
    chrome: Chromium, cookies: Cookies, kitchen: Kitchen
) -> None:
    with chrome.visitor(cookies=cookies) as visitor:
        page = visitor.go("/console/alerts?product=oven")
        expect(page.locator("[data-alerts-connection]")).to_have_text("Live")
        page.evaluate("window.notReloaded = true")
        alert = kitchen.heat()
        row = page.locator(f"tr[data-alert='{alert['id']}']")
        expect(row).to_contain_text("The oven is too hot")
        expect(row).to_contain_text("Major")
        expect(row).to_contain_text("OV-1")
        row.get_by_role("link", name="The oven is too hot").focus()
        page.keyboard.press("a")
        expect(row).to_contain_text("acknowledged")
        assert kitchen.admin.get(f"/api/v1/alerts/{alert['id']}").json()["state"] == "acknowledged"
        expect(row.get_by_role("link", name="The oven is too hot")).to_be_focused()
        assert page.evaluate("window.notReloaded"), "all of it on one page"
        kitchen.measure(temperature=320.0)
        expect(row).to_contain_text("Critical")
        kitchen.measure(temperature=20.0)
        expect(row).to_have_count(0)
        assert not visitor.faults


def test_one_alert_with_its_chart_timeline_and_what_people_do(
    chrome: Chromium, cookies: Cookies, kitchen: Kitchen
) -> None:
    alert = kitchen.heat(1)
    with chrome.visitor(cookies=cookies) as visitor:
        page = visitor.go(f"/console/alerts/{alert['id']}")
        expect(page.get_by_role("heading", level=1)).to_have_text("The oven is too hot")
        expect(page.locator("#help + p")).to_have_text("Switch it off.")
        drawn(page)
        expect(page.locator("koto-chart")).to_have_attribute("data-spans", "1")
        expect(page.locator("[data-chart-spans]")).to_contain_text("The oven is too hot")
        expect(page.locator(".rule-text")).to_contain_text("temperature > 250.0")
        page.get_by_label("Comment").fill("On my way")
        page.get_by_role("button", name="Add the comment").click()
        expect(page.locator(".timeline blockquote")).to_have_text("On my way")
        page.get_by_label("Assigned to").select_option(label="Mina Park")
        page.get_by_role("button", name="Assign").click()
        expect(page.locator("#alert-facts")).to_contain_text("Mina Park")
        page.get_by_role("button", name="Acknowledge").click()
        expect(page.get_by_role("button", name="Take the acknowledgement back")).to_be_visible()
        page.get_by_role("button", name="Shelve").click()
        expect(page.locator("#alert-head")).to_contain_text("shelved")
        page.get_by_role("button", name="Take off the shelf").click()
        expect(page.locator("#alert-head")).not_to_contain_text("shelved")
        kitchen.measure(1, temperature=20.0)
        expect(page.locator("#alert-head .badges")).to_contain_text("over")
        assert not visitor.faults


def test_a_unit_shows_its_alerts_as_a_list_and_on_its_chart(
    chrome: Chromium, cookies: Cookies, kitchen: Kitchen
) -> None:
    alert = kitchen.heat(1)
    with chrome.visitor(cookies=cookies) as visitor:
        page = visitor.go(f"/console/units/{kitchen.units[1]}/alerts")
        expect(page.locator(f"tr[data-alert='{alert['id']}']")).to_be_visible()
        expect(page.get_by_role("region", name="What it is watched for")).to_contain_text("The door is open")
        expect(page.locator("nav.side .count")).to_be_visible()
        page = visitor.go(f"/console/units/{kitchen.units[1]}/charts?property=temperature")
        drawn(page)
        expect(page.locator("[data-chart-spans] a").first).to_have_text("The oven is too hot")
        page = visitor.go("/console")
        expect(page.locator(".tile", has_text="Standing alerts")).to_contain_text("not acknowledged")
        assert not visitor.faults
    kitchen.measure(1, temperature=20.0)


def test_many_alerts_are_found_grouped_and_acknowledged_at_once(
    chrome: Chromium, cookies: Cookies, kitchen: Kitchen
) -> None:
    both = [kitchen.heat(0), kitchen.heat(1)]
    with chrome.visitor(cookies=cookies) as visitor:
        page = visitor.go("/console/alerts?product=oven&view=groups")
        expect(page.get_by_role("row", name="The oven is too hot").first).to_be_visible()
        page = visitor.go("/console/alerts?product=oven&state=raised")
        page.fill("#f-unit", "OV-2")
        expect(page.locator("tr[data-alert]")).to_have_count(1)
        page.fill("#f-unit", "")
        expect(page.locator("tr[data-alert]")).to_have_count(2)
        page.get_by_label("This page").check()
        page.get_by_role("button", name="Acknowledge (2)").click()
        expect(page.locator("#alerts .notice")).to_contain_text("2 done")
        expect(page.locator("tr[data-alert]")).to_have_count(0)
        states = {kitchen.admin.get(f"/api/v1/alerts/{one['id']}").json()["state"] for one in both}
        assert states == {"acknowledged"}
        assert not visitor.faults
    for unit in (0, 1):
        kitchen.measure(unit, temperature=20.0)


def test_a_rule_is_tried_on_history_added_and_switched_off(
    chrome: Chromium, cookies: Cookies, kitchen: Kitchen
) -> None:
    with chrome.visitor(cookies=cookies) as visitor:
        page = visitor.go("/console/rules/new?product=oven")
        page.fill("#f-name", "hot-by-my-measure")
        page.fill("#f-text", "severity: minor\nwhen: temperature > 250.0 && lid\nclear: temperature < 200.0\n")
        page.get_by_role("button", name="Try on history").click()
        page.locator("#trial").get_by_role("button", name="Line 2").click()
        expect(page.locator("#trial .fault")).to_contain_text("lid")
        assert page.evaluate("getSelection().toString()") == "when: temperature > 250.0 && lid"
        page.fill("#f-text", "severity: minor\nwhen: temperature > 250.0\nclear: temperature < 200.0\n")
        page.fill("#f-units", "OV-2")
        page.get_by_role("button", name="Try on history").click()
        tried = page.locator("[data-tried]")
        expect(tried).to_be_visible()
        assert int(tried.get_attribute("data-tried") or 0) >= len(HOT_HOURS)
        drawn(page)
        expect(page.locator("koto-chart")).to_have_attribute("data-spans", tried.get_attribute("data-tried") or "")
        page.get_by_role("button", name="Add the rule").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("hot-by-my-measure")
        [rule] = [
            one for one in kitchen.admin.get("/api/v1/rules").json()["items"] if one["name"] == "hot-by-my-measure"
        ]
        assert rule["watched"]["units"] == [kitchen.units[1]]
        page.fill("#f-text", "when: temperature >\n")
        page.get_by_role("button", name="Save as a new version").click()
        expect(page.get_by_role("button", name="Line 1")).to_be_visible()
        page.get_by_role("button", name="Switch off").click()
        expect(page.get_by_role("button", name="Switch on")).to_be_visible()
        assert not kitchen.admin.get(f"/api/v1/rules/{rule['id']}").json()["enabled"]
        page = visitor.go("/console/rules")
        expect(page.get_by_role("row", name="hot-by-my-measure")).to_contain_text("Switched off")
        page = visitor.go("/console/rules/of/oven/1.0.0/overheating")
        expect(page.get_by_role("region", name="How it works")).to_contain_text("temperature < 200.0")
        page.get_by_role("button", name="Try on history").click()
        expect(page.locator("[data-tried]")).to_be_visible()
        assert not visitor.faults


def test_a_trial_says_how_far_it_is_and_ends_when_it_is_cancelled_or_left(
    chrome: Chromium, cookies: Cookies, kitchen: Kitchen
) -> None:
    """The wire is played by the test: steps come when it says so; what the platform does when a caller goes is the API's test."""
    with chrome.visitor(cookies=cookies) as visitor:
        page = visitor.go("/console/rules/of/oven/1.0.0/overheating")
        page.evaluate(TRIAL_BY_HAND)
        page.get_by_role("button", name="Try on history").click()
        progress = page.locator("[data-trial-progress]")
        expect(progress).to_contain_text("Reading what was measured")
        page.evaluate("window.trialStep({share: 0.25, said: 'Alerts so far: 3'})")
        expect(progress.locator("progress")).to_have_js_property("value", 0.25)
        expect(progress).to_contain_text("Alerts so far: 3")
        expect(page.get_by_role("button", name="Try on history")).to_be_disabled()
        page.get_by_role("button", name="Cancel the trial").click()
        expect(progress).to_be_hidden()
        assert page.evaluate("window.trialAborted") == 1
        page.get_by_role("button", name="Try on history").click()
        expect(progress).to_be_visible()
        page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide'))")
        assert page.evaluate("window.trialAborted") == 2
        expect(progress).to_be_hidden()
        page.get_by_role("button", name="Try on history").click()
        page.evaluate("window.trialEnd()")
        expect(progress).to_contain_text("The trial broke off")
        expect(page.get_by_role("button", name="Try on history")).to_be_enabled()
        assert not visitor.faults


def test_of_two_editors_the_second_is_told_and_loses_nothing(
    chrome: Chromium, cookies: Cookies, kitchen: Kitchen
) -> None:
    rule = {"when": "temperature > 380.0"}
    made = kitchen.admin.post("/api/v1/rules", json={"name": "both-edit", "product": "oven", "rule": rule})
    rule_id = made.raise_for_status().json()["id"]
    with chrome.visitor(cookies=cookies) as visitor:
        page = visitor.go(f"/console/rules/{rule_id}")
        theirs = {"rule": {"when": "temperature > 381.0"}}
        kitchen.admin.patch(f"/api/v1/rules/{rule_id}", json=theirs).raise_for_status()
        page.fill("#f-text", "when: temperature > 382.0")
        page.get_by_role("button", name="Save as a new version").click()
        expect(page.get_by_role("alert")).to_contain_text("Somebody was faster")
        expect(page.locator("#conflict")).to_contain_text("temperature > 381.0")
        expect(page.locator("#f-text")).to_have_value("when: temperature > 382.0")
        assert kitchen.admin.get(f"/api/v1/rules/{rule_id}").json()["rule"] == theirs["rule"]
        visitor.faults.clear()  # a browser calls an answer of 412 a fault
        page.get_by_role("button", name="Save as a new version").click()
        expect(page.locator(".notice.ok, [role=status]").first).to_contain_text("The rule is changed")
        assert kitchen.admin.get(f"/api/v1/rules/{rule_id}").json()["rule"] == {"when": "temperature > 382.0"}
        assert not visitor.faults
    kitchen.admin.delete(f"/api/v1/rules/{rule_id}").raise_for_status()


@pytest.mark.parametrize("look", LOOKS)
def test_pages_with_something_on_them_fit_and_are_accessible(
    chrome: Chromium, cookies: Cookies, kitchen: Kitchen, look: tuple[str, str, str]
) -> None:
    width, theme, language = look
    alert, admin = kitchen.heat(0), kitchen.admin
    receiver = {"name": f"Desk {width}", "kind": "mail", "address": "desk@example.org"}
    told = admin.post("/api/v1/receivers", json=receiver).raise_for_status().json()["receiver"]["id"]
    steps = [{"receivers": [told], "repeats": 1}, {"receivers": [told], "after_seconds": 600}]
    route = admin.post("/api/v1/notification-routes", json={"name": f"All {width}", "steps": steps}).json()["id"]
    rule = {
        "name": f"hot-{width}",
        "product": "oven",
        "rule": {"when": "temperature > 390.0"},
        "units": [kitchen.units[0]],
    }
    added = admin.post("/api/v1/rules", json=rule).raise_for_status().json()["id"]
    pages = (
        "/console/alerts",
        "/console/alerts?view=groups",
        f"/console/alerts/{alert['id']}",
        f"/console/units/{kitchen.units[0]}/alerts",
        f"/console/units/{kitchen.units[0]}/charts?range=day&property=temperature",
        f"/console/rules/{added}",
        f"/console/notifications/routes/{route}",
        f"/console/notifications/receivers/{told}",
    )
    faults: dict[str, list[str]] = {}
    admin.patch("/api/v1/me", json={"locale": language}).raise_for_status()
    try:
        with chrome.visitor(width=width, theme=theme, language=language, cookies=cookies) as visitor:

            def look_at(name: str) -> None:
                wide = [f"{visitor.overflow()} px too wide"] if visitor.overflow() > 0 else []
                faults[name] = [*visitor.violations(), *visitor.faults, *wide]
                visitor.faults.clear()

            for path in pages:
                drawn(visitor.go(path))
                look_at(path)
            page = visitor.go("/console/rules/of/oven/1.0.0/overheating")
            page.locator("button[formaction]").click()
            page.wait_for_selector("[data-tried]")
            drawn(page)
            look_at("a trial")
            page = visitor.go(f"/console/rules/{added}")
            page.fill("#f-text", "when: lid")
            page.locator("button[formaction]").click()
            page.wait_for_selector("#trial .fault")
            look_at("a trial of a rule with faults")
    finally:
        admin.patch("/api/v1/me", json={"locale": "en"}).raise_for_status()
        for path in (f"rules/{added}", f"notification-routes/{route}", f"receivers/{told}"):
            admin.delete(f"/api/v1/{path}")
        kitchen.measure(0, temperature=20.0)
    assert {name: found for name, found in faults.items() if found} == {}
    assert len(faults) == len(pages) + 2
