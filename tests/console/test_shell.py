"""What holds for every page: the policy, the token, whose page it is, what is shown when it cannot be.

The console runs against a small API of its own here, which answers as the public one does; the walks in a browser
(`test_walk.py`) use a real installation.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from litestar import Litestar, Request, Response, delete, get, patch, post
from litestar.testing import TestClient

from monokoto.api.app import create_app
from monokoto.console import CONSOLE
from monokoto.console.assets import assets
from monokoto.console.languages import choose
from monokoto.console.visit import local
from monokoto.kernel.clock import ManualClock
from monokoto.kernel.errors import Forbidden, Invalid, NotFound, Unauthenticated, Unavailable

OPEN = {"exclude_from_auth": True}
COOKIE = "kotos_1_secret"
CSRF = "token-of-the-session"


class Api:
    """What the API behind the pages was asked, and how it answers next."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        self.asked: list[tuple[str, str, Any, str]] = []
        self.fails: Exception | None = None
        self.scopes = ["admin"]
        self.keys: list[dict[str, Any]] = []
        self.locale = "en"
        self.locale_chosen = True


def _signed_in(request: Request[Any, Any, Any], api: Api) -> None:
    if request.cookies.get("koto_session") != COOKIE:
        raise Unauthenticated("Nobody is signed in.")
    if request.method != "GET" and request.headers.get("x-koto-csrf") != CSRF:
        raise Forbidden("This change lacks its token.")
    if api.fails is not None:
        raise api.fails


def _routes(api: Api) -> list[Any]:
    organisation = {"id": "0000000000001", "slug": "hanbit", "name": "<Hanbit> & Söhne", "kind": "maker"}

    def who() -> dict[str, Any]:
        person = {
            "id": "0000000000002",
            "email": "mina@example.org",
            "name": "Mina",
            "locale": api.locale,
            "locale_chosen": api.locale_chosen,
            "time_zone": "Asia/Seoul",
        }
        return {
            "person": person,
            "organisation": organisation,
            "role": "maker-admin",
            "scopes": api.scopes,
            "csrf": CSRF,
            "memberships": [{"organisation": organisation, "role": "maker-admin"}],
        }

    @get("/api/v1/session", opt=OPEN)
    async def session(request: Request[Any, Any, Any]) -> dict[str, Any]:
        if request.cookies.get("koto_session") != COOKIE:
            raise Unauthenticated("Nobody is signed in.")
        return who()

    @post("/api/v1/session", opt=OPEN)
    async def sign_in(request: Request[Any, Any, Any], data: dict[str, str]) -> Response[dict[str, Any]]:
        api.asked.append(("POST", "/api/v1/session", data, request.client.host if request.client else ""))
        if data["password"] != "right":
            raise Unauthenticated("E-mail and password do not go together.")
        response = Response(who())
        response.set_cookie("koto_session", COOKIE, httponly=True, samesite="lax", path="/")
        return response

    @delete("/api/v1/session", opt=OPEN)
    async def sign_out(request: Request[Any, Any, Any]) -> None:
        _signed_in(request, api)

    @get("/api/v1/keys", opt=OPEN)
    async def keys(request: Request[Any, Any, Any]) -> dict[str, Any]:
        _signed_in(request, api)
        return {"items": api.keys, "next_cursor": None}

    @post("/api/v1/keys", opt=OPEN)
    async def make_key(request: Request[Any, Any, Any], data: dict[str, Any]) -> dict[str, Any]:
        _signed_in(request, api)
        api.asked.append(("POST", "/api/v1/keys", data, ""))
        return {"key": _key(data["name"], data["scopes"]), "secret": "koto_1_shown-once"}

    @patch("/api/v1/me", opt=OPEN)
    async def change_me(request: Request[Any, Any, Any], data: dict[str, Any]) -> None:
        _signed_in(request, api)
        api.locale = data["locale"]

    return [session, sign_in, sign_out, keys, make_key, change_me]


def _key(name: str, scopes: list[str]) -> dict[str, Any]:
    return {
        "id": "0000000000003",
        "name": name,
        "scopes": scopes,
        "created_at": "2026-01-01T15:30:00Z",
        "expires_at": None,
        "revoked_at": None,
        "last_used_at": "2025-12-31T23:59:00Z",
    }


class _Nobody:
    def authenticate(self, secret: str) -> Any:
        raise Unauthenticated("There are no keys here.")


