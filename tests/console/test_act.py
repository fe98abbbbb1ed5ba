"""Commands, groups, scenes and schedules, in a real browser, beside a real unit that obeys."""

from __future__ import annotations

import contextlib
import json
import re
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from paho.mqtt import client as mqtt
from playwright.sync_api import Page, expect

sys.path.insert(0, str(Path(__file__).parent))
import browser  # type: ignore[import-not-found]

from monokoto.testing import Installation, wait_until

PRODUCT = """\
product: lamp
model:
  title: Lamp
  version: {model: 1.0.0}
  properties:
    light: {type: integer, minimum: 0, maximum: 100, unit: "%", title: Light}
    mode: {type: string, enum: [calm, work], title: Mode}
    door: {type: string, enum: [open, closed], readOnly: true, title: Door}
  actions:
    fade:
      title: Fade
      input: {type: object, required: [to], properties: {to: {type: integer, minimum: 0, maximum: 100, unit: "%", title: To}}}
    burn:
      title: Burn in
      monokoto:confirm: It gets hot for an hour.
    flush:
      title: Flush
      monokoto:forbiddenWhen: [{when: 'door == "open"', reason: The door is open}]
"""
NOBODY = "GZZZZZZZZZZZG"


@dataclass
class Lamp:
    """A unit's own side, which obeys as slowly as the test wants."""

    port: int
    token: str
    slow: bool = False
    heard: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
        self.client.username_pw_set(self.token)
        self.client.on_message = self._take
        self.client.connect("127.0.0.1", self.port)
        self.client.loop_start()
        wait_until(self.client.is_connected)
        for topic in ("koto/v1/desired", "koto/v1/actions/+/+"):
            self.client.subscribe(topic, qos=1)

    def _take(self, _client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        if not message.topic.startswith("koto/v1/actions/") or not message.payload:
            return
        self.heard.append(message.topic)
        if self.slow:
            self.waiting.append(message.topic)
            self.say(message.topic, status="running", progress=0.4, note="warming up")
        else:
            self.say(message.topic, status="succeeded")

    def say(self, topic: str, **words: Any) -> None:
        """The unit's own word about a command."""
        self.client.publish(f"{topic}/status", json.dumps(words), qos=1)

    def measure(self, **values: Any) -> None:
        """Readings, kept when this returns."""
        self.client.publish("koto/v1/telemetry", json.dumps(values), qos=1).wait_for_publish(30)

    def close(self) -> None:
        """Gone."""
        self.client.disconnect()
        self.client.loop_stop()


@dataclass
class Stage:
    """An installation with three lamps."""

    here: Installation
    client: httpx.Client
    lamps: list[dict[str, Any]]

    @property
    def commands(self) -> str:
        """The page of commands of the first lamp."""
        return f"/console/units/{self.lamps[0]['unit']['id']}/commands"

    @contextlib.contextmanager
    def lamp(self, number: int = 0, *, slow: bool = False) -> Iterator[Lamp]:
        """A lamp, connected."""
        made = Lamp(self.here.mqtt_port, str(self.lamps[number]["token"]), slow)
        try:
            yield made
        finally:
            made.close()

    def run_of(self, name: str) -> dict[str, Any]:
        """The last run of a scene."""
        found = self.client.get("/api/v1/scene-runs", params={"scene": name, "limit": 1})
        run: dict[str, Any] = found.raise_for_status().json()["items"][0]
        return run


@pytest.fixture(scope="module")
def stage(here: Installation) -> Iterator[Stage]:
    with contextlib.closing(browser.begin_organisation(here, "act")) as client:
        client.post("/api/v1/products/apply", json={"files": {"product.yaml": PRODUCT}}).raise_for_status()
        lamps = [_lamp(client, f"L-{number}") for number in (1, 2, 3)]
        yield Stage(here, client, lamps)


def _lamp(client: httpx.Client, serial: str) -> dict[str, Any]:
    body = {"product": "lamp", "serial": serial, "tags": ["hall"]}
    made: dict[str, Any] = client.post("/api/v1/units", json=body).raise_for_status().json()
    return made


@pytest.fixture(scope="module")
def chromium(stage: Stage) -> Iterator[browser.Chromium]:
    with browser.chromium(stage.here.api_url) as opened:
        yield opened


@contextlib.contextmanager
def visitor(stage: Stage, chromium: browser.Chromium, **how: str) -> Iterator[browser.Visitor]:
    cookies = browser.session_cookies(stage.client, stage.here.api_url)
    with chromium.visitor(cookies=cookies, **how) as one:
        yield one
        assert one.faults == []


def form_of(page: Page, action: str) -> Any:
    return page.locator(".action-form", has=page.get_by_role("heading", name=action))


def test_progress_of_a_command_is_seen_until_its_end(stage: Stage, chromium: browser.Chromium) -> None:
    with visitor(stage, chromium) as one, stage.lamp(slow=True) as lamp:
        page = one.go(stage.commands)
        form = form_of(page, "Fade")
        form.get_by_label("To (%)").fill("40")
        form.get_by_role("button", name="Ask for it").click()
        row = page.locator("#command-list tbody tr").first
        expect(row).to_contain_text("running")
        expect(row).to_contain_text("40%")
        expect(row).to_contain_text("warming up")
        other = one.context.new_page()
        other.goto(f"{one.url}/console/commands")
        expect(other.locator("#commands tbody tr")).to_have_count(1)
        expect(other.locator("#commands tbody tr")).to_contain_text("L-1")
        lamp.say(lamp.waiting[0], status="succeeded")
        expect(row).to_contain_text("succeeded")
        expect(row.get_by_role("button")).to_have_count(0)
        expect(other.get_by_text("Nothing is open")).to_be_visible()


def test_a_dangerous_action_waits_for_a_yes(stage: Stage, chromium: browser.Chromium) -> None:
    with visitor(stage, chromium) as one, stage.lamp() as lamp:
        page = one.go(stage.commands)
        form_of(page, "Burn in").get_by_role("button", name="Ask for it").click()
        sure = page.get_by_role("region", name="Say yes to Burn in")
        expect(sure).to_contain_text("It gets hot for an hour.")
        expect(page.locator("#command-list tbody tr").first).to_contain_text("waits for a yes")
        assert not [topic for topic in lamp.heard if "/burn/" in topic]
        sure.get_by_role("button", name="Yes, do it").press("Enter")
        expect(page.locator("#command-list tbody tr").first).to_contain_text("succeeded")
        expect(sure).to_be_hidden()
        assert len([topic for topic in lamp.heard if "/burn/" in topic]) == 1


def test_what_waits_for_a_unit_that_is_away_is_cancelled_by_keyboard(stage: Stage, chromium: browser.Chromium) -> None:
    unit = f"/api/v1/units/{stage.lamps[0]['unit']['id']}"
    wait_until(lambda: not stage.client.get(f"{unit}/presence").json()["online"])  # a lamp before has just gone
    with visitor(stage, chromium) as one:
        page = one.go(stage.commands)
        expect(page.get_by_text("The unit is not connected")).to_be_visible()
        form = form_of(page, "Fade")
        form.get_by_label("To (%)").fill("5")
        form.get_by_label("Expires after").select_option("3600")
        form.get_by_role("button", name="Ask for it").press("Enter")
        row = page.locator("#command-list tbody tr").first
        expect(row).to_have_attribute("data-status", re.compile("queued|sent"))
        command = str(row.get_attribute("data-command"))
        page.focus(f"#cancel-{command}")
        before = page.locator("#command-list").element_handle()
        wait_until(lambda: not before.evaluate("one => one.isConnected"))
        assert page.evaluate("document.activeElement.id") == f"cancel-{command}", (
            "the focus stays while the list is renewed"
        )
        page.keyboard.press("Enter")
        expect(page.locator("#command-list tbody tr").first).to_contain_text("cancelled")
        told = stage.client.get("/api/v1/commands", params={"status": "cancelled", "action": "fade"}).json()["items"]
        assert [one["id"] for one in told] == [command]


def test_a_command_is_confirmed_and_refused_among_those_of_all_units(stage: Stage, chromium: browser.Chromium) -> None:
    units = [lamp["unit"]["id"] for lamp in stage.lamps[:2]]
    for unit in units:
        stage.client.post(f"/api/v1/units/{unit}/actions/burn").raise_for_status()
    with visitor(stage, chromium) as one, stage.lamp():
        page = one.go("/console/commands?status=unconfirmed")
        expect(page.locator("#commands tbody tr")).to_have_count(2)
        page.locator("tr", has_text="L-2").get_by_role("button", name="No").click()
        expect(page.locator("#commands tbody tr")).to_have_count(1)
        page.locator("tr", has_text="L-1").get_by_role("button", name="Yes, do it").click()
        expect(page.get_by_text("Nothing was found")).to_be_visible()
        page = one.go("/console/commands?status=succeeded&action=burn")
        expect(page.locator("tr", has_text="L-1").first).to_be_visible()


def test_what_the_state_of_the_unit_forbids_says_why(stage: Stage, chromium: browser.Chromium) -> None:
    with visitor(stage, chromium) as one, stage.lamp() as lamp:
        lamp.measure(door="open")
        page = one.go(stage.commands)
        expect(form_of(page, "Flush")).to_contain_text("The door is open")
        unit = stage.lamps[0]["unit"]["id"]
        wait_until(lambda: stage.client.get(f"/api/v1/units/{unit}/twin").json()["reported"]["properties"].get("door"))
        form_of(page, "Flush").get_by_role("button", name="Ask for it").click()
        expect(page.get_by_role("alert")).to_contain_text("The door is open")
        lamp.measure(door="closed")


def test_a_group_is_made_and_its_members_change(stage: Stage, chromium: browser.Chromium) -> None:
    with visitor(stage, chromium) as one:
        page = one.go("/console/groups/new")
        page.fill("#f-name", "Ground Floor")
        page.fill("#f-units", "L-1\nL-2")
        page.get_by_role("button", name="Save").click()
        expect(page.locator("#f-name[aria-invalid]")).to_be_visible()
        page.fill("#f-name", "ground-floor")
        page.fill("#f-title", "Ground floor")
        page.get_by_role("button", name="Save").click()
        expect(page.locator("#notice")).to_contain_text("is saved")
        rows = page.locator("main table tbody tr")
        expect(rows).to_have_count(2)
        page.fill("#f-add", "L-3")
        page.keyboard.press("Enter")
        expect(rows).to_have_count(3)
        page.locator("tr", has_text="L-1").get_by_role("button", name="Take out").click()
        expect(rows).to_have_count(2)
        page.fill("#f-add", "nothing-like-it")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_be_visible()
        page = one.go("/console/groups")
        page.get_by_role("link", name="Ground floor").click()
        page.get_by_role("link", name="Change").click()
        page.fill("#f-tags", "hall")
        page.get_by_role("button", name="Save").click()
        expect(rows).to_have_count(3)


def test_a_scene_is_made_runs_and_is_undone(stage: Stage, chromium: browser.Chromium) -> None:
    with visitor(stage, chromium) as one, stage.lamp(0), stage.lamp(1):
        page = one.go("/console/scenes/new")
        page.fill("#f-name", "evening")
        page.select_option("#f-s0-product", "lamp")
        page.select_option("select#f-s0-doing", "fade")
        page.get_by_label("To (%)").fill("30")
        page.get_by_role("button", name="Add a step").click()
        page.select_option("#f-s1-way", "ids")
        page.fill("textarea#f-s1-ids", "L-1 L-2")
        page.select_option("#f-s1-doing", "desired")
        page.get_by_label("Light (%)").fill("70")
        expect(page.get_by_label("To (%)")).to_have_value("30")
        page.fill("#f-s0-tags", "hall")
        page.select_option("#f-offline", "skip")
        page.locator("main button.primary").click()
        expect(page.locator("#notice")).to_contain_text("is saved")
        kept = stage.client.get("/api/v1/scenes/evening").json()
        ids = [lamp["unit"]["id"] for lamp in stage.lamps[:2]]
        assert kept["steps"] == [
            {"units": {"product": "lamp", "tags": ["hall"]}, "action": "fade", "input": {"to": 30}},
            {"units": {"ids": ids}, "desired": {"light": 70}},
        ]
        expect(page.get_by_text("5 units are asked.")).to_be_visible()
        page.get_by_role("button", name="Run it").click()
        page.wait_for_url("**/console/scene-runs/*")
        expect(page.locator("#run[data-state=done]")).to_be_visible()
        expect(page.locator("tr[data-item=done]")).to_have_count(4)
        expect(page.locator("tr[data-item=skipped]")).to_contain_text("L-3")
        page.once("dialog", lambda dialog: dialog.accept())
        page.get_by_role("button", name="Undo").click()
        expect(page.locator("#run[data-state=undone]")).to_be_visible()
        twin = stage.client.get(f"/api/v1/units/{ids[0]}/twin").json()
        assert "light" not in twin["desired"]["properties"]


def test_a_scene_is_changed_and_what_was_typed_stays(stage: Stage, chromium: browser.Chromium) -> None:
    steps = [
        {"units": {"product": "lamp"}, "desired": {"light": 3, "mode": "calm"}},
        {"units": {"product": "lamp"}, "action": "fade", "input": {"to": 1}, "expires_seconds": 90},
    ]
    body = {"steps": steps, "title": "Night", "pace": 7, "stop_on_failure": {"percent": 20, "of": 3}}
    stage.client.put("/api/v1/scenes/night", json=body).raise_for_status()
    with visitor(stage, chromium) as one:
        page = one.go("/console/scenes/night/edit")
        page.locator("main button.primary").click()
        expect(page.locator("#notice")).to_contain_text("is saved")
        kept = stage.client.get("/api/v1/scenes/night").json()
        assert {name: kept[name] for name in body} == body, "a form that is sent as it was changes nothing"
        page = one.go("/console/scenes/night/edit")
        stage.client.put("/api/v1/scenes/night", json=body | {"title": "Late"}).raise_for_status()
        page.fill("#f-title", "Deep night")
        page.get_by_role("button", name="Take this step out").last.click()
        expect(page.locator(".scene-step")).to_have_count(1)
        expect(page.locator("#f-title")).to_have_value("Deep night")
        page.locator("main button.primary").click()
        expect(page.get_by_role("alert")).to_contain_text("Somebody was faster")
        assert stage.client.get("/api/v1/scenes/night").json()["title"] == "Late"


def test_a_dangerous_scene_wants_one_yes_for_all(stage: Stage, chromium: browser.Chromium) -> None:
    body = {"steps": [{"units": {"ids": [stage.lamps[2]["unit"]["id"]]}, "action": "burn"}]}
    stage.client.put("/api/v1/scenes/burn-in", json=body).raise_for_status()
    with visitor(stage, chromium) as one, stage.lamp(2):
        page = one.go("/console/scenes/burn-in")
        expect(page.get_by_text("It gets hot for an hour.")).to_be_visible()
        page.get_by_role("button", name="Run it").click()
        assert "scene-runs" not in page.url, "not without a yes"
        page.get_by_label("Yes, for all of them").check()
        page.get_by_role("button", name="Run it").click()
        expect(page.locator("#run[data-state=done]")).to_be_visible()
        assert stage.run_of("burn-in")["confirmed"]


def test_a_schedule_shows_when_it_comes_next(stage: Stage, chromium: browser.Chromium) -> None:
    steps = [{"units": {"product": "lamp"}, "desired": {"mode": "calm"}}]
    stage.client.put("/api/v1/scenes/dusk", json={"steps": steps}).raise_for_status()
    with visitor(stage, chromium) as one:
        page = one.go("/console/scenes/dusk")
        page.get_by_role("link", name="Schedule it").click()
        page.fill("#f-name", "every-weekday")
        page.fill("#f-at", "25:99")
        expect(page.locator("#f-scene")).to_have_value("dusk")
        page.get_by_role("button", name="Save").click()
        expect(page.locator("#f-at[aria-invalid]")).to_have_value("25:99")
        page.fill("#f-at", "07:00, 18:30")
        page.fill("#f-timezone", "Asia/Seoul")
        for day in ("Monday", "Friday"):
            page.get_by_label(day).check()
        page.get_by_role("button", name="Save").click()
        expect(page.locator("#notice")).to_contain_text("is saved")
        times = page.locator(".coming time:not(.ago)")
        expect(times).to_have_count(10)
        told = stage.client.get("/api/v1/schedules/every-weekday/next", params={"count": 10}).json()["times"]
        assert [one.get_attribute("datetime") for one in times.all()] == [one["at"] for one in told]
        assert {one["local"][11:16] for one in told} == {"07:00", "18:30"}
        page.get_by_role("button", name="Disable").click()
        expect(page.get_by_text("If it were enabled.")).to_be_visible()
        page.get_by_role("link", name="Change").click()
        page.get_by_label("By the sun").check()
        page.select_option("#f-sun", "sunset")
        page.fill("#f-offset", "-20")
        page.fill("#f-latitude", "37,56")
        page.fill("#f-longitude", "127")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("20 min before sunset")).to_be_visible()
        kept = stage.client.get("/api/v1/schedules/every-weekday").json()
        assert kept["when"] == {"sun": {"event": "sunset", "offset_minutes": -20}, "days": ["mon", "fri"]}
        assert (kept["enabled"], kept["latitude"]) == (False, 37.56)
        expect(one.go("/console/schedules").locator("tr", has_text="every-weekday")).to_contain_text("Disabled")


