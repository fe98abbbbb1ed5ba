"""Who is still in, and who may still do what they asked for: by the records."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import pytest

from monokoto.assembly.standing import KnownStanding
from monokoto.connect.people import Invitations, Newcomer, People, Sessions
from monokoto.connect.tenancy import ApiKeys, Organisation, Organisations
from monokoto.engines.records import Records
from monokoto.kernel.clock import ManualClock
from monokoto.web import Caller, Scope

_numbers = itertools.count(1)


@dataclass
class House:
    clock: ManualClock
    keys: ApiKeys
    people: People
    sessions: Sessions
    invitations: Invitations
    acme: Organisation
    standing: KnownStanding

    def member(self, role: str) -> tuple[int, Caller]:
        """Somebody new with this role, and who they are while signed in."""
        by = Caller(organisation_id=self.acme.id, scopes=frozenset({Scope.ADMIN}))
        _, secret = self.invitations.create(by, email=f"person-{next(_numbers)}@acme.example", role=role)
        person_id = self.invitations.accept(secret, Newcomer("Bob", "no-hash")).person_id
        _, cookie = self.sessions.begin(person_id, method="password", address="", agent="")
        return person_id, self.sessions.authenticate(cookie)


@pytest.fixture
def house(records: Records) -> House:
    clock = ManualClock()
    keys, people, sessions = ApiKeys(records, clock), People(records, clock), Sessions(records, clock)
    return House(
        clock, keys, people, sessions, Invitations(records, clock), Organisations(records, clock).create("Acme", "acme"),
        KnownStanding(keys, people, sessions, clock),
    )  # fmt: skip


@pytest.mark.parametrize("how", ["revoked", "expired"])
def test_a_key_that_ended_is_out_for_streams_and_for_jobs(house: House, how: str) -> None:
    until = house.clock.now() + 60_000_000
    key, secret = house.keys.create(house.acme.id, name="k", scopes={Scope.UNITS_WRITE}, expires_at=until)
    caller = house.keys.authenticate(secret)
    assert house.standing.still_in(caller)
    assert house.standing.still_may(caller)
    if how == "revoked":
        house.keys.revoke(house.acme.id, key.id)
    else:
        house.clock.advance(60)
    assert not house.standing.still_in(caller)
    assert not house.standing.still_may(caller)


def test_who_signed_out_sees_nothing_more_and_what_they_asked_for_is_done(house: House) -> None:
    person_id, caller = house.member("operator")
    assert house.standing.still_in(caller)
    house.sessions.end_all(person_id)
    assert not house.standing.still_in(caller)
    assert house.standing.still_may(caller)


def test_a_smaller_role_ends_both_and_a_greater_one_neither(house: House) -> None:
    admin = Caller(organisation_id=house.acme.id, scopes=frozenset({Scope.ADMIN}))
    house.member("maker-admin")  # an organisation keeps one
    person_id, caller = house.member("operator")
    house.people.change_role(admin, person_id, "maker-admin")
    assert house.standing.still_in(caller)
    house.people.change_role(admin, person_id, "viewer")
    assert not house.standing.still_in(caller)
    assert not house.standing.still_may(caller)


def test_who_is_no_member_any_more_is_out(house: House) -> None:
    admin = Caller(organisation_id=house.acme.id, scopes=frozenset({Scope.ADMIN}))
    house.member("maker-admin")
    person_id, caller = house.member("operator")
    house.people.remove(admin, person_id)
    assert not house.standing.still_in(caller)
    assert not house.standing.still_may(caller)
