"""Signing in with a device, by a device that can lie."""

from __future__ import annotations

import hashlib

import pytest
import sqlalchemy as sa
from authenticator import EDDSA, ES256, IS_SYNCED, MAY_BE_SYNCED, PRESENT, RS256, VERIFIED, Authenticator, data, text
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from monokoto.connect.passkeys import relying_party
from monokoto.kernel.clock import MICROSECONDS_PER_SECOND
from monokoto.kernel.errors import Conflict
from monokoto.kernel.limits import (
    PASSKEY_CHALLENGE_SECONDS,
    PASSKEYS_PER_PERSON_MAX,
)

ORIGIN = "https://koto.example"
PASSKEYS = "/passkeys"


def device(**more):
    return Authenticator(ORIGIN, **more)


def add(browser, authenticator, name="Phone"):
    """Add a passkey by the API; the answer."""
    options = browser.post(f"{PASSKEYS}/registration/options")
    assert options.status_code == 200, options.text
    body = {"credential": authenticator.create(options.json()), "name": name}
    return browser.post(f"{PASSKEYS}/registration", body)


def options_of(browser):
    answer = browser.post(f"{PASSKEYS}/authentication/options")
    assert answer.status_code == 200
    return answer.json()


def enter(browser, authenticator):
    """Sign in with a passkey; the answer."""
    return browser.post(f"{PASSKEYS}/authentication", {"credential": authenticator.get(options_of(browser))})


@pytest.fixture
def phone(ann):
    made = device()
    assert add(ann, made).status_code == 201
    return made


@pytest.mark.parametrize("records_kind", ["sqlite", "postgresql"], indirect=True)
@pytest.mark.parametrize("algorithm", [ES256, EDDSA, RS256])
def test_a_passkey_lets_its_person_in_without_a_name(ann, browsers, algorithm, world):
    phone = device(algorithm=algorithm)
    made = add(ann, phone)
    assert made.status_code == 201
    assert made.json()["last_used_at"] is None
    stranger = browsers()
    answer = enter(stranger, phone)
    assert answer.status_code == 201, answer.text
    assert answer.json()["person"]["email"] == "ann@acme.example"
    assert answer.json()["session"]["method"] == "passkey"
    assert stranger.get("/session").json()["role"] == "maker-admin"
    flags = answer.headers["set-cookie"].lower()
    assert "httponly" in flags
    assert "samesite=lax" in flags
    (shown,) = ann.get(PASSKEYS).json()["items"]
    assert shown["last_used_at"] is not None
    assert shown["doubted_at"] is None


def test_the_options_ask_for_a_key_that_stays_and_a_holder_who_is_verified(ann, browsers):
    options = ann.post(f"{PASSKEYS}/registration/options").json()["public_key"]
    assert options["rp"] == {"name": "Monokoto", "id": "koto.example"}
    chosen = options["authenticatorSelection"]
    assert (chosen["residentKey"], chosen["userVerification"]) == ("required", "required")
    assert options["attestation"] == "none"
    asked = options_of(browsers())["public_key"]
    assert (asked["rpId"], asked["userVerification"]) == ("koto.example", "required")
    assert not asked.get("allowCredentials"), "nobody is told whose passkeys there are"


def test_a_device_that_has_one_is_not_asked_for_another(ann, phone):
    options = ann.post(f"{PASSKEYS}/registration/options").json()["public_key"]
    assert [one["id"] for one in options["excludeCredentials"]] == [text(phone.credential)]
    assert add(ann, phone).status_code == 409


LIES = {
    "another origin": {"origin": "https://koto.example.evil"},
    "plain http": {"origin": "http://koto.example"},
    "another host": {"host": "evil.example"},
    "another ceremony": {"type": "payment.get"},
    "nobody there": {"flags": VERIFIED},
    "nobody verified": {"flags": PRESENT},
    "another handle": {"handle": (1).to_bytes(8, "big")},
    "a foreign credential": {"credential": b"x" * 32},
}


@pytest.mark.parametrize("lie", LIES)
def test_a_sign_in_that_lies_is_refused(ann, phone, browsers, lie):
    before = (phone.origin, phone.host, phone.type, phone.flags, phone.handle, phone.credential)
    for name, value in LIES[lie].items():
        setattr(phone, name, value)
    stranger = browsers()
    refused = enter(stranger, phone)
    assert refused.status_code == 401
    assert refused.json()["detail"] == "This passkey opens nothing here."
    assert "set-cookie" not in refused.headers
    phone.origin, phone.host, phone.type, phone.flags, phone.handle, phone.credential = before
    assert enter(stranger, phone).status_code == 201, "the lie alone was the reason"


@pytest.mark.parametrize("lie", [lie for lie in LIES if lie not in {"another handle", "a foreign credential"}])
def test_a_new_passkey_that_lies_is_not_kept(ann, lie):
    refused = add(ann, Authenticator(**({"origin": ORIGIN} | LIES[lie])))
    assert refused.status_code == 422
    assert ann.get(PASSKEYS).json()["items"] == []


