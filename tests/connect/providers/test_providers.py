"""Signing in with an account elsewhere, at a provider that can lie."""

from __future__ import annotations

import asyncio
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
import sqlalchemy as sa
from joserfc import jwk
from provider_server import CLIENT

from monokoto.kernel.clock import MICROSECONDS_PER_SECOND
from monokoto.kernel.limits import PROVIDER_ANSWER_BYTES_MAX, PROVIDER_SIGN_IN_SECONDS

ANN = {"sub": "a-1", "email": "Ann@acme.example", "email_verified": True, "name": "Ann Elsewhere"}
BOB = {"sub": "b-2", "email": "bob@acme.example", "email_verified": True, "name": "Bob", "locale": "ko-KR",
       "zoneinfo": "Asia/Seoul"}  # fmt: skip


def leave(browser, name="sso", way="sign-in", **body):
    """Begin; where the browser is sent."""
    answer = browser.post(f"/providers/{name}/{way}", body)
    assert answer.status_code == 200, answer.text
    return answer.json()["location"]


def back(browser, told, name="sso", way="sign-in"):
    return browser.post(f"/providers/{name}/{way}/answer", told)


def enter(browser, elsewhere, claims=None, name="sso", **body):
    """All of the way; the last answer."""
    if claims is not None:
        elsewhere.claims = claims
    return back(browser, elsewhere.agree(leave(browser, name, **body)), name)


def link(browser, elsewhere, claims, name="sso"):
    elsewhere.claims = claims
    return back(browser, elsewhere.agree(leave(browser, name, "link")), name, "link")


@pytest.fixture
def linked(ann, world):
    """Ann, whose account elsewhere is linked."""
    answer = link(ann, world.sso, ANN)
    assert answer.status_code == 201, answer.text
    return ann


def test_the_way_there_carries_what_it_must(ann, browsers, world):
    location = leave(browsers(), onward="/console/units")
    asked = dict(parse_qsl(urlsplit(location).query))
    assert asked["redirect_uri"] == "https://koto.example/console/sign-in/back/sso"
    assert asked["client_id"] == CLIENT
    assert asked["scope"].split() == ["openid", "email", "profile"]
    assert asked["code_challenge_method"] == "S256"
    assert len(asked["code_challenge"]) == 43
    assert len({asked["state"], asked["nonce"], asked["code_challenge"]}) == 3


@pytest.mark.parametrize("records_kind", ["sqlite", "postgresql"], indirect=True)
def test_a_linked_account_lets_its_person_in(linked, browsers, world):
    stranger = browsers()
    answer = enter(stranger, world.sso, onward="/console/units")
    assert answer.status_code == 200, answer.text
    assert answer.json()["onward"] == "/console/units"
    who = stranger.get("/session").json()
    assert (who["person"]["name"], who["role"], who["session"]["method"]) == ("Ann", "maker-admin", "openid")
    assert "koto_provider" not in stranger.client.cookies, "the way is over"
    recorded = [one for one in world.recorded if one.action in {"signInWithProvider", "createProviderAccount"}]
    assert [one.action for one in recorded] == ["createProviderAccount", "signInWithProvider"]
    assert len({one.caller.person_id for one in recorded}) == 1


def test_what_the_provider_tells_elsewhere_counts_too(ann, browsers, world):
    world.sso.in_userinfo = True
    assert link(ann, world.sso, ANN).status_code == 201
    assert enter(browsers(), world.sso).status_code == 200


def test_what_is_said_of_somebody_else_does_not(ann, world):
    world.sso.in_userinfo = True
    world.sso.forged = {"sub": "evil"}
    assert link(ann, world.sso, ANN).status_code == 409


def test_nobody_is_taken_over_by_an_e_mail_address(ann, browsers, world):
    stranger = browsers()
    refused = enter(stranger, world.sso, ANN)
    assert refused.status_code == 409
    assert "link" in refused.json()["remedy"]
    assert "koto_session" not in stranger.client.cookies
    refused = enter(stranger, world.open, ANN, name="open")
    assert refused.status_code == 409, "nor where newcomers are taken"


