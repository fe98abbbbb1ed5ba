"""From nothing to an owner's own page, by hand, in a real browser: what the front door is for.

A maker opens the link that `koto up` printed, applies a product, registers units and watches one move while a real MQTT client
sends. An owner, in a browser of their own, claims that unit with the code from its box, and sees it and nothing else.
"""

from __future__ import annotations

import contextlib
import email as email_parser
import email.policy as email_policy
import json
import re
import shlex
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from urllib.parse import urldefrag, urljoin

import pytest
from paho.mqtt import client as mqtt
from playwright.sync_api import Page, expect

from monokoto.testing import Installation, wait_until

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests" / "console"))

import browser  # noqa: E402

MAKER, OWNER = "mina@example.org", "dana@example.org"
PASSWORD, OWNERS_PASSWORD = "wide rivers run slowly", "quiet lakes lie deep 9"
HALL, CELLAR = "TH-0001", "TH-0002"
"""The unit that the owner claims, and one that stays the maker's."""
PAGES_MAX = 120
"""A walk that has seen so many pages is lost."""


@dataclass
class Story:
    """What one chapter hands to the next."""

    here: Installation
    chrome: browser.Chromium
    maker: browser.Visitor
    owner: browser.Visitor
    units: dict[str, str] = field(default_factory=dict)
    """Serial → id."""
    tokens: dict[str, tuple[str, int, str]] = field(default_factory=dict)
    """Serial → where to connect and the token, as the page told them."""

    def mail_to(self, address: str) -> str:
        """The link in the mail that somebody got."""
        mails = self.here.data_dir / "mail"
        letter = wait_until(lambda: [one for one in mails.glob("*.eml") if f"To: {address}" in one.read_text()])[-1]
        body = email_parser.message_from_bytes(letter.read_bytes(), policy=email_policy.default).get_body(("plain",))
        found = re.search(r"https?://\S+/console/\S+", str(body.get_content() if body else ""))
        assert found
        return found[0]


def free_port() -> int:
    """One that nobody listens on; a page can only tell of a port that was set."""
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as probe:
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    if lacks := browser.missing():
        pytest.skip(lacks)
    with (
        Installation(tmp_path_factory.mktemp("front-door"), {"MONOKOTO_GATEWAY_MQTT_PORT": str(free_port())}) as here,
        browser.chromium(here.api_url) as chrome,
        chrome.visitor() as maker,
        chrome.visitor(width="phone") as owner,
    ):
        yield Story(here, chrome, maker, owner)


@pytest.mark.timeout(600)  # it is long on a busy machine
def test_the_whole_way(story: Story) -> None:
    begin(story)
    apply_the_product(story)
    for serial in (HALL, CELLAR):
        register(story, serial)
    send(story, HALL, 18.25)
    send(story, CELLAR, 11.75)
    the_chart_moves(story.maker.page, story, f"/console/units/{story.units[HALL]}/charts")
    owner_arrives(story)
    owner_claims(story, claim_code(story))
    the_chart_moves(story.owner.page, story, f"/console/units/{story.units[HALL]}/charts")
    owner_sees_nothing_else(story)
    assert story.maker.faults == []
    assert story.owner.faults == []


def begin(story: Story) -> None:
    """The link that was printed, once."""
    link = story.here.told["first_run"]
    page = story.maker.page
    page.goto(link)
    page.fill("#f-organisation", "Hanbit Appliances")
    page.fill("#f-name", "Mina Park")
    page.fill("#f-email", MAKER)
    page.fill("#f-password", PASSWORD)
    page.click("main button[type=submit]")
    expect(page.locator("#notice")).to_contain_text("Welcome")
    assert "Hanbit Appliances" in page.inner_text("header.top")
    with story.chrome.visitor() as second:
        second.page.goto(link)
        second.page.fill("#f-organisation", "Somebody Else")
        second.page.fill("#f-name", "Somebody Else")
        second.page.fill("#f-email", "else@example.org")
        second.page.fill("#f-password", PASSWORD)
        second.page.click("main button[type=submit]")
        expect(second.page.get_by_role("alert")).to_be_visible()


