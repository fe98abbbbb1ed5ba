"""The first page in a real browser: numbers that are those of the API, a map that moves, nothing where nothing is open."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from browser import ROOT, Chromium
from playwright.sync_api import expect

from monokoto.testing import Installation, wait_until

Cookies = list[dict[str, Any]]
MARKS = "koto-map[data-marks]:not([data-marks='0'])"


@pytest.fixture(scope="module")
def units(admin: httpx.Client) -> list[dict[str, Any]]:
    files = {
        path.name: path.read_text("utf-8") for path in (ROOT / "blueprints" / "sensor").iterdir() if path.is_file()
    }
    admin.post("/api/v1/products/apply", json={"files": files}).raise_for_status()
    places = [(37.56, 126.98), (37.57, 126.99), (-33.45, -70.67)]
    made = []
    for number, (latitude, longitude) in enumerate(places):
        body = {
            "product": "sensor",
            "serial": f"MAP-{number}",
            "location": {"latitude": latitude, "longitude": longitude},
        }
        made.append(admin.post("/api/v1/units", json=body).raise_for_status().json())
    return made


def test_the_numbers_are_the_apis_and_stay_current(
    chrome: Chromium, cookies: Cookies, admin: httpx.Client, units: list[dict[str, Any]], here: Installation
) -> None:
    count = len(admin.get("/api/v1/units?limit=10000").json()["items"])
    # What counts whole fleets learns of a new unit within seconds.
    wait_until(lambda: admin.get("/api/v1/fleet/summary").json()["units"] == count)
    with chrome.visitor(cookies=cookies) as visitor:
        page = visitor.go("/console")
        tiles = page.locator(".tiles")
        expect(tiles).to_contain_text("Units")
        assert page.locator(".tile dd").first.inner_text().split()[0] == f"{count:,}"
        headers = {"Authorization": f"Bearer {units[0]['token']}"}
        wrong = httpx.post(f"{here.api_url}/api/v1/telemetry", content=json.dumps({"no such": 1}), headers=headers)
        assert wrong.status_code == 204
        # Nobody presses anything: the page asks again by itself.
        expect(page.locator("#letters")).to_contain_text("unknown-property", timeout=60_000)
        assert visitor.faults == []


def test_the_map_is_worked_by_keys_and_leads_to_units(
    chrome: Chromium, cookies: Cookies, units: list[dict[str, Any]]
) -> None:
    with chrome.visitor(cookies=cookies) as visitor:
        page = visitor.go("/console")
        page.wait_for_selector(MARKS)
        page.wait_for_selector("koto-map path.land", state="attached")
        drawing = page.locator("koto-map svg.map")
        drawing.focus()

        def width() -> float:
            return float((drawing.get_attribute("viewBox") or "").split()[2])

        before = width()
        page.keyboard.press("+")
        assert width() < before
        page.keyboard.press("0")
        assert width() == pytest.approx(before)
        page.get_by_text("The places as a list").click()
        page.locator(".map-list").get_by_role("link", name="MAP-2").click()
        page.wait_for_url(f"**/console/units/{units[2]['unit']['id']}")
        assert visitor.faults == []


@pytest.mark.parametrize(
    ("theme", "width"),
    [
        ("dark", "phone"),
        ("light", "desktop"),
        pytest.param("light", "phone", marks=pytest.mark.long),
        pytest.param("dark", "desktop", marks=pytest.mark.long),
    ],
)
def test_the_overview_is_accessible(
    chrome: Chromium, cookies: Cookies, units: list[dict[str, Any]], width: str, theme: str
) -> None:
    with chrome.visitor(width=width, theme=theme, cookies=cookies) as visitor:
        page = visitor.go("/console")
        page.wait_for_selector(MARKS)
        assert visitor.violations() == []
        assert visitor.overflow() <= 0
        assert visitor.faults == []
