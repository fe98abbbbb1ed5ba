"""The page of one unit, in a real browser, beside a real unit that speaks MQTT."""

from __future__ import annotations

import contextlib
import json
import math
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from paho.mqtt import client as mqtt
from playwright.sync_api import Page

sys.path.insert(0, str(Path(__file__).parent))
import browser  # type: ignore[import-not-found]

from monokoto.testing import Installation, wait_until

PRODUCT = """\
product: kettle
model:
  title: Kettle
  version: {model: VERSION}
  properties:
    temperature: {type: number, minimum: 0, maximum: 110, unit: Cel, readOnly: true, title: Water temperature}
    level: {type: integer, minimum: 0, maximum: 100, unit: "%", readOnly: true, title: Water level}
    mode: {type: string, enum: [idle, boil, keep], title: Mode}
    target: {type: number, minimum: 40, maximum: 100, unit: Cel, title: Target}
    firmware_version: {type: string, readOnly: true, title: Firmware}MORE
  events:
    boiled: {title: The water boils, data: {type: object, properties: {seconds: {type: integer, unit: s}}}}
  actions:
    boil:
      title: Boil now
      input: {type: object, required: [minutes], properties: {minutes: {type: integer, minimum: 1, maximum: 9, unit: min}}}
"""
SHOWN = 3.0
"""Seconds; how soon a reading must be on the page."""
SAMPLES = 200


@dataclass
class Stage:
    """An installation with a product and two units, one of them a part of the other."""

    here: Installation
    client: httpx.Client
    units: list[dict[str, Any]]

    @property
    def unit(self) -> str:
        """The unit the tests look at."""
        return str(self.units[0]["unit"]["id"])

    @property
    def page(self) -> str:
        """Its page."""
        return f"/console/units/{self.unit}"

    def cookies(self) -> list[dict[str, Any]]:
        """The session, for a browser."""
        return browser.session_cookies(self.client, self.here.api_url)

    @contextlib.contextmanager
    def device(self) -> Iterator[Device]:
        """The unit itself, connected."""
        made = Device(self.here.mqtt_port, str(self.units[0]["token"]))
        try:
            yield made
        finally:
            made.close()


