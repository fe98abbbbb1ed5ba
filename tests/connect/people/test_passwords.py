"""Passwords: guessed, forgotten, changed; and that nobody learns who is there."""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from string import Formatter

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from monokoto.connect.people import LETTERS, LOCALES, Delays, Entrance, Passwords, Refused, Visitor, faults_of_password
from monokoto.connect.people.delays import site_of
from monokoto.connect.people.password import MEMORY_KIB, PASSES
from monokoto.kernel.errors import TooMany, Unavailable
from monokoto.kernel.limits import (
    PASSWORD_LINK_SECONDS,
    PASSWORD_LINKS_PER_HOUR_MAX,
    SIGN_IN_DELAY_SECONDS_MAX,
    SIGN_IN_FAILURES_FORGOTTEN_SECONDS,
    SIGN_IN_FAILURES_FREE,
    SIGN_IN_FAILURES_PER_ADDRESS_FREE,
    SIGN_INS_PER_ACCOUNT_MAX,
    SIGN_INS_WAITING_MAX,
)

PASSWORD = "correct horse battery"
HERE = Visitor("192.0.2.1", "test")


def settle(ann, world, mails):
    """Ask something until the errands begun by requests have posted as many mails."""
    for _ in range(2000):
        if len(world.mails) >= mails:
            return
        ann.get("/roles")
    raise AssertionError(f"{len(world.mails)} mails, not {mails}")


@pytest.mark.parametrize(
    "text",
    [
        "short", "x" * 257, "password123", "Passw0rd!!", "1234567890", "qwertyuiop", "aaaaaaaaaaaa", "abcabcabcabc",
        "letmein12345", "P@ssw0rd2024", "0987654321", "iloveyou!!!1", "ann@acme.example", "administrator1",
    ],
)  # fmt: skip
def test_what_anybody_would_try_is_no_password(text):
    assert [fault.place for fault in faults_of_password(text, email="ann@acme.example")] == ["password"]


@pytest.mark.parametrize("text", [PASSWORD, "오늘은 날씨가 참 좋다", "x9$kQ2!vLm", "mein Hund heißt Otto"])
def test_what_few_would_try_is_one(text):
    assert faults_of_password(text, email="ann@acme.example") == []


@given(st.text(max_size=300))
def test_any_text_is_judged(text):
    assert len(faults_of_password(text)) <= 1


def test_the_parameters_are_those_owasp_asks_for_at_least():
    made = asyncio.run(Passwords().hashed(PASSWORD))
    assert made.startswith("$argon2id$v=19$")
    # OWASP Password Storage Cheat Sheet: m=47104 t=1, 19456 t=2, 12288 t=3, 9216 t=4, 7168 t=5, p=1
    sets = {47104: 1, 19456: 2, 12288: 3, 9216: 4, 7168: 5}
    assert any(memory <= MEMORY_KIB and passes <= PASSES for memory, passes in sets.items())
    assert f"m={MEMORY_KIB},t={PASSES},p=1" in made


def test_the_same_password_typed_on_another_keyboard_is_the_same(world):
    async def story():
        kept = await world.passwords.hashed("Zürich-Würfel-99")
        assert await world.passwords.matches(kept, "Zu\u0308rich-Wu\u0308rfel-99")
        assert not await world.passwords.matches(kept, "Zurich-Wurfel-99")
        assert not await world.passwords.matches("not a hash", "Zürich-Würfel-99")

    asyncio.run(story())


def test_hashing_is_bounded_and_steps_back():
    async def story():
        passwords = Passwords(memory_kib=8, passes=1, workers=1)
        kept = await passwords.hashed(PASSWORD)
        all_at_once = (passwords.matches(kept, PASSWORD) for _ in range(SIGN_INS_WAITING_MAX + 10))
        found = await asyncio.gather(*all_at_once, return_exceptions=True)
        assert sum(isinstance(one, TooMany) for one in found) == 10
        assert sum(one is True for one in found) == SIGN_INS_WAITING_MAX
        niceness = await passwords._work(lambda: os.getpriority(os.PRIO_PROCESS, 0))
        assert niceness >= os.getpriority(os.PRIO_PROCESS, 0)
        passwords.close()

    asyncio.run(story())