def test_another_devices_signature_opens_nothing(ann, phone, browsers):
    other = device(credential=phone.credential, handle=phone.handle)
    other.key = type(phone.key)(ES256)
    assert enter(browsers(), other).status_code == 401


def test_an_answer_is_good_once(ann, phone, browsers):
    answer = {"credential": phone.get(options_of(browsers()))}
    assert browsers().post(f"{PASSKEYS}/authentication", answer).status_code == 201
    assert browsers().post(f"{PASSKEYS}/authentication", answer).status_code == 401
    options = ann.post(f"{PASSKEYS}/registration/options").json()
    body = {"credential": device().create(options), "name": "Key"}
    assert ann.post(f"{PASSKEYS}/registration", body).status_code == 201
    body = {"credential": device().create(options), "name": "Key"}
    assert ann.post(f"{PASSKEYS}/registration", body).status_code == 422


def test_a_wrong_answer_spends_its_challenge(ann, phone, browsers):
    options = options_of(browsers())
    right, wrong = phone.get(options), phone.get(options)
    wrong["response"]["signature"] = text(b"\x30\x06\x02\x01\x01\x02\x01\x01")
    assert browsers().post(f"{PASSKEYS}/authentication", {"credential": wrong}).status_code == 401
    assert browsers().post(f"{PASSKEYS}/authentication", {"credential": right}).status_code == 401


def test_a_challenge_is_good_for_minutes(ann, phone, browsers, world):
    enter(browsers(), phone)
    assert rows_of_answered(world)
    options = options_of(browsers())
    world.clock.advance(PASSKEY_CHALLENGE_SECONDS * MICROSECONDS_PER_SECOND)
    assert browsers().post(f"{PASSKEYS}/authentication", {"credential": phone.get(options)}).status_code == 401
    world.passkeys.prune()
    assert not rows_of_answered(world)


def test_a_challenge_nobody_gave_opens_nothing(ann, phone, browsers):
    given = data(options_of(browsers())["public_key"]["challenge"])
    later = given[:16] + (int.from_bytes(given[16:24], "big") + 1).to_bytes(8, "big") + given[24:]
    for made_up in (b"c" * 32, b"c" * len(given), later, given[:24], b""):
        options = options_of(browsers())
        options["public_key"]["challenge"] = text(made_up)
        assert browsers().post(f"{PASSKEYS}/authentication", {"credential": phone.get(options)}).status_code == 401


def test_a_challenge_serves_what_it_was_made_for_and_whom(ann, phone, browsers, world):
    bob = browsers()
    assert bob.accept(ann.invite("bob@acme.example", "viewer")).status_code == 200
    anns = ann.post(f"{PASSKEYS}/registration/options").json()
    body = {"credential": device().create(anns), "name": "Key"}
    assert bob.post(f"{PASSKEYS}/registration", body).status_code == 422, "another person's"
    registering = ann.post(f"{PASSKEYS}/registration/options").json()["public_key"]["challenge"]
    asked = {"public_key": {"challenge": registering, "rpId": "koto.example"}}
    assert browsers().post(f"{PASSKEYS}/authentication", {"credential": phone.get(asked)}).status_code == 401
    entering = options_of(ann)["public_key"]["challenge"]
    options = ann.post(f"{PASSKEYS}/registration/options").json()
    options["public_key"]["challenge"] = entering
    assert ann.post(f"{PASSKEYS}/registration", {"credential": device().create(options)}).status_code == 422


def test_a_counter_that_does_not_rise_is_refused_and_noted(ann, phone, browsers):
    assert enter(browsers(), phone).status_code == 201
    assert enter(browsers(), phone).status_code == 201
    phone.count -= 1  # as a copy would have it that was made before
    assert enter(browsers(), phone).status_code == 401
    (shown,) = ann.get(PASSKEYS).json()["items"]
    assert shown["doubted_at"] is not None
    assert enter(browsers(), phone).status_code == 201, "the device itself goes on counting"
    (shown,) = ann.get(PASSKEYS).json()["items"]
    assert shown["doubted_at"] is not None, "its person should still see it"


def test_a_device_that_does_not_count_is_taken(ann, browsers):
    synced = device(counts=False, flags=PRESENT | VERIFIED | MAY_BE_SYNCED | IS_SYNCED)
    assert add(ann, synced).json()["synced"] is True
    for _ in range(2):
        assert enter(browsers(), synced).status_code == 201


def test_ones_own_are_listed_named_and_removed(ann, phone, browsers):
    (shown,) = ann.get(PASSKEYS).json()["items"]
    assert shown["name"] == "Phone"
    path = f"{PASSKEYS}/{shown['id']}"
    assert ann.ask("PATCH", path, {"name": " Work   phone "}).json()["name"] == "Work phone"
    assert ann.ask("PATCH", path, {"name": " "}).status_code == 422
    bob = browsers()
    assert bob.accept(ann.invite("bob@acme.example", "maker-admin")).status_code == 200
    assert bob.get(PASSKEYS).json()["items"] == []
    assert bob.ask("PATCH", path, {"name": "Mine"}).status_code == 404
    assert bob.ask("DELETE", path).status_code == 404
    assert ann.ask("DELETE", path).status_code == 204
    assert ann.ask("DELETE", path).status_code == 404
    assert enter(browsers(), phone).status_code == 401