class Device:
    """The unit's side: an ordinary MQTT client that answers commands."""

    def __init__(self, port: int, token: str) -> None:
        self.client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
        self.client.username_pw_set(token)
        self.client.on_message = self._heard
        self.desired: dict[str, Any] = {}
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        wait_until(self.client.is_connected)
        for topic in ("koto/v1/desired", "koto/v1/actions/+/+"):
            self.client.subscribe(topic, qos=1)

    def _heard(self, _client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        if message.topic == "koto/v1/desired":
            self.desired = json.loads(message.payload)["desired"]
        elif message.payload:
            self.client.publish(f"{message.topic}/status", json.dumps({"status": "succeeded"}), qos=1)

    def send(self, topic: str, payload: Any) -> None:
        """Publish and wait until it is kept."""
        self.client.publish(f"koto/v1/{topic}", json.dumps(payload), qos=1).wait_for_publish(30)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@pytest.fixture(scope="module")
def stage(here: Installation) -> Iterator[Stage]:
    with contextlib.closing(browser.begin_organisation(here, "unit-page")) as client:
        for version, more in (("1.0.0", ""), ("1.1.0", "\n    lid: {type: boolean, readOnly: true, title: Lid open}")):
            text = PRODUCT.replace("VERSION", version).replace("MORE", more)
            client.post("/api/v1/products/apply", json={"files": {"product.yaml": text}}).raise_for_status()
        units: list[dict[str, Any]] = []
        for serial in ("K-1", "K-1-base"):
            body = {"product": "kettle", "serial": serial, "parent": units[0]["unit"]["id"] if units else ""}
            units.append(client.post("/api/v1/units", json=body).raise_for_status().json())
        stage = Stage(here, client, units)
        _import_past(stage)
        yield stage


def _import_past(stage: Stage) -> None:
    """Readings of the last forty minutes every ten seconds, with a gap of six minutes."""
    now = datetime.now(UTC)
    rows = ["unit,property,at,value"]
    for index in range(240, 0, -1):
        if 100 < index < 136:
            continue
        at = (now - timedelta(seconds=10 * index)).isoformat().replace("+00:00", "Z")
        rows.append(f"{stage.unit},temperature,{at},{20 + 5 * math.sin(index / 20):.2f}")
        rows.append(f"{stage.unit},level,{at},{50 + index % 3}")
        rows.append(f"{stage.unit},mode,{at},{'idle' if index > 60 else 'boil'}")

    def refused() -> int:
        answer = stage.client.post(
            "/api/v1/import?format=csv", content="\n".join(rows), headers={"Content-Type": "text/csv"}
        )
        return int(answer.raise_for_status().json()["refused"])

    wait_until(lambda: refused() == 0, every=0.5)  # a unit just registered is known to every part within seconds


@pytest.fixture(scope="module")
def chromium(stage: Stage) -> Iterator[browser.Chromium]:
    with browser.chromium(stage.here.api_url) as opened:
        yield opened


@contextlib.contextmanager
def visitor(stage: Stage, chromium: browser.Chromium, **how: str) -> Iterator[browser.Visitor]:
    with chromium.visitor(cookies=stage.cookies(), **how) as one:
        yield one
        assert one.faults == []


def live(one: browser.Visitor) -> None:
    one.page.wait_for_selector("koto-live[data-connection='live']", state="attached")


def until(page: Page, condition: str) -> None:
    """Until a condition holds on the page; Playwright's own waiting needs `eval`, which our pages forbid."""
    wait_until(lambda: page.evaluate(condition))


def drawn(one: browser.Visitor) -> None:
    one.page.wait_for_selector("koto-chart:not([aria-busy])[data-state='ready'] canvas")


def seconds_until_shown(device: Device, page: Page, value: float, place: str) -> float:
    """From the unit's word being kept to its being read on the page."""
    device.send("telemetry", {"temperature": value})
    sent = time.monotonic()
    until(page, f"document.querySelector('{place}').textContent === '{value:g}'")
    return time.monotonic() - sent


def test_a_reading_appears_and_the_chart_moves(stage: Stage, chromium: browser.Chromium) -> None:
    with visitor(stage, chromium) as one, stage.device() as device:
        page = one.go(stage.page)
        live(one)
        # The best of three: what else the machine does meanwhile is no matter of the page.
        assert min(seconds_until_shown(device, page, at, "[data-value=temperature]") for at in (81.25, 82, 83)) < SHOWN
        assert page.inner_text("[data-measure=temperature]") == "°C"
        page.click("#unit-tabs >> text=Charts")
        drawn(one)
        page.evaluate("window.before = document.querySelector('koto-chart canvas').toDataURL()")
        assert min(seconds_until_shown(device, page, at, ".chart-legend-value") for at in (12.5, 13, 14)) < SHOWN
        until(page, "document.querySelector('koto-chart canvas').toDataURL() !== window.before")
        assert page.evaluate("document.querySelectorAll('koto-live').length") == 1


def test_a_lost_connection_is_told_and_made_good(stage: Stage, chromium: browser.Chromium) -> None:
    with visitor(stage, chromium) as one, stage.device() as device:
        one.go(stage.page)
        live(one)
        one.page.route("**/twin/stream", lambda route: route.abort())
        one.page.evaluate("document.querySelector('koto-live').source.dispatchEvent(new Event('error'))")
        one.page.evaluate("document.querySelector('koto-live')._close(), document.querySelector('koto-live')._open()")
        one.page.wait_for_selector("text=Connection lost, trying again")
        device.send("telemetry", {"level": 7})
        one.page.unroute("**/twin/stream")
        live(one)
        until(one.page, "document.querySelector('[data-value=level]').textContent === '7'")
        one.faults.clear()  # the browser notes the connection that we cut


def test_a_chart_is_driven_by_keys_and_gives_what_it_shows(stage: Stage, chromium: browser.Chromium) -> None:
    with visitor(stage, chromium) as one:
        page = one.go(f"{stage.page}/charts?property=temperature&property=level&property=mode")
        drawn(one)
        assert page.locator(".chart-panel").count() == 3, "°C, % and a state do not share a panel"
        page.focus("[data-chart-panels]")
        page.keyboard.press("+")
        until(page, "location.search.includes('from=')")
        drawn(one)
        closer = page.evaluate("location.search")
        page.keyboard.press("ArrowLeft")
        until(page, f"location.search !== {json.dumps(closer)}")
        drawn(one)
        export = page.get_attribute("[data-export=csv]", "href") or ""
        assert (
            httpx.URL(export).params["from"]
            == httpx.URL("?" + page.evaluate("location.search.slice(1)")).params["from"]
        )
        rows = stage.client.get(export).raise_for_status().text.splitlines()
        summary = page.text_content("[data-chart-summary]") or ""
        assert len(rows) > SAMPLES
        assert "Water temperature: least 15" in summary
        page.keyboard.press("Shift+ArrowLeft")
        assert "Water level" in (page.text_content("[data-chart-said]") or "")
        page.click("text=The same as a table")
        until(page, "document.querySelectorAll('.chart-table tbody tr').length > 50")
        page.focus("[data-chart-panels]")
        page.keyboard.press("Backspace")
        until(page, f"location.search === {json.dumps(closer)}")


def test_a_drag_looks_closer_and_a_double_click_goes_back(stage: Stage, chromium: browser.Chromium) -> None:
    with visitor(stage, chromium) as one:
        page = one.go(f"{stage.page}/charts?property=temperature")
        drawn(one)
        box = page.locator(".u-over").first.bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 50)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] * 0.8, box["y"] + 60, steps=5)
        page.mouse.up()
        until(page, "location.search.includes('from=')")
        query = httpx.URL("?" + page.evaluate("location.search.slice(1)")).params
        span = datetime.fromisoformat(query["to"]) - datetime.fromisoformat(query["from"])
        assert timedelta(minutes=17) < span < timedelta(minutes=19)
        drawn(one)
        page.locator(".u-over").first.dblclick()
        until(page, "location.search.includes('range=hour')")


