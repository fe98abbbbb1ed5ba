# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""Types of `client.people`."""

from __future__ import annotations

from msgspec import Struct

from monokoto.client.types.shared import Organisation, OrganisationKind, Person, Scope, SignedIn


class Invitation(Struct, frozen=True, kw_only=True):
    """What is known of an invitation; the secret in its link is not."""

    id: str
    email: str
    role: str
    new_organisation: str | None
    """Accepting makes an owner organisation of this name; null: it joins the inviting one"""
    created_at: str
    expires_at: str
    accepted_at: str | None
    revoked_at: str | None


class InvitationPage(Struct, frozen=True, kw_only=True):
    """Some items and the way to the next ones."""

    items: list[Invitation]
    next_cursor: str | None = None
    """Pass as `cursor` for the next page; null on the last"""


class Joined(Struct, frozen=True, kw_only=True):
    """What became of it."""

    organisation: str
    role: str
    signed_in: SignedIn | None
    """A new person is signed in at once; null: somebody known signs in as always"""


class Member(Struct, frozen=True, kw_only=True):
    """Somebody in the organisation."""

    person: Person
    role: str
    since: str


class MemberPage(Struct, frozen=True, kw_only=True):
    """Some items and the way to the next ones."""

    items: list[Member]
    next_cursor: str | None = None
    """Pass as `cursor` for the next page; null on the last"""


class Offer(Struct, frozen=True, kw_only=True):
    """What a link offers to whoever holds it."""

    organisation: Organisation
    """Who invites"""
    email: str
    role: str
    new_organisation: str | None
    known: bool
    """Whether there is a person with this e-mail address: they need no password"""
    expires_at: str


class Role(Struct, frozen=True, kw_only=True):
    """A named set of scopes."""

    name: str
    what: str
    scopes: list[Scope]
    kinds: list[OrganisationKind]
    """In organisations of these kinds it may be held"""
