"""Roles, members, invitations, the first run: who gets in, and who may give what to whom."""

from __future__ import annotations

import asyncio

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from litestar.testing import TestClient

from monokoto.connect.people import ADMIN_OF, ROLES, Newcomer, Sessions, roles_of
from monokoto.connect.people.roles import may_give
from monokoto.connect.tenancy import OrganisationKind
from monokoto.kernel.errors import NotFound
from monokoto.kernel.ids import format_id
from monokoto.kernel.limits import FIRST_RUN_LINK_SECONDS, INVITATION_SECONDS
from monokoto.web import Caller, Scope

PASSWORD = "correct horse battery"
TABLE = {
    "platform-admin": ({"platform", "admin"}, {"platform"}),
    "maker-admin": ({"admin"}, {"maker", "provider"}),
    "product-engineer": (
        {
            "products:write", "units:write", "telemetry:write", "control:write", "webhooks:write", "audit:read",
            "ownership:read", "people:read",
        },
        {"maker"},
    ),
    "operator": (
        {"products:read", "units:write", "telemetry:read", "control:write", "ownership:read", "webhooks:read"},
        {"maker", "provider"},
    ),
    "accountant": (
        {"products:read", "units:read", "telemetry:read", "earn:write", "portal:read"},
        {"maker", "provider"},
    ),
    "auditor": (
        {"products:read", "units:read", "telemetry:read", "earn:read", "portal:read", "audit:read"},
        {"maker", "provider"},
    ),
    "viewer": (
        {"products:read", "units:read", "telemetry:read", "control:read", "ownership:read"},
        {"maker", "provider", "owner"},
    ),
    "owner": ({"admin"}, {"owner"}),
    "household-member": ({"units:read", "telemetry:read", "control:write", "ownership:read", "portal:read"}, {"owner"}),
}  # fmt: skip
"""Said again, by hand: a role that gains a scope must be looked at twice."""


def caller_with(scopes):
    return Caller(organisation_id=1, organisation_kind="maker", scopes=frozenset(scopes), key_id=1)


def wider(scope):
    """What a scope opens, worked out from its own text."""
    noun, _, verb = scope.value.partition(":")
    if scope is Scope.ADMIN:
        return set(Scope) - {Scope.PLATFORM}
    return {scope} | ({one for one in Scope if one.value == f"{noun}:read"} if verb == "write" else set())


def test_the_table_of_roles_is_the_one_that_was_agreed():
    found = {
        name: ({one.value for one in role.scopes}, {one.value for one in role.kinds}) for name, role in ROLES.items()
    }
    assert found == TABLE


@given(st.sampled_from(sorted(ROLES)))
def test_no_role_opens_a_scope_it_does_not_list(name):
    role = ROLES[name]
    opened = {scope for scope in Scope if caller_with(role.scopes).may(scope)}
    assert opened == set().union(*(wider(scope) for scope in role.scopes))


@given(st.sets(st.sampled_from(list(Scope))), st.sampled_from(sorted(ROLES)))
def test_nobody_gives_a_role_that_opens_more_than_they_may(scopes, name):
    giver, receiver = caller_with(scopes), caller_with(ROLES[name].scopes)
    gains = [scope for scope in Scope if receiver.may(scope) and not giver.may(scope)]
    assert may_give(giver, ROLES[name]) == (not gains)


@pytest.mark.parametrize("kind", list(OrganisationKind))
def test_every_kind_of_organisation_has_somebody_who_administers_it(kind):
    assert ROLES[ADMIN_OF[kind]].administers
    assert ROLES[ADMIN_OF[kind]] in roles_of(kind)
    assert (Scope.PLATFORM in set().union(*(role.scopes for role in roles_of(kind)))) == (kind == "platform")


def test_the_first_run_is_there_once(world, browsers, ann):
    assert world.first_run.offer() is None
    late = browsers().post(
        "/first-run",
        {"token": "x" * 43, "organisation": "B", "name": "B", "email": "b@example.com", "password": PASSWORD},
    )
    assert late.status_code == 404
    assert {one.kind.value for one in world.organisations.list()} == {"maker", "platform"}