def test_whether_somebody_is_there_is_not_told_and_costs_the_same(ann, browsers, world):
    told = []
    for email in ("ann@acme.example", "nobody@acme.example", "not an address"):
        before = world.passwords.computed
        answer = browsers().sign_in(email, "a wrong password")
        told.append((answer.status_code, answer.content, dict(answer.headers), world.passwords.computed - before))
    assert told[0] == told[1] == told[2]
    assert told[0][0] == 401
    assert told[0][3] == 1, "one hash each"


def test_a_person_without_a_password_is_answered_like_nobody(ann, browsers, world):
    with world.records.write() as connection:
        connection.execute(sa.text("UPDATE persons SET password = NULL"))
    before = world.passwords.computed
    assert browsers().sign_in("ann@acme.example").status_code == 401
    assert world.passwords.computed - before == 1


def test_who_guesses_waits_longer_and_longer_even_with_the_right_password(ann, browsers, world):
    waits = []
    for _ in range(SIGN_IN_FAILURES_FREE + 14):
        answer = browsers().sign_in("ann@acme.example", "a wrong password")
        assert answer.status_code == 401
        waits.append(int(answer.headers.get("retry-after", 0)))
        refused = browsers().sign_in("ann@acme.example")
        if waits[-1]:
            assert (refused.status_code, refused.json()) == (401, answer.json())
            assert int(refused.headers["retry-after"]) == waits[-1]
            world.clock.advance(waits[-1])
        else:
            # The right password in between begins the count anew.
            assert refused.status_code == 201
            with world.records.write() as connection:
                connection.execute(sa.text("DELETE FROM sign_in_delays"))
            for _ in range(len(waits)):
                world.delays.failed("ann@acme.example", "testclient")
    assert waits[:SIGN_IN_FAILURES_FREE] == [0] * SIGN_IN_FAILURES_FREE
    growing = waits[SIGN_IN_FAILURES_FREE:]
    assert growing[:4] == [2, 4, 8, 16]
    assert max(growing) == growing[-1] == SIGN_IN_DELAY_SECONDS_MAX


def test_a_locked_account_computes_nothing_and_an_unknown_one_locks_alike(ann, browsers, world):
    for email in ("ann@acme.example", "nobody@acme.example"):
        for _ in range(SIGN_IN_FAILURES_FREE + 1):
            answer = browsers().sign_in(email, "a wrong password")
        assert answer.headers["retry-after"] == "2"
        before = world.passwords.computed
        assert browsers().sign_in(email, "a wrong password").headers["retry-after"] == "2"
        assert world.passwords.computed == before


def test_an_address_that_tries_many_accounts_waits_for_all(world):
    async def guess(email, address="198.51.100.7"):
        with pytest.raises(Refused) as caught:
            await world.entrance.sign_in(email, "a wrong password", Visitor(address, ""))
        return caught.value.retry_after_seconds

    async def story():
        waits = [await guess(f"person{number}@acme.example") for number in range(SIGN_IN_FAILURES_PER_ADDRESS_FREE + 1)]
        assert waits[:-1] == [0] * SIGN_IN_FAILURES_PER_ADDRESS_FREE
        assert waits[-1] == 2
        assert await guess("one-more@acme.example") == 2
        assert await guess("one-more@acme.example", "198.51.100.8") == 0

    asyncio.run(story())


