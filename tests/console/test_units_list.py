"""The list of units in a real browser: found, kept under a name, changed many at once, taken in and given out as files."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from browser import ROOT, Chromium
from playwright.sync_api import Page, expect

from monokoto.console.unit_query import DEFAULT_COLUMNS, parse_query
from monokoto.testing import Installation

Cookies = list[dict[str, Any]]
LAMP = (ROOT / "blueprints" / "sensor" / "product.yaml").read_text("utf-8")
PLACES = (("Seoul", 37.56, 126.98), ("Berlin", 52.52, 13.4), ("Sydney", -33.87, 151.2))
TABLE = "#units table tbody tr"


def lamp(name: str) -> dict[str, str]:
    return {"product.yaml": re.sub(r"^product: .*$", f"product: {name}", LAMP, flags=re.MULTILINE)}


def import_units(admin: httpx.Client, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    answer = admin.post(
        "/api/v1/units/import",
        content="".join(json.dumps(row) + "\n" for row in rows).encode(),
        headers={"Content-Type": "application/x-ndjson"},
        timeout=120,
    )
    answer.raise_for_status()
    return [json.loads(line) for line in answer.text.splitlines() if line]


@pytest.fixture(scope="module")
def lamps(admin: httpx.Client) -> list[dict[str, Any]]:
    """120 units in three places, every fourth a pilot."""
    files = {
        path.name: path.read_text("utf-8") for path in (ROOT / "blueprints" / "sensor").iterdir() if path.is_file()
    }
    admin.post("/api/v1/products/apply", json={"files": files | lamp("lamp")}).raise_for_status()
    rows: list[dict[str, Any]] = []
    for number in range(120):
        place, latitude, longitude = PLACES[number % 3]
        location = {"latitude": latitude + number / 1000, "longitude": longitude, "place": place}
        tags = ["pilot"] if number % 4 == 0 else []
        rows.append({"product": "lamp", "serial": f"LA-{number:03d}", "tags": tags, "location": location})
    return import_units(admin, rows)


@pytest.fixture
def page(chrome: Chromium, cookies: Cookies, lamps: list[dict[str, Any]]) -> Iterator[Page]:
    with chrome.visitor(cookies=cookies) as visitor:
        yield visitor.page
        assert visitor.faults == []


def shown(page: Page) -> list[str]:
    return [name.split()[0] for name in page.locator(f"{TABLE} th").all_inner_texts()]


def test_an_address_says_the_whole_state_and_nothing_else() -> None:
    query = parse_query("tag=a,b&tag=a&text=+x+&product=&columns=tags&columns=version&sort=-name&cursor=c&evil=1")
    assert (query.tags, query.conditions, query.columns) == (("a", "b"), {"text": "x"}, ("version", "tags"))
    assert parse_query(query.text).pairs == query.pairs
    assert query.address() == "/console/units?text=x&tag=a&tag=b&sort=-name&columns=version&columns=tags"
    assert parse_query("").columns == DEFAULT_COLUMNS
    assert parse_query("columns=").columns == ()
    assert parse_query(parse_query("columns=").text).columns == ()
    assert query.sorted_by("name").endswith("sort=name&columns=version&columns=tags")
    assert "text=" not in query.without("text")
    job = parse_query("online=false&claimed=true&status=active&tag=x&side=maker").selection()
    assert job == {"online": False, "claimed": True, "status": ["active"], "tags": ["x"]}


def test_typing_finds_and_the_address_follows(page: Page, here: Installation) -> None:
    page.goto(f"{here.api_url}/console/units?product=lamp")
    expect(page.locator(TABLE)).to_have_count(50)
    page.fill("#f-text", "LA-01")
    expect(page.locator(TABLE)).to_have_count(10)
    expect(page.locator("#f-text")).to_be_focused()
    page.fill("#f-tag", "pilot")
    expect(page.locator(TABLE)).to_have_count(2)
    expect(page).to_have_url(re.compile(r"\?text=LA-01&product=lamp&tag=pilot$"))
    page.reload()
    assert shown(page) == ["LA-012", "LA-016"]
    page.locator("#units thead a.sort").first.click()
    expect(page.locator("th[aria-sort='ascending']")).to_have_count(1)
    page.locator("#units thead a.sort").first.click()
    expect(page.locator("th[aria-sort='descending']")).to_have_count(1)
    assert shown(page) == ["LA-016", "LA-012"]
    page.fill("#f-text", "there is none such")
    expect(page.locator("#units")).to_contain_text("No unit is like that")


def test_pages_and_columns(page: Page, here: Installation) -> None:
    page.goto(f"{here.api_url}/console/units?product=lamp&sort=serial")
    page.get_by_role("link", name="Next page").click()
    expect(page.locator(f"{TABLE} th").first).to_contain_text("LA-050")
    page.get_by_role("link", name="First page").click()
    expect(page.locator(f"{TABLE} th").first).to_contain_text("LA-000")
    page.get_by_text("More conditions and columns").click()
    page.get_by_label("Status").last.check()
    page.get_by_label("Product").last.uncheck()
    expect(page.locator("#units thead")).to_contain_text("Status")
    expect(page.locator("#units thead")).not_to_contain_text("Product")
    expect(page).to_have_url(re.compile("columns="))


def test_a_view_is_kept_and_forgotten(page: Page, here: Installation, admin: httpx.Client) -> None:
    page.goto(f"{here.api_url}/console/units?product=lamp&tag=pilot")
    page.get_by_text("Save this view").click()
    page.fill("#f-name", "Pilot lamps")
    page.get_by_label("Everybody in the organisation sees it").check()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#notice")).to_contain_text("Pilot lamps")
    (saved,) = [one for one in admin.get("/api/v1/views").json()["items"] if one["name"] == "Pilot lamps"]
    assert (saved["query"], saved["shared"]) == ("product=lamp&tag=pilot", True)
    page.goto(f"{here.api_url}/console/units")
    page.get_by_role("link", name="Pilot lamps").click()
    expect(page.locator(TABLE)).to_have_count(30)
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Forget this view").click()
    expect(page.locator("#notice")).to_contain_text("forgotten")
    assert admin.get("/api/v1/views").json()["items"] == []


def tags_of(admin: httpx.Client, serial: str) -> list[str]:
    (unit,) = admin.get("/api/v1/units", params={"serial": serial, "product": "lamp"}).json()["items"]
    found: list[str] = unit["tags"]
    return found


def test_chosen_units_are_changed_after_a_preview_and_changed_back(
    page: Page, here: Installation, admin: httpx.Client
) -> None:
    page.goto(f"{here.api_url}/console/units?product=lamp&sort=serial")
    expect(page.locator("[data-needs-selection]")).to_be_disabled()
    page.get_by_label("Choose LA-001").check()
    page.get_by_label("Choose LA-003").click(modifiers=["Shift"])
    expect(page.locator("[data-needs-selection]")).to_contain_text("(3)")
    page.locator("[data-needs-selection]").click()
    expect(page.get_by_text("3 units are chosen.")).to_be_visible()
    page.get_by_role("link", name="Add and remove tags").click()
    page.fill("#f-add", "checked, north")
    page.get_by_role("button", name="Show what would happen").click()
    expect(page.locator(".preview")).to_contain_text("checked, north")
    assert tags_of(admin, "LA-001") == [], "looking changes nothing"
    page.get_by_role("button", name="Do it to 3 units").click()
    page.wait_for_url("**/console/jobs/*")
    undo = page.get_by_role("button", name="Undo")
    expect(undo).to_be_visible()
    assert tags_of(admin, "LA-003") == ["checked", "north"]
    page.once("dialog", lambda dialog: dialog.accept())
    undo.click()
    expect(page.locator("#job")).to_contain_text("Undone")
    assert tags_of(admin, "LA-003") == []


def test_all_that_match_means_the_conditions(page: Page, here: Installation) -> None:
    page.goto(f"{here.api_url}/console/units?product=lamp&tag=pilot")
    page.get_by_role("button", name="Change all that match").click()
    expect(page.get_by_text("All units that match the conditions of the list.")).to_be_visible()
    page.get_by_role("link", name="Change the place").click()
    page.fill("#f-latitude", "north")
    page.get_by_role("button", name="Show what would happen").click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.locator("#f-latitude")).to_have_value("north")
    page.fill("#f-latitude", "")
    page.fill("#f-place", "Store")
    page.get_by_role("button", name="Show what would happen").click()
    expect(page.locator(".preview dl")).to_contain_text("30")


def test_nothing_chosen_is_not_everything(admin: httpx.Client, lamps: list[dict[str, Any]]) -> None:
    before = len(admin.get("/api/v1/jobs").json()["items"])
    form = {"csrf": admin.headers["X-Koto-CSRF"], "add": "x", "do": "apply"}
    answer = admin.post("/console/units/change?kind=units.tag&product=lamp", data=form)
    assert "No unit is chosen" in answer.text
    assert len(admin.get("/api/v1/jobs").json()["items"]) == before


def test_an_import_gives_the_tokens_once(page: Page, here: Installation, tmp_path: Path) -> None:
    file = tmp_path / "units.csv"
    file.write_text("serial,tags,place\nIM-1,a;b,Jeju\nLA-001,,\nIM-2,,\n", "utf-8")
    page.goto(f"{here.api_url}/console/units/import")
    page.set_input_files("#f-file", file)
    page.select_option("#f-product", "lamp")
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_role("alert")).to_contain_text("nothing was registered")
    expect(page.get_by_role("alert")).to_contain_text("LA-001")
    page.set_input_files("#f-file", file)
    page.select_option("#f-product", "lamp")
    page.select_option("#f-mode", "skip-faulty")
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_text("2 units are registered.")).to_be_visible()
    expect(page.get_by_role("row", name="LA-001")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Save the file").click()
    rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text("utf-8"))))
    tokens = {row["serial"]: row["token"] for row in rows if row["result"] == "registered"}
    assert set(tokens) == {"IM-1", "IM-2"}
    headers = {"Authorization": f"Bearer {tokens['IM-1']}"}
    assert httpx.post(f"{here.api_url}/api/v1/telemetry", json={}, headers=headers).status_code != 401


def test_the_file_of_the_list_is_all_of_it(admin: httpx.Client, lamps: list[dict[str, Any]]) -> None:
    answer = admin.get("/console/units/export?product=lamp&text=LA-&sort=-serial&columns=tags")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["serial"] for row in rows] == [f"LA-{number:03d}" for number in reversed(range(120))]
    assert rows[-1]["latitude"] == "37.56"
    assert admin.get("/console/units/export?box=nowhere").status_code == 422


@pytest.mark.parametrize("width", ["phone", pytest.param("desktop", marks=pytest.mark.long)])
@pytest.mark.parametrize(
    "path", ["", "?text=nothing-like-it", "?box=nowhere", "/import", "/change", "/change?all=1&kind=units.retire"]
)
def test_the_pages_are_accessible(
    chrome: Chromium, cookies: Cookies, lamps: list[dict[str, Any]], width: str, path: str
) -> None:
    with chrome.visitor(width=width, cookies=cookies) as visitor:
        visitor.go(f"/console/units{path}")
        assert visitor.violations() == []
        assert visitor.overflow() <= 0
        assert visitor.faults == []


@pytest.mark.long
def test_ten_thousand_units_are_seen_within_a_second(
    chrome: Chromium, cookies: Cookies, admin: httpx.Client, lamps: list[dict[str, Any]]
) -> None:
    import_units(admin, [{"product": "lamp", "serial": f"TEN-{number:05d}"} for number in range(10_000)])
    took = {}
    for path in ("/console/units", "/console/units?text=TEN-09&sort=-name", "/console"):
        painted = []
        for _ in range(5):
            with chrome.visitor(cookies=cookies) as visitor:
                page = visitor.go(path)
                painted.append(page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime"))
        took[path] = sorted(painted)[2]
    assert max(took.values()) < 1000, took
