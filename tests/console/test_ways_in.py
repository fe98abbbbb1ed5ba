"""Signing in by passkey and with an account elsewhere, in a real browser with a device that exists in it alone."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from browser import Chromium, Visitor, begin_platform, session_cookies
from playwright.sync_api import Page, expect

from monokoto.testing import Installation

sys.path.append(str(Path(__file__).parents[1] / "wot"))  # how npm packages are fetched for tests

import wot_node

IDENTITY = Path(__file__).parent / "identity"

DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


def plug_in(visitor: Visitor, **more: object) -> tuple[object, str]:
    """Give the browser a device that makes and uses passkeys."""
    line = visitor.context.new_cdp_session(visitor.page)
    line.send("WebAuthn.enable")
    made = line.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE | more})
    return line, made["authenticatorId"]


@pytest.fixture
def at_home(chrome: Chromium, here: Installation) -> Chromium:
    """The browser at the name passkeys are made for on this machine."""
    return Chromium(chrome.browser, f"http://localhost:{urlsplit(here.api_url).port}")


def test_a_passkey_is_added_named_used_and_removed(at_home: Chromium, admin: httpx.Client, here: Installation) -> None:
    cookies = session_cookies(admin, at_home.url)
    with at_home.visitor(cookies=cookies) as visitor:
        plug_in(visitor)
        page = visitor.go("/console/account")
        page.get_by_label("Name of a new passkey").fill("Laptop")
        page.get_by_role("button", name="Add a passkey").click()
        named = page.get_by_label("Name of the passkey")
        expect(named).to_have_value("Laptop")
        named.fill("Work laptop")
        page.get_by_role("button", name="Rename").click()
        expect(page.locator("#notice")).to_contain_text("new name")
        assert visitor.violations() == []
        assert visitor.overflow() <= 0
        # Somebody at the same browser who is not signed in:
        visitor.context.clear_cookies(name="koto_session")
        page = visitor.go("/console/keys")
        page.get_by_role("button", name="Sign in with a passkey").click()
        page.wait_for_url("**/console/keys")
        expect(page.locator(".user-name")).to_have_text("Mina Park")
        assert "session" not in page.evaluate("document.cookie"), "no script reads the session"
        page = visitor.go("/console/account")
        row = page.locator("tr", has=page.get_by_label("Name of the passkey"))
        page.once("dialog", lambda dialog: dialog.accept())
        row.get_by_role("button", name="Remove").click()
        expect(page.locator("#notice")).to_contain_text("opens nothing any more")
        visitor.context.clear_cookies(name="koto_session")
        page = visitor.go("/console/sign-in")
        page.get_by_role("button", name="Sign in with a passkey").click()
        expect(page.locator("#notice")).to_contain_text("opens nothing here")
        assert not visitor.faults


def test_who_says_no_to_their_device_stays_where_they_are(at_home: Chromium, admin: httpx.Client) -> None:
    with at_home.visitor() as visitor:
        plug_in(visitor, isUserVerified=False)
        page = visitor.go("/console/sign-in")
        page.get_by_role("button", name="Sign in with a passkey").click()
        expect(page.locator("#notice")).to_contain_text("No passkey was used")
        expect(page.get_by_role("button", name="Sign in with a passkey")).to_be_enabled()


def test_at_another_name_of_the_same_platform_one_is_led_to_where_passkeys_work(
    chrome: Chromium, at_home: Chromium, admin: httpx.Client
) -> None:
    with chrome.visitor() as visitor:
        page = visitor.go("/console/sign-in")
        expect(page.get_by_role("button", name="Sign in with a passkey")).to_be_hidden()
        expect(page.get_by_role("link", name=at_home.url)).to_have_attribute("href", f"{at_home.url}/console/sign-in")


class Elsewhere:
    """A certified provider (npm `oidc-provider`) with one person in it, in a process of its own."""

    def __init__(self) -> None:
        command = [*wot_node.fetched(IDENTITY), "server.mjs"]
        self._process = subprocess.Popen(
            command, cwd=IDENTITY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self.issuer = self._said()

    def _said(self) -> str:
        assert self._process.stdout is not None
        line = next(line for line in self._process.stdout if not line.startswith("oidc-provider"))
        return line.strip()

    def send_back_to(self, address: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(address + "\n")
        self._process.stdin.flush()
        assert self._said() == "ready"

    def stop(self) -> None:
        self._process.kill()
        self._process.communicate()


@pytest.fixture
def elsewhere() -> Iterator[Elsewhere]:
    made = Elsewhere()
    yield made
    made.stop()


def agree(page: Page, name: str = "m-1") -> None:
    """Sign in at the provider and agree, as a person does."""
    page.locator("input[name=login]").fill(name)
    page.locator("input[name=password]").fill("anything")
    page.locator("button[type=submit]").click()
    page.get_by_role("button", name="Continue").click()


def test_an_account_at_a_real_provider(chrome: Chromium, elsewhere: Elsewhere, tmp_path: Path) -> None:
    others = tmp_path / "providers.toml"
    # The port of "discard": nobody listens.
    others.write_text('[away]\nissuer = "http://127.0.0.1:9"\nclient_id = "monokoto"\ntitle = "Away ID"\n')
    settings = {
        "MONOKOTO_IDENTITY_ISSUER": elsewhere.issuer,
        "MONOKOTO_IDENTITY_CLIENT_ID": "monokoto",
        "MONOKOTO_IDENTITY_CLIENT_SECRET": "a secret of the test",
        "MONOKOTO_IDENTITY_TITLE": "Hanbit ID",
        "MONOKOTO_IDENTITY_PROVIDERS_FILE": str(others),
    }
    with Installation(tmp_path / "here", settings) as here:
        elsewhere.send_back_to(f"{here.api_url}/console/sign-in/back/sso")
        begin_platform(here).close()
        at = Chromium(chrome.browser, here.api_url)
        with at.visitor() as visitor:
            page = visitor.go("/console/sign-in?next=/console/keys")
            page.get_by_role("link", name="Sign in with Away ID").click()
            expect(page.get_by_role("alert")).to_contain_text("Away ID cannot be asked now")
            assert visitor.violations() == []
            # Not linked yet: an e-mail address opens nothing, and passwords go on.
            page.get_by_role("link", name="Sign in with Hanbit ID").click()
            agree(page)
            page.wait_for_url(f"{here.api_url}/**")
            expect(page.get_by_role("alert")).to_contain_text("link Hanbit ID in your account")
            visitor.sign_in()
            page = visitor.go("/console/account")
            page.get_by_role("button", name="Link Hanbit ID").click()
            page.wait_for_url("**/console/account")
            expect(page.locator("#notice")).to_contain_text("The account is linked")
            expect(page.get_by_role("rowheader", name=elsewhere.issuer)).to_be_visible()
            assert visitor.violations() == []
            assert visitor.overflow() <= 0
        with at.visitor(width="phone", theme="dark") as visitor:
            page = visitor.go("/console/keys")
            page.get_by_role("link", name="Sign in with Hanbit ID").click()
            agree(page)
            page.wait_for_url("**/console/keys")
            assert "session" not in page.evaluate("document.cookie"), "no script reads the session"
            page = visitor.go("/console/sign-in/back/sso?state=enter.x&code=y")
            expect(page.get_by_role("alert")).to_contain_text("not begun in this browser")
