"""Every page of the console, visited by everybody who can sign in: nobody is shown what is somebody else's, no page of another
site changes anything, and no page brings a script that is not ours."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlencode

import pytest
from walls_asking import Answer
from walls_console import PAGES, Face, Page
from walls_rules import STANDINGS
from walls_world import ID, NOBODY, Asker, World

FORM = "application/x-www-form-urlencoded"
VISITORS = (
    ("maker", "maker-admin"), ("maker", "viewer"), ("owner", "owner"), ("owner", "household-member"),
    ("foreign", "maker-admin"), ("other", "owner"), ("platform", "platform-admin"),
)  # fmt: skip
HANDLER = re.compile(rb"<[^>]*\s(?:on[a-z]+|style|hx-on[:a-z-]*)\s*=", re.IGNORECASE)
INLINE = re.compile(rb"<script(?![^>]*\bsrc=)(?![^>]*type=\"application/(?:ld\+)?json\")[^>]*>|<style", re.IGNORECASE)
POLICY = {"default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'", "base-uri 'none'",
          "form-action 'self'"}  # fmt: skip


def visited(
    world: World, key: str, visitor: Asker | None, *, csrf: bool = True, headers: Mapping[str, str] | None = None
) -> Answer:
    """The page, its form filled in as its row says."""
    page, (method, _, path) = PAGES[key], key.partition(" ")
    may = visitor is not None and visitor.organisation in page.of and csrf and not headers

    def meant(text: str) -> str:
        """The id, where one is named; of what would be gone afterwards that of nothing, for whoever may."""
        if text.startswith("~"):
            return NOBODY if may else world.ids[text[1:]]
        return text.removeprefix("=")

    ids = {"unit": world.ids["subject"]}
    ids |= {name: meant(one) if one[:1] in "=~" else world.ids[one] for name, one in page.ids.items()}
    for name, value in ids.items():
        path = path.replace("{" + name + "}", value)
    sent = dict(headers or {})
    body = None
    if visitor is not None:
        sent["cookie"] = visitor.headers["cookie"]
    if method == "POST":
        token = {"csrf": visitor.headers["x-koto-csrf"]} if visitor is not None and csrf else {}
        body, sent["content-type"] = (
            urlencode({name: meant(value) for name, value in page.form.items()} | token).encode(),
            FORM,
        )
    nobodys = world.made_up(f"{path} {list(page.form.values())}") - {NOBODY}
    assert not nobodys, f"{key}: nothing here has the id {nobodys}: let the world make what the page is about"
    answer: Answer = world.ask(method, path, None, body, headers=sent)
    return answer


def leaked(world: World, answer: Answer, organisation: str) -> list[str]:
    text = answer.text
    return [mark for mark, readers in world.marks.items() if mark in text and organisation not in readers]


def asked_of(key: str, page: Page) -> list[tuple[str, str]]:
    return [] if page.leaves else list(VISITORS)


@pytest.mark.parametrize("key", PAGES)
def test_a_page_shows_everybody_their_own_alone(world: World, key: str) -> None:
    page, wrong = PAGES[key], []
    for organisation, role in asked_of(key, page):
        answer = visited(world, key, world.people[organisation, role])
        read = set(leaked(world, answer, organisation)) - {f"zq{page.opens}qz"}
        wrong += [f"{role} of {organisation} read {mark}" for mark in read]
        if answer.status >= 500:
            wrong.append(f"{role} of {organisation}: {answer.status}")
        outside = (page.face is Face.UNIT and ("subject", organisation) not in STANDINGS) or (
            page.face is Face.THING and organisation not in page.of
        )
        if outside and not page.fragment and answer.status < 400:
            wrong.append(f"{role} of {organisation}: {answer.status}, though it is not there for them")
    assert not wrong, "\n".join([key, *wrong])


def test_what_is_not_theirs_is_there_afterwards(world: World) -> None:
    """Whatever a page would do away with, asked for by those whose it is not, is still there and as it was."""
    maker, subject = world.admins["maker"], world.ids["subject"]
    paths = {
        f"/api/v1/{path}/{world.ids[name]}"
        for path, name in (
            ("alerts", "alert"), ("maintenance-windows", "window"), ("groups", "group"), ("scenes", "scene"),
            ("schedules", "schedule"), ("members", "person"), ("subscriptions", "subscription"), ("invoices", "invoice"),
            ("customers", "customer"), ("entitlements", "entitlement"), ("payment-files", "file"),
        )
    } | {f"/api/v1/units/{subject}/actions/reset/{world.ids['command']}"}  # fmt: skip
    before = {path: _state(world, path, maker) for path in paths}
    for key, page in PAGES.items():
        if any(value.startswith("~") for value in (*page.ids.values(), *page.form.values())):
            for organisation, role in VISITORS:
                if (
                    organisation not in {"maker", "owner"} | page.of
                ):  # an owner may do something about alerts of its unit
                    visited(world, key, world.people[organisation, role])
    assert {path: _state(world, path, maker) for path in paths} == before


def _state(world: World, path: str, asker: Asker) -> tuple[int, bytes]:
    answer = world.ask("GET", path, asker)
    assert answer.status in {200, 405}, f"{path}: {answer.status}"
    return answer.status, answer.body


def test_no_page_is_about_nothing() -> None:
    """What nobody has is refused whatever a page forgets. (`~` stands for it, for those who might do away with a thing.)"""
    about_nothing = [
        key for key, page in PAGES.items() if ID.search(f"{list(page.ids.values())} {list(page.form.values())}")
    ]
    assert not about_nothing, f"let the world make what these pages are about: {about_nothing}"


@pytest.mark.parametrize("key", PAGES)
def test_nobody_is_sent_to_sign_in(world: World, key: str) -> None:
    page, answer = PAGES[key], visited(world, key, None)
    assert answer.status < 500
    assert not leaked(world, answer, "")
    if page.face is not Face.GUEST:
        assert answer.status == 303, f"{key}: {answer.status}"
        assert answer.header("location").startswith("/console/sign-in")


@pytest.mark.parametrize("key", [key for key in PAGES if key.startswith("POST")])
def test_a_form_of_another_site_changes_nothing(world: World, key: str) -> None:
    admin = world.people["maker", "maker-admin"]
    for headers in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}, {"origin": "null"}):
        assert visited(world, key, admin, headers=headers).status == 403, headers
    if PAGES[key].face is not Face.GUEST and not PAGES[key].looks:
        answer = visited(world, key, admin, csrf=False)
        assert answer.status >= 400, f"{key}: {answer.status} without the session's token"


@pytest.mark.parametrize("key", PAGES)
def test_a_page_carries_its_policy_and_no_script_of_its_own(world: World, key: str) -> None:
    for visitor in (None, world.people["maker", "maker-admin"]):
        if visitor is not None and PAGES[key].leaves:
            continue
        answer = visited(world, key, visitor)
        policy = {one.strip() for one in answer.header("content-security-policy").split(";")}
        if answer.header("content-type").startswith("text/html"):
            assert policy >= POLICY, f"{key}: {answer.header('content-security-policy')!r}"
        assert "unsafe" not in answer.header("content-security-policy")
        assert answer.header("x-content-type-options") == "nosniff"
        assert answer.header("referrer-policy") in {"same-origin", "no-referrer"}
        if answer.header("content-type").startswith("text/html"):
            assert not HANDLER.search(answer.body), f"{key}: {HANDLER.search(answer.body)}"
            assert not INLINE.search(answer.body), f"{key}: {INLINE.search(answer.body)}"


@pytest.mark.parametrize("next_", ["https://evil.example", "//evil.example", "/\\evil.example", "/console\\@evil",
                                   "javascript:alert(1)",
                                   "/console/\r\nSet-Cookie: x=y", "/consolevil"])  # fmt: skip
def test_nobody_is_led_elsewhere(world: World, next_: str) -> None:
    visitor = world.people["maker", "viewer"]
    body = urlencode({"next": next_, "theme": "dark", "csrf": visitor.headers["x-koto-csrf"]}).encode()
    headers = {"cookie": visitor.headers["cookie"], "content-type": FORM}
    answer = world.ask("POST", "/console/preferences", None, body, headers=headers)
    assert answer.status == 303
    assert answer.header("location") == "/console"
    assert answer.header("set-cookie").count("x=y") == 0