def test_gaps_are_gaps_and_states_are_bands(stage: Stage, chromium: browser.Chromium) -> None:
    with visitor(stage, chromium) as one:
        page = one.go(f"{stage.page}/charts?property=temperature&property=mode")
        drawn(one)
        told = page.evaluate(
            """async () => {
              const address = document.querySelector('script[src*="/chart.js"]').src.replace('chart.js', 'chart-data.js');
              const { columnsOf, bandsOf, widthFor, append, gapAfter } = await import(address);
              const chart = document.querySelector('koto-chart');
              const [, values] = columnsOf(chart.series.get('temperature'));
              const bucket = { width: 60, at: [30], value: [2], low: [2], high: [2], count: [1], gap: 240 };
              append(bucket, 45, 4); append(bucket, 61, 9);
              return {
                gaps: values.filter((one) => one === null).length,
                bands: bandsOf(chart.series.get('mode'), Date.now() / 1000).map((one) => one[2]),
                width: widthFor(86400, 500)[1],
                bucket: [bucket.at, bucket.value, bucket.high],
                gap: [gapAfter([0, 1]), gapAfter([0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 500])],
              };
            }"""
        )
        assert told["gaps"] >= 1
        assert told["bands"][:3] == ["idle", "idle", "boil"], "the gap parts the state as well"
        assert told["width"] == "5min"
        assert told["bucket"] == [[30, 90], [3, 9], [4, 9]]
        assert told["gap"][1] == 40


def test_a_wish_is_checked_told_and_fulfilled(stage: Stage, chromium: browser.Chromium) -> None:
    with visitor(stage, chromium) as one, stage.device() as device:
        page = one.go(f"{stage.page}/twin")
        live(one)
        row = page.locator("tr", has=page.locator("[data-desired=target]"))
        row.locator("summary").click()
        row.locator("input[type=number]").evaluate("(field) => { field.form.noValidate = true; field.value = '400'; }")
        row.locator("button.primary").click()
        page.wait_for_selector(".fault")
        assert "100" in page.inner_text(".fault")
        assert row.locator("input[type=number]").input_value() == "400"
        row.locator("input[type=number]").fill("85")
        row.locator("button.primary").click()
        page.wait_for_selector(".notice.ok")
        assert page.inner_text("[data-desired=target]") == "85"
        assert row.locator("[data-when=drift]").is_visible()
        wait_until(lambda: device.desired.get("target") == 85)
        device.send("telemetry", {"target": 85})
        row.locator("[data-when=same]").wait_for(state="visible")
        assert not row.locator("[data-when=drift]").is_visible()


def test_an_action_is_asked_and_answered(stage: Stage, chromium: browser.Chromium) -> None:
    with visitor(stage, chromium) as one, stage.device():
        page = one.go(f"{stage.page}/commands")
        page.fill("input[name='value.minutes']", "3")
        page.click(".action-form button")
        page.wait_for_selector("#command-list >> text=succeeded")
        assert '{"minutes":3}' in page.inner_text("#command-list")