def apply_the_product(story: Story) -> None:
    """Its file, with a fault at first: the page says where, and keeps the text."""
    text = (ROOT / "blueprints" / "thermostat" / "product.yaml").read_text("utf-8")
    page = story.maker.go("/console/products")
    page.get_by_role("link", name="Apply a product").first.click()
    wrong = text.replace("type: number", "type: nummer", 1).encode()
    page.set_input_files("#f-file", {"name": "product.yaml", "mimeType": "text/yaml", "buffer": wrong})
    page.get_by_role("button", name="See what it comes to").click()
    expect(page.get_by_role("alert")).to_contain_text("nummer")
    page.fill("#f-text", page.input_value("#f-text").replace("nummer", "number"))
    page.get_by_role("button", name="See what it comes to").click()
    expect(page.locator("main")).to_contain_text("A new product: thermostat 1.0.0")
    page.get_by_role("button", name="Apply thermostat 1.0.0").click()
    page.wait_for_url("**/console/products/thermostat")
    expect(page.locator("#notice")).to_contain_text("Units can be registered")


def register(story: Story, serial: str) -> None:
    """In the console; the token and where to connect are read off the page."""
    page = story.maker.go("/console/products/thermostat")
    page.get_by_role("link", name="Register a unit").click()
    page.fill("#f-serial", serial)
    page.get_by_role("button", name="Register it").click()
    token = page.locator(".secret code").inner_text()
    command = shlex.split(page.locator("pre", has_text="mosquitto_pub").inner_text())
    told = dict(zip(command[1::2], command[2::2], strict=True))
    assert told["-u"] == token
    story.tokens[serial] = told["-h"], int(told["-p"]), token
    page.get_by_role("link", name="To the unit").click()
    page.wait_for_url(re.compile(r"/console/units/[0-9a-z]{13}$"))
    story.units[serial] = page.url.rpartition("/")[2]


def send(story: Story, serial: str, temperature: float) -> None:
    """As the unit, with a real MQTT client, until the platform has it."""
    host, port, token = story.tokens[serial]
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
    client.username_pw_set(token)
    client.connect(host, port)
    client.loop_start()
    try:
        client.publish("koto/v1/telemetry", json.dumps({"temperature": temperature}), qos=1).wait_for_publish(30)
    finally:
        client.disconnect()
        client.loop_stop()


def the_chart_moves(page: Page, story: Story, path: str) -> None:
    """What the unit sends is drawn without anybody loading the page again."""
    page.goto(story.here.api_url + path + "?property=temperature")
    page.wait_for_selector("koto-live[data-connection='live']", state="attached")
    browser.drawn(page)
    send(story, HALL, 19.5)
    legend = page.locator(".chart-legend-value").first
    expect(legend).to_have_text("19.5")
    page.wait_for_selector("koto-chart:not([aria-busy])[data-state='ready'] canvas")
    page.evaluate("window.before = document.querySelector('koto-chart canvas').toDataURL()")
    send(story, HALL, 27.25)
    expect(legend).to_have_text("27.25")
    wait_until(lambda: page.evaluate("document.querySelector('koto-chart canvas').toDataURL() !== window.before"))


def owner_arrives(story: Story) -> None:
    """The platform makes a household; its owner comes by the mailed link, in a browser of their own."""
    page = story.maker.go("/console/account")
    page.locator("details.organisation > summary").click()
    page.locator("details.organisation button:not([aria-current])").click()
    page.wait_for_load_state()
    page = story.maker.go("/console/organisations")
    page.fill("#f-name", "Dana's house")
    page.fill("#f-slug", "danas-house")
    page.select_option("#f-kind", "owner")
    page.fill("#f-admin", OWNER)
    page.get_by_role("button", name="Make it").click()
    expect(page.locator("#notice")).to_contain_text("Dana's house")
    page.locator("details.organisation > summary").click()
    page.locator("details.organisation button", has_text="Hanbit").click()
    expect(page.locator("details.organisation > summary")).to_contain_text("Hanbit")
    page = story.owner.page
    page.goto(story.mail_to(OWNER))
    expect(page.locator("#f-token")).not_to_have_value("")
    if page.locator("#f-password").count() == 0 or not page.locator("#f-name").is_visible():
        page.click("main button[type=submit]")
    page.fill("#f-name", "Dana Kim")
    page.fill("#f-password", OWNERS_PASSWORD)
    page.get_by_role("button", name="Accept the invitation").click()
    expect(page.locator("#notice")).to_contain_text("Welcome")


