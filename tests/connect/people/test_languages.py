"""The language of people: the one they chose, else the one they were seen with last; mails go in it."""

from __future__ import annotations

import pytest
from people_making import PASSWORD

EMAIL = "ann@acme.example"


def language_of(browser, accept=""):
    """As the session says it to a browser that asks for this."""
    person = browser.ask("GET", "/session", **({"Accept_Language": accept} if accept else {})).json()["person"]
    return person["locale"], person["locale_chosen"]


def test_whoever_chose_no_language_is_followed_until_they_choose_one(ann, browsers):
    bob = browsers()
    asked = {"token": ann.invite("bob@acme.example", "operator"), "name": "Bob", "password": PASSWORD}
    joined = bob.post("/invitations/accept", asked, Accept_Language="ko-KR,ko;q=0.9,en;q=0.5").json()
    assert (joined["signed_in"]["person"]["locale"], joined["signed_in"]["person"]["locale_chosen"]) == ("ko", False)
    assert language_of(bob) == ("ko", False), "a program that asks for none changes nothing"
    assert language_of(bob, "fr") == ("ko", False), "nor does one that is none of ours"
    assert language_of(bob, "en-GB") == ("en", False)
    bob.ask("PATCH", "/me", {"locale": "ko"})
    assert language_of(bob, "en-GB") == ("ko", True)
    bob.ask("PATCH", "/me", {"name": "Bobby"})
    assert language_of(bob, "en-GB") == ("ko", True), "a choice stays when something else changes"
    bob.ask("PATCH", "/me", {"locale": ""})
    assert language_of(bob) == ("ko", False)
    assert language_of(bob, "en-GB") == ("en", False), "a choice taken back is followed again"


def test_a_language_said_on_the_way_in_is_a_choice(ann, browsers):
    bob = browsers()
    bob.accept(ann.invite("bob@acme.example", "operator"), locale="ko")
    assert language_of(bob, "en") == ("ko", True)


def test_mails_go_in_the_language_somebody_was_seen_with_last(ann, world, browsers):
    ann.post("/session", {"email": EMAIL, "password": PASSWORD}, Accept_Language="ko")
    browsers().post("/password/forgotten", {"email": EMAIL}, Accept_Language="en")
    settle(ann, world, 1)
    assert world.mails[-1].subject == "Monokoto 비밀번호 재설정", (
        "whoever asks may be anybody: the person's language holds"
    )


@pytest.mark.parametrize(
    ("accept", "subject"), [("ko-KR", "Monokoto에서 내 기기 관리하기"), ("fr", "Your units on Monokoto")]
)
def test_whoever_signs_up_is_answered_in_the_language_they_ask_for(ann, world, browsers, accept, subject):
    world.entrance.sign_up_open = True
    browsers().post("/sign-up", {"email": "eve@home.example"}, Accept_Language=accept)
    settle(ann, world, 1)
    assert world.mails[-1].subject == subject


def settle(ann, world, mails):
    """Ask something until the errands begun by requests have posted as many mails."""
    for _ in range(2000):
        if len(world.mails) >= mails:
            return
        ann.get("/roles")
    raise AssertionError(f"{len(world.mails)} mails, not {mails}")