def test_a_unit_is_claimed_and_shared_from_its_page(stage: Stage, chromium: browser.Chromium) -> None:
    with visitor(stage, chromium) as one:
        page = one.go(f"{stage.page}/ownership")
        page.click("text=Make a claim code")
        code = page.inner_text(".claim-code code")
        until(page, "document.querySelector('.claim-code img').naturalWidth > 20")
        stage.client.post("/api/v1/claims", json={"code": code}).raise_for_status()
        one.go(f"{stage.page}/ownership")
        page.wait_for_selector("text=Your organisation owns this unit")
        page.fill("#f-place", "kitchen")
        page.click("main button:has-text('Save')")
        page.wait_for_selector(".notice.ok")
        assert page.input_value("#f-place") == "kitchen"
        page.fill("#share-to", "nobody-there")
        page.click("main button:text-is('Share')")
        page.wait_for_selector(".notice.bad")
        assert one.violations() == []
        page.on("dialog", lambda dialog: dialog.accept())
        page.click("text=Give it back to its maker")
        page.wait_for_url("**/console/units")
        history = stage.client.get(f"/api/v1/units/{stage.unit}/ownership").json()["items"]
        assert [item["ending"] for item in history] == ["returned"]


def test_the_rest_of_the_unit_is_told(stage: Stage, chromium: browser.Chromium) -> None:
    with stage.device() as device:
        device.send("events/boiled", {"seconds": 95})
        device.send("telemetry", {"temperature": "hot", "firmware_version": "2.1.0"})
    wanted = {
        "/events": ("The water boils", "95"),
        "/dead-letters": ("wrong-type", "hot"),
        "/system": ("K-1-base",),
        "/software": ("2.1.0", "1.0.0"),
    }
    for path, texts in wanted.items():
        text = wait_until(lambda path=path, texts=texts: _with(stage, stage.page + path, texts))
        assert text


def _with(stage: Stage, path: str, texts: tuple[str, ...]) -> bool:
    answer = stage.client.get(path)
    assert answer.status_code == 200
    return all(text in answer.text for text in texts)


def test_products_are_tables_and_versions_are_compared(stage: Stage, chromium: browser.Chromium) -> None:
    with visitor(stage, chromium) as one:
        page = one.go("/console/products")
        page.click("text=Kettle")
        assert "°C" in page.inner_text("main table >> nth=0")
        assert one.violations() == []
        page.click("text=What changed")
        assert "a minor version" in page.inner_text("main")
        assert "lid" in page.inner_text(".diff .added >> nth=1")


TABS = (
    "",
    "/charts",
    "/twin",
    "/commands",
    "/events",
    "/dead-letters",
    "/system",
    "/software",
    "/ownership",
    "/description",
    "/audit",
)


@pytest.mark.parametrize(
    ("width", "theme", "language"),
    [
        pytest.param("phone", "dark", "ko", id="phone"),
        pytest.param("desktop", "light", "en", id="desktop", marks=pytest.mark.long),
    ],
)
def test_every_tab_is_accessible_and_fits(
    stage: Stage, chromium: browser.Chromium, width: str, theme: str, language: str
) -> None:
    stage.client.patch("/api/v1/me", json={"locale": language}).raise_for_status()
    try:
        with visitor(stage, chromium, width=width, theme=theme, language=language) as one:
            for tab in TABS:
                one.go(stage.page + tab)
                if tab == "/charts":
                    drawn(one)
                assert one.page.evaluate("document.documentElement.lang") == language
                assert (tab, one.violations()) == (tab, [])
                assert (tab, one.overflow()) == (tab, 0)
    finally:
        stage.client.patch("/api/v1/me", json={"locale": "en"})


def test_what_is_not_there_is_a_designed_page(stage: Stage) -> None:
    for path in (
        "/console/units/0000000000000",
        "/console/units/nonsense",
        f"{stage.page}/nothing",
        "/console/products/none",
    ):
        answer = stage.client.get(path)
        assert answer.status_code in {404, 422}, path
        assert 'class="state"' in answer.text


def test_a_viewer_looks_and_changes_nothing(stage: Stage) -> None:
    with contextlib.closing(
        browser.come_in(stage.here, stage.client, "viewer", "viewer@unit-page.example.org")
    ) as viewer:
        assert "Water temperature" in viewer.get(stage.page).text
        twin = viewer.get(f"{stage.page}/twin").text
        assert "Reported and desired" in twin
        assert "edit-form" not in twin
        assert "action-form" not in viewer.get(f"{stage.page}/commands").text
        assert "Make a claim code" not in viewer.get(f"{stage.page}/ownership").text
        assert "Another version" not in viewer.get(f"{stage.page}/software").text
        csrf = viewer.get("/api/v1/session").json()["csrf"]
        refused = viewer.post(f"{stage.page}/twin", data={"csrf": csrf, "property": "target", "value": "80"})
        assert (refused.status_code, "Not yours to see" in refused.text) == (403, True)
        audit = viewer.get(f"{stage.page}/audit")
        assert audit.status_code in {403, 404}
        assert 'class="state"' in audit.text