def test_many_guesses_at_once_are_looked_at_one_after_the_other(ann, world):
    async def story():
        tries = [world.entrance.sign_in("ann@acme.example", f"wrong password {number}", HERE) for number in range(200)]
        found = await asyncio.gather(*tries, return_exceptions=True)
        assert all(isinstance(one, Refused) for one in found)

    before = world.passwords.computed
    asyncio.run(story())
    assert world.passwords.computed - before <= SIGN_INS_PER_ACCOUNT_MAX


def test_delays_outlive_a_restart_hold_in_every_process_and_are_forgotten(world):
    for _ in range(SIGN_IN_FAILURES_FREE + 3):
        world.delays.failed("ann@acme.example", "192.0.2.1")
    elsewhere = Delays(world.records, world.clock)
    assert elsewhere.seconds("ANN@acme.example ", "203.0.113.9") == 8
    world.clock.advance(SIGN_IN_FAILURES_FORGOTTEN_SECONDS + 1)
    elsewhere.failed("ann@acme.example", "192.0.2.1")
    assert world.delays.seconds("ann@acme.example", "192.0.2.1") == 0
    world.clock.advance(SIGN_IN_FAILURES_FORGOTTEN_SECONDS + 1)
    world.delays.prune()
    with world.records.read() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM sign_in_delays")).scalar_one() == 0


@pytest.mark.parametrize("records_kind", ["sqlite", "postgresql"], indirect=True)
def test_failures_at_once_are_all_counted(world):
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: world.delays.failed("a@b.example", f"192.0.2.{number}"), range(20)))
    with world.records.read() as connection:
        found = sorted(connection.execute(sa.text("SELECT failures FROM sign_in_delays")).scalars())
    assert found == [1] * 20 + [20]


def test_a_household_of_ipv6_addresses_is_one_address():
    assert site_of("2001:db8:1:2::1") == site_of("2001:db8:1:2:ffff::9") != site_of("2001:db8:1:3::1")
    assert site_of("192.0.2.1") != site_of("192.0.2.2")
    assert site_of("::ffff:192.0.2.1") != site_of("::ffff:192.0.2.2")
    assert site_of("testclient") == "testclient"


def test_a_forgotten_password_is_set_by_a_mailed_link_and_ends_every_session(ann, browsers, world):
    laptop = browsers()
    laptop.sign_in("ann@acme.example")
    for _ in range(SIGN_IN_FAILURES_FREE + 5):
        world.delays.failed("ann@acme.example", "203.0.113.1")
    assert browsers().post("/password/forgotten", {"email": "Ann@acme.example"}).status_code == 202
    settle(ann, world, 1)
    token = world.token("new-password")
    stranger = browsers()
    assert stranger.post("/password/reset", {"token": token, "password": "short"}).status_code == 422
    assert stranger.post("/password/reset", {"token": token, "password": "a brand new one"}).status_code == 204
    for browser in (ann, laptop):
        assert browser.get("/session").status_code == 401
    assert browsers().sign_in("ann@acme.example").status_code == 401
    assert browsers().sign_in("ann@acme.example", "a brand new one").status_code == 201, "the lock is lifted"
    assert stranger.post("/password/reset", {"token": token, "password": "once more again"}).status_code == 404
    assert world.mails[-1].kind == "password-changed"


def test_a_link_for_a_new_password_ends_after_an_hour(ann, world, browsers):
    person = world.people.by_email("ann@acme.example")
    secret, until = world.links.offer(person.id)
    with world.records.read() as connection:
        assert secret not in str(connection.execute(sa.text("SELECT * FROM password_links")).all())
    world.clock.advance(PASSWORD_LINK_SECONDS)
    assert until == world.clock.now()
    assert browsers().post("/password/reset", {"token": secret, "password": "a brand new one"}).status_code == 404
    world.links.prune()


def test_nobody_is_flooded_with_links(ann, world):
    person = world.people.by_email("ann@acme.example")
    offered = [world.links.offer(person.id) for _ in range(PASSWORD_LINKS_PER_HOUR_MAX + 2)]
    assert sum(one is not None for one in offered) == PASSWORD_LINKS_PER_HOUR_MAX
    world.clock.advance(3601)
    assert world.links.offer(person.id)