def test_any_link_of_the_first_run_works_until_one_was_used(world, browsers):
    first, second = world.first_run.offer(), world.first_run.offer()
    body = {"organisation": "Acme", "name": "Ann", "email": "ann@acme.example", "password": PASSWORD}
    assert browsers().post("/first-run", {"token": second + "x", **body}).status_code == 404
    assert browsers().post("/first-run", {"token": first, **body}).status_code == 201
    for token in (first, second):
        assert browsers().post("/first-run", {"token": token, **body, "email": "b@b.example"}).status_code == 404


def test_a_link_of_the_first_run_ends_after_a_day_and_its_secret_is_not_kept(world):
    secret = world.first_run.offer()
    world.first_run.check(secret)
    with world.records.read() as connection:
        assert secret not in str(connection.execute(sa.text("SELECT * FROM first_run_links")).all())
    world.clock.advance(FIRST_RUN_LINK_SECONDS)
    with pytest.raises(NotFound):
        world.first_run.check(secret)


def test_the_first_run_tells_every_fault_and_keeps_its_link(world, browsers):
    token = world.first_run.offer()
    body = {"token": token, "organisation": " ", "name": "\t", "email": "nobody", "password": PASSWORD}
    refused = browsers().post("/first-run", body)
    assert refused.status_code == 422
    assert {fault["place"] for fault in refused.json()["faults"]} == {"email", "name", "organisation"}
    weak = browsers().post(
        "/first-run", {**body, "organisation": "A", "name": "A", "email": "a@b.c", "password": "short"}
    )
    assert weak.json()["faults"][0]["place"] == "password"
    world.first_run.check(token)


def test_the_first_run_joins_the_organisation_made_on_the_command_line(world, browsers):
    acme = world.organisations.create("Acme", "acme")
    who = browsers().begin("Acme")
    assert who["organisation"]["slug"] == "acme"
    assert len(world.people.members(acme.id)) == 1


def test_who_runs_the_platform_sees_its_organisations_and_not_their_people(world, ann, browsers):
    platform = world.organisations.by_slug("platform")
    other = world.organisations.create("Other", "other")
    assert ann.get("/organisations").status_code == 403, "the maker organisation is another wall"

    ann.post("/session/organisation", {"organisation": format_id(platform.id)})
    assert "other" in {one["slug"] for one in ann.get("/organisations").json()["items"]}
    assert {one["person"]["name"] for one in ann.get("/members").json()["items"]} == {"Ann"}
    made = ann.post("/organisations", {"name": "Rex", "slug": "rex", "kind": "owner", "admin": "rex@example.com"})
    assert made.status_code == 201
    rex = browsers()
    assert rex.accept(world.token("invitation"), name="Rex").json()["role"] == "owner"
    assert rex.get("/organisation").json()["slug"] == "rex"
    assert not world.people.members(other.id)


def test_somebody_new_is_invited_and_gets_in_at_once(ann, browsers, world):
    bob = browsers()
    token = ann.invite("Bob@Acme.example", "operator")
    offered = bob.post("/invitations/offer", {"token": token}).json()
    assert (offered["organisation"]["slug"], offered["role"], offered["known"]) == ("acme", "operator", False)
    joined = bob.accept(token, locale="ko", time_zone="Asia/Seoul")
    assert joined.status_code == 200
    assert joined.json()["signed_in"]["person"]["time_zone"] == "Asia/Seoul"
    assert bob.get("/session").json()["role"] == "operator"
    assert bob.get("/members").status_code == 403
    assert browsers().sign_in("bob@acme.example").status_code == 201
    told = world.facts.told[-1]
    assert (told.name, told.data["role"]) == ("people.member_changed", "operator")


