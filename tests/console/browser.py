"""A real browser in front of a real installation, and the rules of accessibility: for every test of pages.

Chromium is the machine's own (`apt-get install chromium-headless-shell`, or `chromium`; `CHROMIUM` names another); axe-core
comes from npm by `python hatch_build.py --tests`. Where one is missing, these tests say so and are skipped.
"""

from __future__ import annotations

import email.parser
import email.policy
import json
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from monokoto.connect.people import FirstRun
from monokoto.engines.records import open_records
from monokoto.kernel.clock import SystemClock
from monokoto.testing import Installation, wait_until

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "tests" / "console" / "vendor" / "axe.js"
HTMX = ROOT / "src" / "monokoto" / "console" / "static" / "vendor" / "htmx.js"
CHROMIUM = os.environ.get("CHROMIUM") or next(
    filter(None, map(shutil.which, ("chromium-headless-shell", "chromium", "chromium-browser"))), None
)
"""The first is the same without what only a screen needs: half the work."""
WHOLE = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
"""One that knows what is told outside of its pages, such as notifications."""
ARGUMENTS = ("--no-sandbox", "--disable-gpu")
WIDTHS = {"phone": (360, 780), "desktop": (1440, 900)}
THEMES = ("light", "dark")
LANGUAGES = ("en", "ko")
EMAIL, PASSWORD, NAME, ORGANISATION = "mina@example.org", "wide rivers run slowly", "Mina Park", "Hanbit Appliances"
PATIENCE_MS = 30_000
SERIOUS = frozenset({"serious", "critical"})


def missing() -> str:
    """What a browser test lacks here; empty: nothing."""
    if CHROMIUM is None:
        return "no chromium on this machine: apt-get install chromium-headless-shell"
    if not AXE.is_file() or not HTMX.is_file():
        return "files from npm are not there: python hatch_build.py --tests"
    return ""


@dataclass(frozen=True)
class Shown:
    """A page for the screenshots and the rules of accessibility; `{unit}` and `{product}` in its path are filled in."""

    name: str
    path: str
    guest: bool = False


PAGES = (
    Shown("sign-in", "/console/sign-in", guest=True),
    Shown("first-run", "/console/first-run?token=none", guest=True),
    Shown("forgotten", "/console/forgotten", guest=True),
    Shown("reset", "/console/reset?token=none", guest=True),
    Shown("sign-up", "/console/sign-up", guest=True),
    Shown("invitation-void", "/console/invitation?token=none", guest=True),
    Shown("account", "/console/account"),
    Shown("people", "/console/people"),
    Shown("keys", "/console/keys"),
    Shown("key-new", "/console/keys/new"),
    Shown("audit", "/console/audit"),
    Shown("jobs", "/console/jobs"),
    Shown("commands", "/console/commands"),
    Shown("scenes", "/console/scenes"),
    Shown("scene-new", "/console/scenes/new"),
    Shown("schedules", "/console/schedules"),
    Shown("schedule-new", "/console/schedules/new"),
    Shown("groups", "/console/groups"),
    Shown("group-new", "/console/groups/new"),
    Shown("alerts", "/console/alerts"),
    Shown("alerts-groups", "/console/alerts?state=all&view=groups"),
    Shown("rules", "/console/rules"),
    Shown("rule-new", "/console/rules/new"),
    Shown("customer-new", "/console/customers/new"),
    Shown("subscription-new", "/console/subscriptions/new"),
    Shown("invoices", "/console/invoices?state=void"),
    Shown("payments", "/console/payments?state=failed"),
    Shown("payment-new", "/console/payments/new"),
    Shown("payment-refund", "/console/payments/send/refund"),
    Shown("payment-top-up", "/console/payments/send/top-up"),
    Shown("payment-pay-out", "/console/payments/send/pay-out"),
    Shown("payment-files", "/console/payment-files"),
    Shown("books", "/console/books?day=2020-01-01"),
    Shown("book-entries", "/console/books/entries?account=cash:nothing"),
    Shown("seller", "/console/seller"),
    Shown("my-gifts", "/console/mine/gifts"),
    Shown("usage", "/console/usage?meter=nothing"),
    Shown("usage-thresholds", "/console/usage/thresholds"),
    Shown("features", "/console/features"),
    Shown("plans", "/console/plans"),
    Shown("plan-new", "/console/plans/new"),
    Shown("maintenance", "/console/maintenance?over=1"),
    Shown("notifications", "/console/notifications"),
    Shown("notification-routes", "/console/notifications/routes"),
    Shown("notification-route-new", "/console/notifications/routes/new"),
    Shown("receivers", "/console/notifications/receivers"),
    Shown("receiver-new", "/console/notifications/receivers/new"),
    Shown("push", "/console/notifications/browser"),
    Shown("mine", "/console/mine"),
    Shown("my-offers", "/console/mine/offers"),
    Shown("my-invoices", "/console/mine/invoices"),
    Shown("webhooks", "/console/webhooks"),
    Shown("claim", "/console/claim?code=ABCD-EFGH-JKMN"),
    Shown("explorer", "/console/explorer"),
    Shown("explorer-operation", "/console/explorer/putDesired"),
    Shown("organisations-not-allowed", "/console/organisations"),
    Shown("nothing", "/console/nothing-here"),
)
"""Every page of the console's shell; whoever adds a page adds it here."""


def first_run_token(here: Installation) -> str:
    """The secret of a link to begin with, as `koto up` prints it."""
    records = open_records("", data_dir=here.data_dir)
    try:
        return FirstRun(records, SystemClock()).offer() or ""
    finally:
        records.close()