@pytest.mark.parametrize(
    "claims",
    [
        {"sub": "a-1"},
        {**ANN, "email": "eve@acme.example"},
        *({**ANN, "email_verified": said} for said in (False, "false", None, 1, [True])),
    ],
)
def test_only_ones_own_verified_address_is_linked(ann, world, claims):
    assert link(ann, world.sso, claims).status_code == 409
    assert ann.get("/provider-accounts").json()["items"] == []


def test_an_account_is_one_persons(linked, browsers, world):
    bob = browsers()
    assert bob.accept(linked.invite("bob@acme.example", "viewer")).status_code == 200
    assert link(bob, world.sso, {**BOB, "sub": ANN["sub"]}).status_code == 409


def test_somebody_unknown_stays_out(ann, browsers, world):
    stranger = browsers()
    assert enter(stranger, world.sso, BOB).status_code == 403
    assert "koto_session" not in stranger.client.cookies
    assert world.people.by_email("bob@acme.example") is None


def test_an_invitation_is_accepted_with_an_account(ann, browsers, world):
    bob, token = browsers(), ann.invite("bob@acme.example", "operator")
    answer = enter(bob, world.sso, BOB, invitation=token)
    assert answer.status_code == 200, answer.text
    who = bob.get("/session").json()
    assert (who["person"]["name"], who["role"], who["person"]["locale"]) == ("Bob", "operator", "ko")
    assert who["person"]["time_zone"] == "Asia/Seoul"
    assert who["person"]["has_password"] is False
    assert [fact.data["role"] for fact in world.facts.told] == ["operator"]
    assert enter(browsers(), world.sso, BOB).status_code == 200, "and signs in with it from then on"
    assert enter(browsers(), world.sso, BOB, invitation=token).status_code == 404, "the invitation is used"


def test_an_invitation_of_somebody_known_links_their_account(ann, browsers, world):
    bob = browsers()
    assert bob.accept(ann.invite("bob@acme.example", "viewer")).status_code == 200
    world.organisations.create("Beta", "beta")
    beta = world.organisations.by_slug("beta")
    _, token = world.invitations.invite_first(beta, "bob@acme.example")
    guest = browsers()
    assert enter(guest, world.sso, BOB, invitation=token).status_code == 200
    who = guest.get("/session").json()
    assert who["organisation"]["slug"] == "beta"
    assert {one["organisation"]["slug"] for one in who["memberships"]} == {"acme", "beta"}
    assert world.mails[-1].kind == "way-in-added"


@pytest.mark.parametrize("claims", [ANN, {**BOB, "email_verified": False}, {"sub": "b-2"}])
def test_an_invitation_is_for_its_verified_address(ann, browsers, world, claims):
    token = ann.invite("bob@acme.example", "operator")
    assert enter(browsers(), world.sso, claims, invitation=token).status_code == 409
    assert world.people.by_email("bob@acme.example") is None


def test_newcomers_of_a_named_domain_come_in_where_the_settings_say_so(ann, browsers, world):
    bob = browsers()
    assert enter(bob, world.open, BOB, name="open").status_code == 200
    who = bob.get("/session").json()
    assert (who["organisation"]["slug"], who["role"]) == ("acme", "viewer")
    assert world.facts.told[-1].data["role"] == "viewer"
    for claims in ({**BOB, "sub": "c", "email": "carl@acme.example.evil"}, {"sub": "d"},
                   {**BOB, "sub": "e", "email": "dora@acme.example", "email_verified": False}):  # fmt: skip
        assert enter(browsers(), world.open, claims, name="open").status_code == 403


def test_an_account_that_left_the_domain_is_not_taken(ann, browsers, world):
    assert enter(browsers(), world.open, BOB, name="open").status_code == 200
    assert enter(browsers(), world.open, {**BOB, "email": "bob@elsewhere.example"}, name="open").status_code == 403