def test_a_schedule_begins_a_run_that_its_page_shows(stage: Stage, chromium: browser.Chromium) -> None:
    steps = [{"units": {"ids": [stage.lamps[0]["unit"]["id"]]}, "desired": {"mode": "work"}}]
    soon = time.strftime("%H:%M:%S", time.gmtime(time.time() + 5))
    body = {"when": {"at": [soon]}, "timezone": "UTC", "run": {"steps": steps}}
    stage.client.put("/api/v1/schedules/soon", json=body).raise_for_status()
    with visitor(stage, chromium) as one:
        found = stage.client.get("/api/v1/schedules/soon").json()
        listed = {"schedule": found["id"]}
        wait_until(lambda: stage.client.get("/api/v1/scene-runs", params=listed).json()["items"], seconds=60)
        page = one.go("/console/schedules/soon")
        expect(page.locator("main")).to_contain_text("mode: work")
        page.get_by_role("link", name="soon").click()
        expect(page.locator("#run[data-state=done]")).to_be_visible()
        expect(page.get_by_text("Planned for")).to_be_visible()


PAGES = (
    "/console/commands",
    "/console/commands?status=all",
    "{commands}",
    "/console/groups",
    "/console/groups/new",
    "/console/groups/looked-at",
    "/console/groups/looked-at/edit",
    "/console/scenes",
    "/console/scenes/new",
    "/console/scenes/looked-at",
    "/console/scenes/looked-at/edit",
    "/console/scene-runs",
    "/console/scene-runs/{run}",
    "/console/schedules",
    "/console/schedules/new",
    "/console/schedules/looked-at",
    "/console/schedules/looked-at/edit",
)