def claim_code(story: Story) -> str:
    """The address behind the square on the card in the box."""
    page = story.maker.go(f"/console/units/{story.units[HALL]}/ownership")
    page.get_by_role("button", name="Make a claim code").click()
    link = page.locator(".claim-code a").get_attribute("href")
    assert link
    return link


def owner_claims(story: Story, link: str) -> None:
    """As one who scanned it."""
    page = story.owner.page
    page.goto(link)
    page.fill("#f-label", "Living room")
    page.get_by_role("button", name="Claim it").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("It is yours")
    page.get_by_role("link", name="To the unit").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Living room")
    assert page.locator("[data-value=temperature]").inner_text() in {"", "–"}, "what was measured before is not theirs"


FOREIGN = re.compile(rf"{CELLAR}|11\.75|{re.escape(MAKER)}|18\.25")
"""What no page of the owner's may hold: the other unit, what it measured, the maker's people, the time before."""


ASKED = dict.fromkeys(("/api/v1/units/{unit}/usage", "/api/v1/units/{unit}/usage-rows"), "?meter=thermostat/any")
"""What must be said along with a question."""


def owner_sees_nothing_else(story: Story) -> None:
    """Every page that can be reached by links, then every address that somebody might type."""
    page, ours, theirs = story.owner.page, story.units[HALL], story.units[CELLAR]
    seen = walk(page, story.here.api_url)
    assert f"/console/units/{ours}" in seen, "their own unit is on the way"
    assert not [path for path in seen if theirs in path]
    tabs = ("", *(f"/{path.rpartition('/')[2]}" for path in seen if path.startswith(f"/console/units/{ours}/")))
    assert len(tabs) > 5
    for tab in tabs:
        answer = page.request.get(f"{story.here.api_url}/console/units/{theirs}{tab}")
        assert (tab, answer.status, "Nothing here" in answer.text()) == (tab, 404, True)
    page.goto(f"{story.here.api_url}/console/products")
    assert "hermostat" not in page.content()
    for path in ("/console/products/thermostat", "/console/units/new", "/console/apply", "/console/organisations"):
        page.goto(story.here.api_url + path)
        assert not FOREIGN.search(page.content()), path
        assert page.locator("main .state h1").count() == 1, f"{path} is open to an owner"
    listed = fetched(page, "/api/v1/units")
    assert [one["id"] for one in json.loads(listed[1])["items"]] == [ours]
    for path in unit_paths(page):
        status, text = fetched(page, path.replace("{unit}", theirs) + ASKED.get(path, ""))
        assert status in {401, 403, 404}, f"{path}: {status}"
        assert not FOREIGN.search(text)


def walk(page: Page, base: str) -> set[str]:
    """Every page reachable by links from the first one; each is held against what is foreign. Their paths.

    Only pages of units are drawn: their scripts ask for more.
    """
    seen: set[str] = set()
    ahead = ["/console"]
    while ahead:
        path = ahead.pop()
        if path in seen:
            continue
        seen.add(path)
        assert len(seen) < PAGES_MAX, sorted(seen)
        answer = page.request.get(base + path)
        text = answer.text()
        assert not FOREIGN.search(text), path
        if "html" not in answer.headers.get("content-type", ""):  # a file to take away
            continue
        if "/units" in path:
            page.goto(base + path)
            assert not FOREIGN.search(page.content()), path
        for href in re.findall(r'<a\b[^>]*\bhref="([^"]*)"', text):
            there = urldefrag(urljoin(base + path, unescape(href))).url.removeprefix(base).partition("?")[0]
            if there.startswith("/console") and not there.startswith("/console/explorer/"):
                ahead.append(there)
    return seen


def unit_paths(page: Page) -> list[str]:
    """What the API has to read of one unit."""
    document = json.loads(fetched(page, "/openapi/openapi.json")[1])
    found = [
        path for path, item in document["paths"].items()
        if "get" in item and re.findall(r"{(\w+)}", path) == ["unit"] and not path.endswith("/stream")
    ]  # fmt: skip
    assert len(found) > 8
    return found


def fetched(page: Page, path: str) -> tuple[int, str]:
    """What the browser gets with the visitor's own session."""
    answer = page.request.get(re.sub("/console.*", "", page.url) + path)
    return answer.status, answer.text()