@pytest.fixture(scope="module")
def kept() -> tuple[Api, Litestar]:
    """One application for the file: to make it takes longer than any test here."""
    api = Api()
    routes = [*_routes(api), CONSOLE]
    return api, create_app(routes=routes, dependencies={"clock": ManualClock()}, authenticator=_Nobody())


@pytest.fixture
def api(kept: tuple[Api, Litestar]) -> Api:
    api, _ = kept
    api.begin()
    return api


@pytest.fixture
def guest(api: Api, kept: tuple[Api, Litestar]) -> Iterator[TestClient[Any]]:
    with TestClient(kept[1]) as client:
        client.follow_redirects = False
        yield client


@pytest.fixture
def member(guest: TestClient[Any]) -> TestClient[Any]:
    guest.cookies.set("koto_session", COOKIE)
    return guest


def test_the_policy_lets_no_inline_script_or_style_and_no_frame(guest: TestClient[Any]) -> None:
    for path in ("/console/sign-in", "/console/nothing", "/console/keys"):
        headers = guest.get(path).headers
        policy = dict(one.split(" ", 1) for one in headers["content-security-policy"].split("; "))
        assert policy["default-src"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
        assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["cache-control"] == "no-store"


def test_whoever_is_not_signed_in_goes_to_the_door_and_comes_back(guest: TestClient[Any]) -> None:
    sent = guest.get("/console/keys?cursor=abc")
    assert sent.status_code == 303
    assert sent.headers["location"] == "/console/sign-in?next=%2Fconsole%2Fkeys%3Fcursor%3Dabc"
    form = {"email": "mina@example.org", "password": "right", "next": "/console/keys?cursor=abc"}
    inside = guest.post("/console/sign-in", data=form)
    assert inside.status_code == 303
    assert inside.headers["location"] == "/console/keys?cursor=abc"
    cookie = inside.headers["set-cookie"]
    assert cookie.startswith(f"koto_session={COOKIE}")
    assert "HttpOnly" in cookie
    assert guest.get("/console/keys").status_code == 200


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "/console\\..\\x",
        "/api/v1/keys",
        "/consoleevil",
        "",
    ],
)
def test_the_door_leads_nowhere_else(guest: TestClient[Any], elsewhere: str) -> None:
    assert local(elsewhere) == "/console"
    form = {"email": "mina@example.org", "password": "right", "next": elsewhere}
    assert guest.post("/console/sign-in", data=form).headers["location"] == "/console"


def test_a_wrong_password_says_nothing_of_which_part_and_keeps_the_address(guest: TestClient[Any], api: Api) -> None:
    answer = guest.post("/console/sign-in", data={"email": "mina@example.org", "password": " spaces stay "})
    assert answer.status_code == 401
    assert 'value="mina@example.org"' in answer.text
    assert "spaces stay" not in answer.text
    assert api.asked[-1][2]["password"] == " spaces stay "