@pytest.fixture(scope="module")
def looked_at(stage: Stage) -> dict[str, str]:
    """One of each, for the pages that show one."""
    unit = stage.lamps[0]["unit"]["id"]
    client = stage.client
    client.post(f"/api/v1/units/{unit}/actions/burn").raise_for_status()
    group = {"title": "Hall", "filter": {"product": "lamp", "tags": ["hall"]}, "units": [unit]}
    client.put("/api/v1/groups/looked-at", json=group).raise_for_status()
    steps = [
        {"units": {"group": "looked-at"}, "action": "fade", "input": {"to": 10}},
        {"units": {"ids": [unit]}, "action": "burn"},
        {"units": {"product": "lamp"}, "desired": {"light": 10, "mode": "calm"}},
    ]
    client.put("/api/v1/scenes/looked-at", json={"title": "Look", "steps": steps}).raise_for_status()
    run = client.post("/api/v1/scenes/looked-at/run", json={"confirmed": True}).raise_for_status().json()["id"]
    when = {"at": ["18:30"], "days": ["mon", "tue"], "except": ["2026-12-25"]}
    schedule = {"title": "Look at it", "when": when, "scene": "looked-at", "timezone": "Europe/Vienna"}
    client.put("/api/v1/schedules/looked-at", json=schedule).raise_for_status()
    return {"commands": stage.commands, "run": run}