def test_a_change_needs_the_sessions_token_and_a_person(ann, phone):
    (shown,) = ann.get(PASSKEYS).json()["items"]
    assert ann.client.delete(f"/api/v1{PASSKEYS}/{shown['id']}").status_code == 403
    assert ann.client.post(f"/api/v1{PASSKEYS}/registration/options").status_code == 403
    key = ann.post("/keys", {"name": "ci", "scopes": ["admin"]}).json()["secret"]
    headers = {"Authorization": f"Bearer {key}"}
    assert ann.client.get(f"/api/v1{PASSKEYS}", headers=headers).status_code == 403, "a key is nobody"


def test_a_page_of_somebody_else_signs_nobody_in(ann, phone, browsers):
    body = {"credential": phone.get(options_of(browsers()))}
    foreign = {"Origin": "https://evil.example"}
    assert browsers().post(f"{PASSKEYS}/authentication", body, **foreign).status_code == 403
    assert browsers().post(f"{PASSKEYS}/authentication/options", **foreign).status_code == 403


def test_the_person_is_told_by_mail(ann, phone, world):
    mail = world.mails[-1]
    assert (mail.kind, mail.to) == ("way-in-added", "ann@acme.example")
    assert "Phone" in mail.text
    assert f"{ORIGIN}/console/account" in mail.text


def test_a_sign_in_is_recorded_as_its_persons(ann, phone, browsers, world):
    who = enter(browsers(), phone).json()
    recorded = next(one for one in world.recorded if one.action == "signInWithPasskey")
    assert recorded.status == 201
    assert recorded.caller.person_id is not None
    assert who["person"]["email"] == "ann@acme.example"
    assert recorded.caller.organisation_id == world.people.get(recorded.caller.person_id).organisation_id


def test_nobody_has_more_than_they_may(ann, world):
    for _ in range(PASSKEYS_PER_PERSON_MAX):
        assert add(ann, device()).status_code == 201
    assert ann.post(f"{PASSKEYS}/registration/options").status_code == 409


def test_a_stranger_who_asks_fills_no_table(ann, browsers, world):
    for _ in range(3):
        options_of(browsers())
    assert not rows_of_answered(world)


@pytest.mark.parametrize(
    ("address", "host", "origin"),
    [
        ("https://koto.example", "koto.example", "https://koto.example"),
        ("https://Koto.example:443/base", "koto.example", "https://koto.example"),
        ("https://koto.example:8443", "koto.example", "https://koto.example:8443"),
        ("http://127.0.0.1:8080", "localhost", "http://localhost:8080"),
        ("http://[::1]:8080", "localhost", "http://localhost:8080"),
        ("https://localhost", "localhost", "https://localhost"),
    ],
)
def test_where_passkeys_work(address, host, origin):
    us = relying_party(address)
    assert (us.id, us.origin) == (host, origin)


@pytest.mark.parametrize(
    "address", ["http://koto.example", "https://192.0.2.7", "http://10.0.0.1:8080", "https://[2001:db8::1]"]
)
def test_where_they_do_not(ann, world, address):
    with pytest.raises(Conflict):
        relying_party(address)
    world.address = address
    refused = ann.get(f"{PASSKEYS}/relying-party")
    assert refused.status_code == 409
    assert "api.public_url" in refused.json()["remedy"]
    assert ann.post(f"{PASSKEYS}/registration/options").status_code == 409


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(where=st.sampled_from(["clientDataJSON", "authenticatorData", "signature", "userHandle", "attestationObject"]),
       junk=st.binary(max_size=80), cut=st.integers(0, 60))  # fmt: skip
def test_junk_is_refused_and_breaks_nothing(ann, phone, browsers, where, junk, cut):
    creating = where == "attestationObject"
    options = ann.post(f"{PASSKEYS}/registration/options").json() if creating else options_of(ann)
    answer = device().create(options) if creating else phone.get(options)
    whole = data(answer["response"][where])
    spoilt = whole[:cut] + junk
    assume(spoilt != whole)
    answer["response"][where] = text(spoilt) or "x"
    path = f"{PASSKEYS}/{'registration' if creating else 'authentication'}"
    refused = ann.post(path, {"credential": answer})
    assert refused.status_code in {401, 422}, refused.text


def test_an_answered_challenge_is_kept_as_a_digest(ann, phone, browsers, world):
    options = options_of(browsers())
    challenge = data(options["public_key"]["challenge"])
    assert browsers().post(f"{PASSKEYS}/authentication", {"credential": phone.get(options)}).status_code == 201
    kept = [row.digest for row in rows_of_answered(world)]
    assert hashlib.sha256(challenge).digest() in kept
    assert challenge not in kept


def rows_of_answered(world):
    with world.records.read() as connection:
        return connection.execute(sa.text("SELECT * FROM passkey_answered_challenges")).all()