FORGED = {
    "wrong nonce": {"nonce": "another"},
    "no nonce": {"nonce": None},
    "another issuer": {"iss": "https://evil.example"},
    "another audience": {"aud": "another-client"},
    "no audience": {"aud": None},
    "several audiences, not said for whom": {"aud": [CLIENT, "another-client"]},
    "said to be for another": {"azp": "another-client"},
    "no subject": {"sub": None},
    "a subject that is no text": {"sub": 7},
    "no end": {"exp": None},
    "another access token": {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
}


@pytest.mark.parametrize("forgery", FORGED)
def test_a_token_that_does_not_hold_opens_nothing(linked, browsers, world, forgery):
    world.sso.forged = FORGED[forgery]
    stranger = browsers()
    assert enter(stranger, world.sso).status_code == 403
    assert "koto_session" not in stranger.client.cookies
    world.sso.forged = {}
    assert enter(stranger, world.sso).status_code == 200, "the forgery alone was the reason"


def test_a_token_that_has_expired_opens_nothing(linked, browsers, world):
    now = world.clock.now() // MICROSECONDS_PER_SECOND
    world.sso.forged = {"exp": now - 120, "iat": now - 400}
    assert enter(browsers(), world.sso).status_code == 403
    world.sso.forged = {"iat": now + 600, "exp": now + 900}
    assert enter(browsers(), world.sso).status_code == 403


def test_a_token_signed_by_somebody_else_opens_nothing(linked, browsers, world):
    world.sso.signs_with = jwk.RSAKey.generate_key(2048, {"kid": "one"})
    assert enter(browsers(), world.sso).status_code == 403
    world.sso.signs_with = jwk.OctKey.import_key("s3cret & more" * 4, {"kid": "one"})
    world.sso.algorithm = "HS256"
    assert enter(browsers(), world.sso).status_code == 403, "a shared secret proves nothing"


def test_an_unsigned_token_opens_nothing(linked, browsers, world, monkeypatch):
    import base64  # noqa: PLC0415

    from provider_server import jwt  # noqa: PLC0415

    real = jwt.encode

    def unsigned(header, claims, key, **more):
        _, body, _ = real(header, claims, key, **more).split(".")
        head = base64.urlsafe_b64encode(b'{"alg":"none","kid":"one"}').rstrip(b"=").decode()
        return f"{head}.{body}."

    monkeypatch.setattr(jwt, "encode", unsigned)
    assert enter(browsers(), world.sso).status_code == 403


def test_keys_may_be_rotated(linked, browsers, world, monkeypatch):
    from monokoto.connect.providers import wire  # noqa: PLC0415

    assert enter(browsers(), world.sso).status_code == 200
    world.sso.rotate("two")
    asked = world.sso.asked.count(("GET", "/keys"))
    assert enter(browsers(), world.sso).status_code == 403, "keys are not asked for at every unknown name"
    assert world.sso.asked.count(("GET", "/keys")) == asked
    monkeypatch.setattr(wire, "PROVIDER_KEYS_SECONDS_MIN", 0)
    assert enter(browsers(), world.sso).status_code == 200
    assert world.sso.asked.count(("GET", "/keys")) == asked + 1


def test_an_answer_counts_once_and_where_it_was_begun(linked, browsers, world):
    victim, thief = browsers(), browsers()
    told = world.sso.agree(leave(victim))
    assert back(thief, told).status_code == 403, "no cookie"
    leave(thief)
    assert back(thief, told).status_code == 403, "another cookie"
    assert back(victim, {**told, "state": told["state"][:-1] + "x"}).status_code == 403
    assert back(victim, {**told, "state": "link." + told["state"].partition(".")[2]}).status_code == 403
    assert back(victim, told).status_code == 200
    assert back(victim, told).status_code == 403


def test_a_way_takes_minutes_at_most(linked, browsers, world):
    stranger = browsers()
    told = world.sso.agree(leave(stranger))
    world.clock.advance((PROVIDER_SIGN_IN_SECONDS + 1) * MICROSECONDS_PER_SECOND)
    assert back(stranger, told).status_code == 403


def test_answers_of_two_providers_are_not_mixed_up(linked, browsers, world):
    stranger = browsers()
    told = world.sso.agree(leave(stranger))
    assert back(stranger, told, name="open").status_code == 403, "come back at another's address"
    stranger = browsers()
    told = world.sso.agree(leave(stranger))
    assert back(stranger, {**told, "iss": world.open.issuer}).status_code == 403, "it says it is another"
    stranger = browsers()
    told = world.sso.agree(leave(stranger))
    assert back(stranger, {"state": told["state"], "code": told["code"]}).status_code == 403, "it did not say, and can"
    assert ("POST", "/token") not in world.open.asked


def test_linking_counts_in_the_session_that_began_it(ann, browsers, world):
    bob = browsers()
    assert bob.accept(ann.invite("bob@acme.example", "viewer")).status_code == 200
    world.sso.claims = BOB
    told = world.sso.agree(leave(ann, way="link"))
    bob.client.cookies.set("koto_provider", ann.client.cookies["koto_provider"], domain="testserver.local")
    assert back(bob, told, way="link").status_code == 403
    assert back(bob, told).status_code == 403, "nor does it sign anybody in"
    assert ann.client.post("/api/v1/providers/sso/link", json={}).status_code == 403, "it needs the session's token"


def test_a_provider_that_is_away_is_said_and_passwords_go_on(linked, browsers, world):
    stranger = browsers()
    told = world.sso.agree(leave(stranger))
    world.sso.away = True
    refused = back(stranger, told)
    assert refused.status_code == 503
    assert "Acme ID" in refused.json()["detail"]
    assert stranger.sign_in("ann@acme.example").status_code == 201


def test_a_provider_that_was_never_there_is_said(ann, browsers, world):
    world.open.away = True
    refused = browsers().post("/providers/open/sign-in", {})
    assert refused.status_code == 503
    assert browsers().post("/providers/nobody/sign-in", {}).status_code == 404


@pytest.mark.parametrize("lie", [{"issuer": "https://evil.example"}, {"token_endpoint": "http://id.example/token"},
                                 {"jwks_uri": 7}, {"x": "y" * PROVIDER_ANSWER_BYTES_MAX}])  # fmt: skip
def test_a_provider_that_describes_itself_wrongly_is_not_used(ann, browsers, world, lie):
    world.sso.claims, world.sso.description = ANN, lie
    stranger = browsers()
    begun = stranger.post("/providers/sso/sign-in", {})
    if begun.status_code == 200:
        begun = back(stranger, world.sso.agree(begun.json()["location"]))
    assert begun.status_code == 503


def test_a_refusal_of_the_provider_is_said_without_its_words(linked, browsers, world):
    stranger = browsers()
    told = world.sso.agree(leave(stranger))
    refused = back(stranger, {"state": told["state"], "iss": told["iss"], "error": "access_denied<b>"})
    assert refused.status_code == 403
    assert "<b>" not in refused.text


def test_ones_own_are_listed_and_removed(linked, browsers, world):
    (shown,) = linked.get("/provider-accounts").json()["items"]
    assert (shown["issuer"], shown["email"]) == ("https://id.example", "Ann@acme.example")
    bob = browsers()
    assert bob.accept(linked.invite("bob@acme.example", "maker-admin")).status_code == 200
    path = f"/provider-accounts/{shown['id']}"
    assert bob.get("/provider-accounts").json()["items"] == []
    assert bob.ask("DELETE", path).status_code == 404
    assert linked.ask("DELETE", path).status_code == 204
    assert enter(browsers(), world.sso, ANN).status_code == 409


def test_the_person_is_told_by_mail(linked, world):
    assert world.mails[-1].kind == "way-in-added"
    assert "Acme ID" in world.mails[-1].text


def test_no_secret_of_a_way_is_kept(linked, world):
    with world.records.read() as connection:
        rows = str(connection.execute(sa.text("SELECT * FROM provider_accounts")).all())
    assert "s3cret" not in rows
    assert "eyJ" not in rows


def test_the_cookie_of_a_way_is_read_by_no_script(ann, browsers):
    answer = browsers().post("/providers/sso/sign-in", {})
    flags = answer.headers["set-cookie"].lower()
    assert "httponly" in flags
    assert "samesite=lax" in flags
    assert answer.headers["cache-control"] == "no-store"


def test_who_waits_too_long_gives_up(ann, world, monkeypatch):
    from monokoto.connect.providers import wire  # noqa: PLC0415
    from monokoto.connect.providers.provider import Provider  # noqa: PLC0415
    from monokoto.kernel.errors import Unavailable  # noqa: PLC0415

    async def silent(_request: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(wire, "PROVIDER_SECONDS_MAX", 0.05)
    line = wire.Wire(
        Provider(name="x", title="X", issuer="https://x.example", client_id="x"), httpx.MockTransport(silent)
    )
    with pytest.raises(Unavailable):
        asyncio.run(line.description())