@pytest.mark.parametrize(
    ("width", "theme", "language"),
    [
        pytest.param("phone", "dark", "ko", id="phone"),
        pytest.param("desktop", "light", "en", id="desktop", marks=pytest.mark.long),
    ],
)
def test_the_pages_fit_and_are_accessible(
    stage: Stage, chromium: browser.Chromium, looked_at: dict[str, str], width: str, theme: str, language: str
) -> None:
    stage.client.patch("/api/v1/me", json={"locale": language}).raise_for_status()
    faults = []
    try:
        with visitor(stage, chromium, width=width, theme=theme, language=language) as one:
            for path in PAGES:
                page = one.go(path.format_map(looked_at))
                faults += [f"{path}: {fault}" for fault in one.violations()]
                if page.locator("section.state:not(.small)").count():
                    faults.append(f"{path}: {page.inner_text('h1')}")
                if one.overflow() > 0:
                    faults.append(f"{path}: {one.overflow()} px too wide")
                if page.locator("h1").count() != 1 or page.locator("html").get_attribute("lang") != language:
                    faults.append(f"{path}: heading or language")
    finally:
        stage.client.patch("/api/v1/me", json={"locale": "en"}).raise_for_status()
    assert not faults


def test_who_may_only_look_sees_no_buttons(stage: Stage, looked_at: dict[str, str]) -> None:
    with contextlib.closing(browser.come_in(stage.here, stage.client, "viewer", "viewer@act.example.org")) as viewer:
        for path in (path for path in PAGES if not path.endswith(("/new", "/edit"))):
            answer = viewer.get(path.format_map(looked_at), follow_redirects=True)
            assert answer.status_code == 200, path
            for button in ("Run it<", 'name="do"', "danger", "primary"):
                assert button not in answer.text, path
        assert viewer.get(f"/console/scenes/{NOBODY}").status_code == 404
        csrf = viewer.get("/api/v1/session").json()["csrf"]
        assert viewer.post("/console/scenes/looked-at/run", data={"csrf": csrf}).status_code == 403