def test_an_invitation_is_good_once_and_for_a_week_and_until_it_is_taken_back(ann, browsers, world):
    used = ann.invite("bob@acme.example", "viewer")
    assert browsers().accept(used).status_code == 200
    old = ann.invite("eve@acme.example", "viewer")
    newer = ann.invite("eve@acme.example", "operator")
    taken = ann.invite("joe@acme.example", "viewer")
    listed = {one["email"]: one for one in ann.get("/invitations").json()["items"]}
    assert ann.ask("DELETE", f"/invitations/{listed['joe@acme.example']['id']}").json()["revoked_at"]
    for token in (used, old, taken, "x"):
        assert browsers().post("/invitations/offer", {"token": token}).status_code == 404
        assert browsers().accept(token).status_code == 404
    world.clock.advance(INVITATION_SECONDS)
    assert browsers().accept(newer).status_code == 404


def test_the_link_is_mailed_and_shown_to_nobody(ann, world):
    token = ann.invite("bob@acme.example", "viewer")
    assert world.mails[-1].to == "bob@acme.example"
    assert "Ann invites you to Acme" in world.mails[-1].text
    assert token not in ann.get("/invitations").text
    assert ann.ask("POST", "/invitations", {"email": "b@b.example", "role": "viewer"}).text.count("token") == 0
    with world.records.read() as connection:
        assert token not in str(connection.execute(sa.text("SELECT * FROM invitations")).all())


def test_somebody_known_joins_a_second_organisation_without_a_new_password(ann, browsers, world):
    other = world.organisations.create("Other", "other")
    _, secret = world.invitations.invite_first(other, "ann@acme.example")
    stranger = browsers()
    joined = stranger.post("/invitations/accept", {"token": secret, "name": "Mallory", "password": "another password"})
    assert joined.json()["signed_in"] is None, "the link opens the organisation, not the account"
    assert stranger.get("/session").status_code == 401
    assert ann.get("/me").json()["name"] == "Ann"
    assert {one["organisation"]["slug"] for one in ann.get("/session").json()["memberships"]} == {
        "acme", "platform", "other",
    }  # fmt: skip
    assert browsers().sign_in("ann@acme.example", "another password").status_code == 401


def test_an_invitation_is_not_taken_by_somebody_else_who_is_signed_in(ann, browsers):
    token = ann.invite("bob@acme.example", "viewer")
    assert ann.accept(token).status_code == 409
    assert browsers().accept(token).status_code == 200


def test_a_maker_invites_an_owner_to_a_place_of_their_own(ann, browsers, world):
    owner = browsers()
    token = ann.invite("kim@example.com", "owner", new_organisation="Kim household")
    assert owner.accept(token, name="Kim").status_code == 200
    who = owner.get("/session").json()
    assert (who["organisation"]["name"], who["organisation"]["kind"], who["role"]) == (
        "Kim household",
        "owner",
        "owner",
    )
    assert owner.get("/organisation").json()["slug"] == "kim-household"
    refused = owner.post("/invitations", {"email": "x@example.com", "role": "owner", "new_organisation": "X"})
    assert refused.status_code == 403
    assert owner.post("/invitations", {"email": "x@example.com", "role": "household-member"}).status_code == 201
    assert (
        ann.post("/invitations", {"email": "x@example.com", "role": "viewer", "new_organisation": "X"}).status_code
        == 422
    )


def test_a_role_is_held_only_where_it_is_known(ann, browsers):
    for role in ("owner", "platform-admin", "emperor"):
        refused = ann.post("/invitations", {"email": "bob@acme.example", "role": role})
        assert (refused.status_code, refused.json()["faults"][0]["place"]) == (422, "role")
    bob = browsers().accept(ann.invite("bob@acme.example", "viewer")).json()["signed_in"]["person"]["id"]
    assert ann.ask("PATCH", f"/members/{bob}", {"role": "household-member"}).status_code == 422


