"""Who is told, set up in a real browser: receivers, routes, maintenance, and the browser itself as a receiver."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from browser import Chromium
from playwright.sync_api import expect

from monokoto.testing import Installation

Cookies = list[dict[str, Any]]
AUTH = "AAECAwQFBgcICQoLDA0ODw"
SUBSCRIBE = """(() => {
  // The push service is another company's: what it would answer. The worker and the permission are real.
  PushManager.prototype.getSubscription = async () => (localStorage.getItem("pretended") ? pretended() : null);
  PushManager.prototype.subscribe = async (options) => {
    localStorage.setItem("pretended", btoa(String.fromCharCode(...new Uint8Array(options.applicationServerKey)))
      .replace(/\\+/g, "-").replace(/\\//g, "_").replace(/=+$/, ""));
    return pretended();
  };
  const pretended = () => ({
    unsubscribe: async () => localStorage.removeItem("pretended"),
    toJSON: () => ({ endpoint: "https://push.example.org/one", keys: { p256dh: localStorage.getItem("pretended"), auth: "%s" } }),
  });
})();"""


def test_a_receiver_and_a_route_are_made_changed_and_looked_ahead(
    chrome: Chromium, cookies: Cookies, admin: httpx.Client
) -> None:
    with chrome.visitor(cookies=cookies) as visitor:
        page = visitor.go("/console/notifications/receivers/new")
        page.fill("#f-name", "Night shift")
        expect(page.locator("#f-url")).to_be_hidden()
        page.fill("#f-address", "night@example.org")
        page.get_by_text("When it wants to hear").click()
        page.fill("#f-quiet_from", "22:00")
        page.get_by_role("button", name="Make the receiver").click()
        expect(page.get_by_role("alert")).to_be_visible()
        page.get_by_text("When it wants to hear").click()
        expect(page.locator("#f-quiet_from")).to_have_value("22:00")
        page.fill("#f-quiet_until", "07:00")
        page.get_by_role("button", name="Make the receiver").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Night shift")
        page.get_by_role("button", name="Send a test message").click()
        expect(page.locator("#notice")).to_contain_text("test message")
        page = visitor.go("/console/notifications/routes/new")
        page.fill("#f-name", "Urgent")
        page.get_by_role("group", name="Step 2").get_by_label("Night shift").check()
        page.get_by_role("button", name="Make the route").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Urgent")
        page.get_by_role("button", name="Look ahead").click()
        expect(page.locator("[data-preview] li")).to_contain_text("Night shift")
        page.get_by_role("button", name="Switch off").click()
        expect(page.get_by_role("button", name="Switch on")).to_be_visible()
        [route] = [one for one in admin.get("/api/v1/notification-routes").json()["items"] if one["name"] == "Urgent"]
        assert not route["enabled"]
        assert route["match"]["severity"] == "major"
        assert [step["after_seconds"] for step in route["steps"]] == [600]
        page.once("dialog", lambda dialog: dialog.accept())
        page.get_by_role("button", name="Remove it").click()
        expect(page.locator("#notice")).to_contain_text("removed")
        [receiver] = [one for one in admin.get("/api/v1/receivers").json()["items"] if one["name"] == "Night shift"]
        assert receiver["quiet"]["until"] == "07:00"
        page = visitor.go(f"/console/notifications/receivers/{receiver['id']}")
        page.get_by_role("button", name="Pause").click()
        expect(page.get_by_role("button", name="Enable")).to_be_visible()
        page.once("dialog", lambda dialog: dialog.accept())
        page.get_by_role("button", name="Remove it").click()
        expect(page.locator("#notice")).to_contain_text("removed")
        assert not visitor.faults


def test_the_secret_of_a_webhook_is_shown_once(chrome: Chromium, cookies: Cookies, admin: httpx.Client) -> None:
    with chrome.visitor(cookies=cookies) as visitor:
        page = visitor.go("/console/notifications/receivers/new")
        page.fill("#f-name", "Service desk")
        page.select_option("#f-kind", "webhook")
        expect(page.locator("#f-address")).to_be_hidden()
        page.fill("#f-url", "https://example.org/hook")
        page.get_by_role("button", name="Make the receiver").click()
        secret = page.locator(".secret code").inner_text()
        assert secret.startswith("whsec_")
        page.get_by_role("link", name="Done").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Service desk")
        assert secret not in page.content()
        assert not visitor.faults
    for one in admin.get("/api/v1/receivers").json()["items"]:
        admin.delete(f"/api/v1/receivers/{one['id']}")


def test_a_maintenance_window_is_made_and_ended(chrome: Chromium, cookies: Cookies, admin: httpx.Client) -> None:
    with chrome.visitor(cookies=cookies) as visitor:
        page = visitor.go("/console/maintenance")
        if not page.locator("#f-reason").is_visible():
            page.get_by_text("New window").click()
        page.fill("#f-reason", "New filters")
        page.get_by_role("button", name="Make the window").click()
        expect(page.get_by_role("alert")).to_be_visible()  # it names no unit
        expect(page.locator("#f-reason")).to_have_value("New filters")
        page.fill("#f-tags", "line four")
        page.get_by_role("button", name="Make the window").click()
        row = page.get_by_role("row", name="New filters")
        expect(row).to_contain_text("#line four")
        page.once("dialog", lambda dialog: dialog.accept())
        row.get_by_role("button", name="End now").click()
        expect(page.locator("#notice")).to_contain_text("over")
        expect(page.get_by_role("row", name="New filters")).to_have_count(0)
        assert not visitor.faults


@pytest.mark.parametrize("ends", ["by the page", "by signing out"])
def test_a_browser_is_subscribed_and_told_no_more(
    chrome: Chromium, admin: httpx.Client, here: Installation, ends: str
) -> None:
    with chrome.whole() as whole, whole.visitor() as visitor:
        visitor.sign_in()
        visitor.context.grant_permissions(["notifications"], origin=here.api_url)
        visitor.context.add_init_script(SUBSCRIBE % AUTH)
        page = visitor.go("/console/notifications/browser")
        page.get_by_role("button", name="Tell me in this browser").click()
        expect(page.get_by_text("On in this browser")).to_be_visible()
        [subscription] = admin.get("/api/v1/push-subscriptions").json()["items"]
        assert subscription["service"] == "push.example.org"
        worker = page.evaluate("navigator.serviceWorker.ready.then((one) => [one.active.scriptURL, one.scope])")
        assert worker == [f"{here.api_url}/console/push-worker.js", f"{here.api_url}/console/"]
        if ends == "by the page":
            page.get_by_role("button", name="No more in this browser").click()
            expect(page.get_by_role("button", name="Tell me in this browser")).to_be_visible()
        else:
            page.locator(".pop.end > summary").click()
            page.get_by_role("button", name="Sign out").click()
            page.wait_for_url("**/console/sign-in*")
        assert admin.get("/api/v1/push-subscriptions").json()["items"] == []
        assert not visitor.faults