def test_a_forgotten_password_of_nobody_is_answered_alike(ann, browsers, world):
    answers = [
        browsers().post("/password/forgotten", {"email": email})
        for email in ("nobody@acme.example", "ann@acme.example")
    ]
    assert answers[0].status_code == answers[1].status_code == 202
    assert answers[0].content == answers[1].content
    settle(ann, world, 1)
    assert [mail.to for mail in world.mails] == ["ann@acme.example"]


def test_a_dead_mail_does_not_fail_anybody(ann, browsers, world):
    def full(_message):
        raise Unavailable("The disk is full.")

    world.letters._post = full
    assert browsers().post("/password/forgotten", {"email": "ann@acme.example"}).status_code == 202
    changed = ann.post("/password/change", {"old": PASSWORD, "new": "a brand new one"})
    assert changed.status_code == 204
    assert browsers().sign_in("ann@acme.example", "a brand new one").status_code == 201


def test_a_changed_password_ends_the_other_sessions(ann, browsers, world):
    laptop = browsers()
    laptop.sign_in("ann@acme.example")
    assert ann.post("/password/change", {"old": "a wrong password", "new": "a brand new one"}).status_code == 401
    weak = ann.post("/password/change", {"old": PASSWORD, "new": "password123"})
    assert (weak.status_code, weak.json()["faults"][0]["place"]) == (422, "new")
    assert ann.post("/password/change", {"old": PASSWORD, "new": "a brand new one"}).status_code == 204
    assert ann.get("/session").status_code == 200
    assert laptop.get("/session").status_code == 401
    assert browsers().sign_in("ann@acme.example").status_code == 401
    assert world.mails[-1].kind == "password-changed"


def test_a_hash_of_old_parameters_is_made_anew_at_the_next_sign_in(ann, browsers, world):
    old = asyncio.run(Passwords(memory_kib=16, passes=2).hashed(PASSWORD))
    with world.records.write() as connection:
        connection.execute(sa.text("UPDATE persons SET password = :old"), {"old": old})
    assert browsers().sign_in("ann@acme.example").status_code == 201
    _, kept = world.people.with_password("ann@acme.example")
    assert kept != old
    assert not world.passwords.stale(kept)
    assert browsers().sign_in("ann@acme.example").status_code == 201


def test_no_password_is_kept_or_logged(ann, browsers, world, capsys):
    browsers().sign_in("ann@acme.example", "a wrong password")
    with world.records.read() as connection:
        for table in ("persons", "person_sessions", "sign_in_delays"):
            text = str(connection.execute(sa.text(f"SELECT * FROM {table}")).all())
            assert PASSWORD not in text
            assert "a wrong password" not in text
    told = capsys.readouterr()
    assert "a wrong password" not in told.out + told.err


def test_every_letter_is_there_in_every_language():
    for kind, letters in LETTERS.items():
        assert set(letters) == set(LOCALES), kind
        fields = [
            {name for _, name, _, _ in Formatter().parse(letter.subject + letter.text) if name}
            for letter in letters.values()
        ]
        assert fields[0] == fields[1], kind
        assert all("{link}" in letter.text for letter in letters.values())


def test_letters_come_in_the_language_and_time_of_their_reader(ann, world, browsers):
    ann.ask("PATCH", "/me", {"locale": "ko", "time_zone": "Asia/Seoul"})
    browsers().post("/password/forgotten", {"email": "ann@acme.example"})
    settle(ann, world, 1)
    mail = world.mails[-1]
    assert mail.subject == "Monokoto 비밀번호 재설정"
    assert "(Asia/Seoul)" in mail.text
    assert "https://koto.example/console/reset?token=" in mail.text
    assert isinstance(world.entrance, Entrance)