def test_a_key_for_people_gives_nobody_more_than_it_has(ann, browsers):
    secret = ann.post("/keys", {"name": "hr", "scopes": ["people:write", "units:read"]}).json()["secret"]
    bob = browsers().accept(ann.invite("bob@acme.example", "viewer")).json()["signed_in"]["person"]["id"]
    me = ann.get("/me").json()["id"]
    with TestClient(ann.client.app) as key:
        key.headers["Authorization"] = f"Bearer {secret}"
        assert key.post("/api/v1/invitations", json={"email": "m@x.example", "role": "maker-admin"}).status_code == 403
        assert key.patch(f"/api/v1/members/{bob}", json={"role": "maker-admin"}).status_code == 403
        assert key.delete(f"/api/v1/members/{me}").status_code == 403
        assert key.delete(f"/api/v1/members/{bob}").status_code == 403, "a viewer reads more than this key may"
        assert key.get("/api/v1/members").status_code == 200


def test_nobody_makes_a_key_that_may_more_than_they(ann, world):
    assert ann.post("/keys", {"name": "x", "scopes": ["admin", "units:write"]}).status_code == 201
    refused = ann.post("/keys", {"name": "x", "scopes": ["platform"]})
    assert (refused.status_code, refused.json()["faults"][0]["place"]) == (403, "scopes")


def test_the_last_who_may_do_everything_stays(ann, browsers):
    me = ann.get("/me").json()["id"]
    assert ann.ask("PATCH", f"/members/{me}", {"role": "viewer"}).status_code == 409
    assert ann.ask("DELETE", f"/members/{me}").status_code == 409
    bob = browsers().accept(ann.invite("bob@acme.example", "maker-admin")).json()["signed_in"]["person"]["id"]
    assert ann.ask("PATCH", f"/members/{me}", {"role": "viewer"}).status_code == 200
    assert ann.ask("PATCH", f"/members/{bob}", {"role": "viewer"}).status_code == 403, "a viewer changes nobody"


def test_a_changed_role_holds_at_once_here_and_within_two_seconds_elsewhere(ann, browsers, world):
    bob = browsers()
    person = bob.accept(ann.invite("bob@acme.example", "maker-admin")).json()["signed_in"]["person"]["id"]
    cookie = bob.client.cookies["koto_session"]
    elsewhere = Sessions(world.records, world.clock)
    assert elsewhere.authenticate(cookie).may(Scope.ADMIN)
    assert bob.get("/keys").status_code == 200
    assert ann.ask("PATCH", f"/members/{person}", {"role": "viewer"}).status_code == 200
    assert bob.get("/keys").status_code == 403
    assert ann.ask("DELETE", f"/members/{person}").status_code == 200
    who = bob.get("/session").json()
    assert (who["organisation"], who["role"], who["scopes"], who["memberships"]) == (None, None, [], [])
    assert bob.get("/organisation").status_code == 404
    world.clock.advance(2)
    assert not elsewhere.authenticate(cookie).scopes
    assert ann.ask("DELETE", f"/members/{person}").status_code == 404


def test_members_of_others_are_nobody_here(ann, world):
    other = world.organisations.create("Other", "other")
    _, secret = world.invitations.invite_first(other, "eve@other.example")

    eve = world.invitations.accept(secret, Newcomer("Eve", asyncio.run(world.passwords.hashed(PASSWORD))))
    for method, body in (("GET", None), ("PATCH", {"role": "viewer"}), ("DELETE", None)):
        assert ann.ask(method, f"/members/{format_id(eve.person_id)}", body).status_code == 404
    assert len(world.people.members(other.id)) == 1


def test_nobody_signs_up_unless_the_platform_is_open(ann, browsers, world):
    assert browsers().post("/sign-up", {"email": "kim@example.com"}).status_code == 403
    world.entrance.sign_up_open = True
    for email in ("kim@example.com", "ann@acme.example"):
        assert browsers().post("/sign-up", {"email": email}).status_code == 202
    for _ in range(2000):
        if len(world.mails) == 2:
            break
        ann.get("/roles")
    kinds = {mail.to: mail.kind for mail in world.mails}
    assert kinds == {"kim@example.com": "own-invitation", "ann@acme.example": "account-there"}
    kim = browsers()
    token = world.token("own-invitation")
    assert kim.accept(token, name="Kim").status_code == 422, "an organisation of one's own needs a name"
    assert kim.accept(token, name="Kim", organisation="Kim").status_code == 200
    assert kim.get("/organisation").json()["kind"] == "owner"