def begin_platform(here: Installation) -> httpx.Client:
    """Be the first person of an installation, through the public route; a client that is signed in as them."""
    client = httpx.Client(base_url=here.api_url, timeout=30)
    body = {"token": first_run_token(here), "organisation": ORGANISATION, "name": NAME, "email": EMAIL}
    answer = client.post("/api/v1/first-run", json=body | {"password": PASSWORD})
    answer.raise_for_status()
    client.headers["X-Koto-CSRF"] = answer.json()["csrf"]
    return client


def begin_organisation(here: Installation, slug: str) -> httpx.Client:
    """A client that is signed in as the first person of a new maker: files of tests share an installation, not what is in it."""
    with here.organisation(slug) as api:
        return come_in(here, api.api.http, "maker-admin", f"mina@{slug}.example.org")


def come_in(here: Installation, inviting: httpx.Client, role: str, address: str) -> httpx.Client:
    """Somebody who came by a mailed invitation, signed in."""
    inviting.post("/api/v1/invitations", json={"email": address, "role": role}).raise_for_status()
    mails = here.data_dir / "mail"
    letter = wait_until(lambda: [one for one in mails.glob("*.eml") if address in one.read_text()])[0]
    body = email.message_from_bytes(letter.read_bytes(), policy=email.policy.default).get_body(("plain",))
    assert body is not None
    found = re.search(r"https?://\S+[#=]([\w-]{20,})", str(body.get_content()))
    assert found
    client = httpx.Client(base_url=here.api_url, timeout=30)
    person = {"token": found[1], "name": role, "password": "quiet lakes lie deep 9"}
    client.post("/api/v1/invitations/accept", json=person).raise_for_status()
    client.headers["X-Koto-CSRF"] = client.get("/api/v1/session").json()["csrf"]
    return client


@dataclass
class Visitor:
    """One person's browser: their cookies, and pages of one width, theme and language."""

    context: BrowserContext
    page: Page
    url: str
    faults: list[str] = field(default_factory=list)
    """What the browser complained of: scripts that failed, what the policy refused, files that are not there."""

    def go(self, path: str) -> Page:
        """Open a page of the console and wait until it is there."""
        self.page.goto(self.url + path)
        self.page.wait_for_load_state("load")
        return self.page

    def sign_in(self, email: str = EMAIL, password: str = PASSWORD) -> None:
        """By the form, as people do."""
        self.go("/console/sign-in")
        self.page.fill("#f-email", email)
        self.page.fill("#f-password", password)
        self.page.click("main button[type=submit]")
        self.page.wait_for_url(lambda url: "sign-in" not in url)

    def violations(self) -> list[str]:
        """Serious and critical faults of accessibility on the page as it is, each with its places."""
        self.page.evaluate(AXE.read_text())
        found = self.page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
        return [
            f"{one['id']} ({one['impact']}): {one['help']}: {json.dumps([node['target'] for node in one['nodes']][:5])}"
            for one in found["violations"]
            if one["impact"] in SERIOUS
        ]

    def overflow(self) -> int:
        """By how many pixels the page is wider than its window: people should not scroll sideways."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


class Chromium:
    """The browser; every visitor has a context of their own."""

    def __init__(self, browser: Browser, url: str) -> None:
        self.browser = browser
        self.url = url

    @contextmanager
    def whole(self) -> Iterator[Chromium]:
        """One that knows notifications too, beside this one."""
        if WHOLE is None:
            pytest.skip("no whole chromium on this machine: apt-get install chromium")
        browser = self.browser.browser_type.launch(executable_path=WHOLE, args=ARGUMENTS)
        try:
            yield Chromium(browser, self.url)
        finally:
            browser.close()

    @contextmanager
    def visitor(
        self,
        *,
        width: str = "desktop",
        theme: str = "light",
        language: str = "en",
        cookies: Sequence[dict[str, Any]] = (),
    ) -> Iterator[Visitor]:
        """A fresh browser profile."""
        across, down = WIDTHS[width]
        context = self.browser.new_context(
            viewport={"width": across, "height": down},
            color_scheme="dark" if theme == "dark" else "light",
            locale={"en": "en-GB", "ko": "ko-KR"}[language],
            timezone_id="Asia/Seoul",
            has_touch=width == "phone",
            reduced_motion="reduce",
        )
        context.set_default_timeout(PATIENCE_MS)
        context.add_cookies(list(cookies))  # type: ignore[arg-type]
        visitor = Visitor(context, context.new_page(), self.url)
        visitor.page.on("pageerror", lambda error: visitor.faults.append(f"script: {error}"))
        visitor.page.on("console", lambda message: _note(visitor, message))
        try:
            yield visitor
        finally:
            context.close()


def _note(visitor: Visitor, message: ConsoleMessage) -> None:
    # The browser writes an error for every answer of 4xx; a form that is refused is no fault of the page.
    if message.type == "error" and "Failed to load resource" not in message.text:
        visitor.faults.append(message.text)


@contextmanager
def chromium(url: str) -> Iterator[Chromium]:
    """Start it; it ends with the block."""
    if lacks := missing():
        pytest.skip(lacks)
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            yield Chromium(browser, url)
        finally:
            browser.close()


def drawn(page: Page) -> None:
    """Wait until every chart and map on the page is drawn."""
    if page.locator("koto-chart").count():
        page.wait_for_selector("koto-chart:not([aria-busy])[data-state]")
    if page.locator("koto-map").count():
        page.wait_for_selector("koto-map .map-status:not(:empty)")


def session_cookies(client: httpx.Client, url: str) -> list[dict[str, Any]]:
    """The client's session for a browser: signing in once is enough for many profiles."""
    return [{"name": one.name, "value": one.value, "url": url} for one in client.cookies.jar]