def test_a_change_from_another_site_is_refused_before_it_is_read(guest: TestClient[Any], api: Api) -> None:
    form = {"email": "mina@example.org", "password": "right"}
    for headers in (
        {"Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "same-site"},
    ):
        assert guest.post("/console/sign-in", data=form, headers=headers).status_code == 403
    assert not api.asked
    same = {"Origin": str(guest.base_url), "Sec-Fetch-Site": "same-origin"}
    assert guest.post("/console/sign-in", data=form, headers=same).status_code == 303


def test_a_change_without_the_token_is_refused(member: TestClient[Any], api: Api) -> None:
    form = {"name": "Export", "scopes": "units:read", "lifetime": "never"}
    refused = member.post("/console/keys/new", data=form)
    assert refused.status_code == 403
    assert not api.asked
    made = member.post("/console/keys/new", data=form | {"csrf": CSRF})
    assert made.status_code == 201
    assert api.asked == [
        ("POST", "/api/v1/keys", {"name": "Export", "scopes": ["units:read"], "expires_at": None}, "")
    ]  # fmt: skip
    assert "koto_1_shown-once" in made.text
    assert "koto_1_shown-once" not in member.get("/console/keys").text


def test_every_form_that_changes_something_carries_the_token(member: TestClient[Any], api: Api) -> None:
    api.keys = [_key("Export", ["units:read"])]
    for path in ("/console/keys", "/console/keys/new"):
        text = member.get(path).text
        forms = [one.split("</form>")[0] for one in text.split("<form")[1:]]
        assert forms
        for form in forms:
            if 'method="post"' in form:
                assert f'name="csrf" value="{CSRF}"' in form


def test_names_are_escaped(member: TestClient[Any]) -> None:
    text = member.get("/console/keys").text
    assert "&lt;Hanbit&gt; &amp; Söhne" in text
    assert "<Hanbit>" not in text


@pytest.mark.parametrize(
    ("error", "status", "title"),
    [
        (Forbidden("No."), 403, "Not yours to see"),
        (NotFound("No."), 404, "Nothing here"),
        (Unavailable("No."), 503, "The platform could not answer"),
        (Invalid("No."), 422, "This was not accepted"),
        (RuntimeError("a secret of the inside"), 500, "The platform could not answer"),
    ],
)
def test_what_cannot_be_shown_is_a_page_of_its_own(
    member: TestClient[Any], api: Api, error: Exception, status: int, title: str
) -> None:
    api.fails = error
    answer = member.get("/console/keys")
    assert answer.status_code == status
    assert title in answer.text
    assert 'aria-label="Pages"' in answer.text, "the way to other pages stays"
    assert "a secret of the inside" not in answer.text
    part = member.get("/console/keys", headers={"HX-Request": "true"})
    assert part.status_code == status
    assert part.headers["hx-retarget"] == "#notice"
    assert "<html" not in part.text


def test_htmx_gets_the_content_alone_and_the_door_when_the_session_is_over(guest: TestClient[Any]) -> None:
    over = guest.get("/console/keys", headers={"HX-Request": "true"})
    assert over.headers["hx-redirect"] == "/console/sign-in?next=%2Fconsole%2Fkeys"
    guest.cookies.set("koto_session", COOKIE)
    part = guest.get("/console/keys", headers={"HX-Request": "true"})
    assert "<html" not in part.text
    assert "API keys" in part.text
    assert "HX-Request" in part.headers["vary"]


def test_the_side_shows_what_the_role_may_see(member: TestClient[Any], api: Api) -> None:
    assert 'href="/console/keys"' in member.get("/console/keys").text
    api.scopes = ["units:read"]
    assert 'href="/console/keys"' not in member.get("/console/keys").text


@pytest.mark.parametrize(
    ("wishes", "accept", "language"),
    [
        (("ko",), "en", "ko"),
        ((None, "ko-KR"), "", "ko"),
        ((None, None), "ko-KR,ko;q=0.9,en;q=0.8", "ko"),
        ((None, None), "fr,de;q=0.9,en;q=0.2,ko;q=0.1", "en"),
        ((None, None), "ko;q=0", "en"),
        (("xx", None), "*;q=x,,;q", "en"),
    ],
)
def test_the_language_is_the_persons_then_the_browsers(
    wishes: tuple[str | None, ...], accept: str, language: str
) -> None:
    assert choose(*wishes, accept=accept) == language


def test_of_whoever_chose_no_language_the_browsers_holds(member: TestClient[Any], api: Api) -> None:
    api.locale, api.locale_chosen = "ko", False
    assert '<html lang="en"' in member.get("/console/keys", headers={"Accept-Language": "en-GB"}).text
    assert '<html lang="ko"' in member.get("/console/keys", headers={"Accept-Language": "fr"}).text, "as seen last"
    api.locale_chosen = True
    assert '<html lang="ko"' in member.get("/console/keys", headers={"Accept-Language": "en-GB"}).text


def test_language_zone_and_theme_hold(member: TestClient[Any], api: Api) -> None:
    api.keys = [_key("Export", ["units:read"])]
    english = member.get("/console/keys").text
    assert '<html lang="en" data-theme="auto">' in english
    assert "Jan 2, 2026" in english, "half past three in the afternoon UTC is the next day in Seoul"
    form = {"theme": "dark", "language": "ko", "next": "/console/keys", "csrf": CSRF}
    assert member.post("/console/preferences", data=form).status_code == 303
    assert api.locale == "ko", "the account keeps it too"
    korean = member.get("/console/keys").text
    assert '<html lang="ko" data-theme="dark">' in korean
    assert "2026. 1. 2." in korean
    assert "1분 전" in korean


def test_files_are_kept_for_ever_under_a_name_that_changes_with_them(guest: TestClient[Any]) -> None:
    address = assets().url("console.css")
    answer = guest.get(address, headers={"Accept-Encoding": "gzip"})
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-type"].startswith("text/css")
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.text == assets().files["console.css"].content.decode()
    assert guest.get("/console/static/older/console.css").headers["cache-control"] == "no-cache"
    for path in ("/console/static/x/nothing.js", "/console/static/x/..%2fpages.py", "/console/static/x/../pages.py"):
        assert guest.get(path).status_code == 404
