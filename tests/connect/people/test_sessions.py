"""Signing in and out as a browser does it."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from litestar.testing import TestClient

from monokoto.connect.people import Sessions
from monokoto.kernel.errors import NotFound, Unauthenticated
from monokoto.kernel.ids import format_id, parse_id
from monokoto.kernel.limits import (
    SESSIONS_PER_PERSON_MAX,
    SIGNED_IN_IDLE_SECONDS_MAX,
    SIGNED_IN_SECONDS_MAX,
)

PASSWORD = "correct horse battery"


def cookie_of(browser):
    return browser.client.cookies["koto_session"]


def test_who_signs_in_is_told_who_they_are_and_what_they_may(ann, browsers):
    laptop = browsers()
    answer = laptop.sign_in(" ANN@acme.example ")
    assert answer.status_code == 201
    who = answer.json()
    assert (who["person"]["name"], who["organisation"]["slug"], who["role"]) == ("Ann", "acme", "maker-admin")
    assert who["scopes"] == ["admin"]
    assert {one["organisation"]["kind"] for one in who["memberships"]} == {"maker", "platform"}
    assert laptop.get("/session").json() == who


def test_the_cookie_is_read_by_no_script_and_sent_by_no_other_page(ann):
    flags = ann.sign_in("ann@acme.example").headers["set-cookie"]
    name, _, rest = flags.partition("=")
    assert name == "koto_session"
    assert rest.startswith("kotos_")
    told = {one.strip().lower() for one in rest.split(";")[1:]}
    assert {"httponly", "samesite=lax", "path=/"} <= told
    assert "secure" not in told
    assert not any(one.startswith("domain") for one in told)


def test_over_tls_the_cookie_cannot_be_planted(ann, world):
    with TestClient(world.app(), base_url="https://koto.example") as browser:
        answer = browser.post("/api/v1/session", json={"email": "ann@acme.example", "password": PASSWORD})
        flags = answer.headers["set-cookie"].lower()
        assert flags.startswith("__host-koto_session=kotos_")
        assert "; secure" in flags
        assert browser.get("/api/v1/session").status_code == 200
    with TestClient(world.app(), base_url="https://koto.example", cookies={"koto_session": cookie_of(ann)}) as planted:
        assert planted.get("/api/v1/session").status_code == 401


def test_of_the_cookie_only_a_digest_is_kept(ann, world):
    with world.records.read() as connection:
        rows = connection.execute(sa.text("SELECT * FROM person_sessions")).all()
    secret = cookie_of(ann)
    assert hashlib.sha256(secret.encode()).digest() in rows[0]
    assert secret not in str(rows)
    assert secret.split("_", 2)[2] not in str(rows)


def test_a_change_without_the_token_is_refused(ann):
    body = {"name": "ci", "scopes": ["admin"]}
    cookie = cookie_of(ann)
    expected = base64.urlsafe_b64encode(hashlib.sha256(f"csrf:{cookie}".encode()).digest()).decode()[:32]
    assert ann.csrf == expected
    for token in ("", "x" * 32, expected[:-1]):
        refused = ann.client.post("/api/v1/keys", json=body, headers={"X-Koto-CSRF": token})
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert ann.client.delete("/api/v1/session").status_code == 403
    assert ann.client.post("/api/v1/keys", json=body, headers={"X-Koto-CSRF": expected}).status_code == 201


def test_a_key_needs_no_token_and_wins_over_a_cookie(ann, world):
    made = ann.post("/keys", {"name": "reader", "scopes": ["units:read"]}).json()
    refused = ann.client.post(
        "/api/v1/keys",
        json={"name": "x", "scopes": ["units:read"]},
        headers={"Authorization": f"Bearer {made['secret']}", "X-Koto-CSRF": ann.csrf},
    )
    assert refused.status_code == 403
    assert "units:read" not in refused.json()["detail"]
    assert "scope admin" in refused.json()["detail"]


def test_a_page_of_somebody_else_signs_nobody_in(ann, browsers):
    body = {"email": "ann@acme.example", "password": PASSWORD}
    for origin in ("https://evil.example", "null", "https://testserver.local.evil.example"):
        assert browsers().post("/session", body, origin=origin).status_code == 403
    assert browsers().post("/session", body, origin="http://testserver.local").status_code == 201


def test_signed_out_is_signed_out(ann):
    kept = cookie_of(ann)
    answer = ann.ask("DELETE", "/session")
    assert answer.status_code == 204
    assert "max-age=0" in answer.headers["set-cookie"].lower()
    for cookie in ({}, {"koto_session": kept}):
        ann.client.cookies.clear()
        ann.client.cookies.update(cookie)
        assert ann.get("/session").status_code == 401


def test_own_sessions_are_listed_and_ended(ann, browsers):
    phone = browsers()
    phone.post("/session", {"email": "ann@acme.example", "password": PASSWORD}, user_agent="Phone/1")
    listed = ann.get("/sessions").json()["items"]
    assert [(one["agent"], one["current"], one["method"]) for one in listed] == [
        ("Phone/1", False, "password"),
        ("testclient", True, "first-run"),
    ]
    assert ann.ask("DELETE", f"/sessions/{listed[0]['id']}").status_code == 204
    assert phone.get("/session").status_code == 401
    assert ann.get("/session").status_code == 200
    assert ann.ask("DELETE", f"/sessions/{listed[0]['id']}").status_code == 404


def test_a_foreign_session_is_not_ended(ann, browsers):
    bob = browsers()
    bob.accept(ann.invite("bob@acme.example", "viewer"))
    mine = ann.get("/sessions").json()["items"][0]["id"]
    assert bob.ask("DELETE", f"/sessions/{mine}").status_code == 404
    assert ann.get("/session").status_code == 200


@pytest.mark.parametrize(
    "cookie", ["", "kotos_", "kotos_0000000000000_x", "koto_0000000000000_x", "kotos_\u00fc_x", "x" * 5000]
)
def test_what_is_no_session_opens_nothing(world, browsers, cookie):
    browser = browsers()
    headers = {"Cookie": f"koto_session={cookie}".encode()}
    assert browser.client.get("/api/v1/session", headers=headers).status_code == 401
    with pytest.raises(Unauthenticated):
        world.sessions.authenticate(cookie)


def test_a_session_with_another_secret_opens_nothing(ann, world):
    cookie = cookie_of(ann)
    world.sessions.authenticate(cookie)
    for _ in range(2):
        with pytest.raises(Unauthenticated):
            world.sessions.authenticate(cookie[:-4] + "AAAA")


def test_a_session_ends_when_it_is_old_and_when_nobody_uses_it(ann, world):
    cookie = cookie_of(ann)
    for _ in range(SIGNED_IN_SECONDS_MAX // SIGNED_IN_IDLE_SECONDS_MAX):
        world.clock.advance(SIGNED_IN_IDLE_SECONDS_MAX - 60)
        assert world.sessions.authenticate(cookie).person_id
    world.clock.advance(SIGNED_IN_SECONDS_MAX % SIGNED_IN_IDLE_SECONDS_MAX + 240)
    with pytest.raises(Unauthenticated):
        world.sessions.authenticate(cookie)


def test_an_idle_session_ends_and_is_swept_away(ann, world):
    world.clock.advance(SIGNED_IN_IDLE_SECONDS_MAX)
    with pytest.raises(Unauthenticated):
        world.sessions.authenticate(cookie_of(ann))
    world.sessions.prune()
    with world.records.read() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM person_sessions")).scalar_one() == 0


def test_another_process_takes_an_ended_session_for_two_seconds_at_most(ann, world):
    elsewhere = Sessions(world.records, world.clock)
    cookie = cookie_of(ann)
    caller = elsewhere.authenticate(cookie)
    world.sessions.end(caller.person_id, caller.session_id)
    with pytest.raises(Unauthenticated):
        world.sessions.authenticate(cookie)
    world.clock.advance(1.9)
    assert elsewhere.authenticate(cookie) == caller
    world.clock.advance(0.2)
    with pytest.raises(Unauthenticated):
        elsewhere.authenticate(cookie)


def test_too_many_sessions_end_the_one_unused_for_the_longest(ann, world):
    person = world.people.by_email("ann@acme.example")
    first = cookie_of(ann)
    cookies = []
    for _ in range(SESSIONS_PER_PERSON_MAX):
        world.clock.advance(1)
        cookies.append(world.sessions.begin(person.id, method="password", address="", agent="x" * 1000)[1])
    with pytest.raises(Unauthenticated):
        world.sessions.authenticate(first)
    assert all(world.sessions.authenticate(cookie) for cookie in cookies)
    assert len(world.sessions.list(person.id)) == SESSIONS_PER_PERSON_MAX


@pytest.mark.parametrize("records_kind", ["sqlite", "postgresql"], indirect=True)
def test_sessions_begun_at_once_are_all_begun_and_only_who_is_nobody_is_refused(ann, world):
    person = world.people.by_email("ann@acme.example")

    def begin(number):
        try:
            person_id = person.id if number % 5 else 1
            return world.sessions.begin(person_id, method="password", address="", agent=str(number))
        except NotFound:
            return None

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(begin, range(40)))
    assert [number for number, one in enumerate(found) if one is None] == list(range(0, 40, 5))
    begun = [one for one in found if one is not None]
    assert len({session.id for session, _ in begun}) == 32
    for session, cookie in begun:
        assert world.sessions.authenticate(cookie).session_id == session.id
    assert [int(session.agent) for session, _ in begun] == [number for number in range(40) if number % 5]


def test_a_session_acts_in_one_organisation_and_the_next_begins_there(ann, browsers):
    platform = next(
        one["organisation"]
        for one in ann.get("/session").json()["memberships"]
        if one["organisation"]["kind"] == "platform"
    )
    assert ann.get("/organisations").status_code == 403
    moved = ann.post("/session/organisation", {"organisation": platform["id"]})
    assert (moved.status_code, moved.json()["role"]) == (200, "platform-admin")
    assert {one["slug"] for one in ann.get("/organisations").json()["items"]} == {"acme", "platform"}
    assert browsers().sign_in("ann@acme.example").json()["organisation"]["kind"] == "platform"


def test_nobody_acts_where_they_are_no_member(ann, world):
    foreign = world.organisations.create("Foreign", "foreign")
    answer = ann.post("/session/organisation", {"organisation": format_id(foreign.id)})
    assert answer.status_code == 404
    assert ann.get("/organisation").json()["slug"] == "acme"


def test_a_key_is_nobody(ann):
    secret = ann.post("/keys", {"name": "all", "scopes": ["admin"]}).json()["secret"]
    with TestClient(ann.client.app) as key:
        key.headers["Authorization"] = f"Bearer {secret}"
        for path in ("/session", "/sessions", "/me"):
            assert key.get(f"/api/v1{path}").status_code == 403
        assert key.post("/api/v1/password/change", json={"old": "x", "new": "y"}).status_code == 403


def test_one_changes_what_one_says_of_oneself(ann):
    changed = ann.ask("PATCH", "/me", {"name": " Ann Kim ", "locale": "ko", "time_zone": "Asia/Seoul"})
    assert changed.status_code == 200
    assert ann.get("/me").json() == changed.json()
    assert (changed.json()["name"], changed.json()["locale"]) == ("Ann Kim", "ko")
    refused = ann.ask("PATCH", "/me", {"name": "A\nB", "locale": "xx", "time_zone": "Mars/Base"})
    assert refused.status_code == 422
    assert {fault["place"] for fault in refused.json()["faults"]} == {"name", "locale", "time_zone"}


def test_parsing_is_not_fooled_by_a_session_id_of_another(ann, world):
    listed = ann.get("/sessions").json()["items"][0]
    assert parse_id(listed["id"]) == world.sessions.authenticate(cookie_of(ann)).session_id
    asyncio.run(world.entrance.settle())
