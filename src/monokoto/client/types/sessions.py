# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""Types of `client.sessions`."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET, Struct, UnsetType, field

from monokoto.client.types.shared import Session, SignedIn


class Arrived(Struct, frozen=True, kw_only=True):
    """Who is signed in now."""

    signed_in: SignedIn
    onward: str
    """Given back at the end; where it leads is yours to check"""


class Assertion(Struct, frozen=True, kw_only=True):
    """What a device says to prove that it has a passkey."""

    client_data_json: str = field(name="clientDataJSON")
    """base64url"""
    authenticator_data: str = field(name="authenticatorData")
    """base64url"""
    signature: str
    """base64url"""
    user_handle: str = field(name="userHandle")


class Attestation(Struct, frozen=True, kw_only=True):
    """What a device says of a new passkey."""

    client_data_json: str = field(name="clientDataJSON")
    """base64url"""
    attestation_object: str = field(name="attestationObject")
    """base64url"""
    transports: list[str] | UnsetType = UNSET


class Left(Struct, frozen=True, kw_only=True):
    """Where the browser goes now."""

    location: str


class Linked(Struct, frozen=True, kw_only=True):
    """What is linked now."""

    account: ProviderAccount
    onward: str
    """Given back at the end; where it leads is yours to check"""


class NewPasskeyCredential(Struct, frozen=True, kw_only=True):
    """`RegistrationResponseJSON`; what else a browser puts in is not looked at."""

    id: str
    """What the device calls it; base64url"""
    raw_id: str = field(name="rawId")
    """What the device calls it; base64url"""
    response: Attestation
    type: str | UnsetType = UNSET


class Options(Struct, frozen=True, kw_only=True):
    """What the page hands to the browser."""

    public_key: dict[str, Any]
    """`PublicKeyCredentialCreationOptionsJSON` or `PublicKeyCredentialRequestOptionsJSON`"""


class Passkey(Struct, frozen=True, kw_only=True):
    """A passkey as its person sees it."""

    id: str
    name: str
    synced: bool
    """Whether its holder has it on other devices too"""
    created_at: str
    last_used_at: str | None
    doubted_at: str | None
    """When its counter did not rise: somebody may have a copy. Remove it"""


class PasskeyCredential(Struct, frozen=True, kw_only=True):
    """`AuthenticationResponseJSON`; what else a browser puts in is not looked at."""

    id: str
    """What the device calls it; base64url"""
    raw_id: str = field(name="rawId")
    """What the device calls it; base64url"""
    response: Assertion
    type: str | UnsetType = UNSET


class PasskeyPage(Struct, frozen=True, kw_only=True):
    """Some items and the way to the next ones."""

    items: list[Passkey]
    next_cursor: str | None = None
    """Pass as `cursor` for the next page; null on the last"""


class Provider(Struct, frozen=True, kw_only=True):
    """Where else one may have an account to sign in with."""

    name: str
    title: str
    """For people"""


class ProviderAccount(Struct, frozen=True, kw_only=True):
    """An account elsewhere that is one's own."""

    id: str
    issuer: str
    email: str
    """As the provider said it last"""
    created_at: str
    last_used_at: str | None


class ProviderAccountPage(Struct, frozen=True, kw_only=True):
    """Some items and the way to the next ones."""

    items: list[ProviderAccount]
    next_cursor: str | None = None
    """Pass as `cursor` for the next page; null on the last"""


class ProviderPage(Struct, frozen=True, kw_only=True):
    """Some items and the way to the next ones."""

    items: list[Provider]
    next_cursor: str | None = None
    """Pass as `cursor` for the next page; null on the last"""


class RelyingParty(Struct, frozen=True, kw_only=True):
    """Where passkeys work."""

    id: str
    """The host they are made for"""
    origin: str
    """Pages at this origin alone may ask for them"""


class SessionPage(Struct, frozen=True, kw_only=True):
    """Some items and the way to the next ones."""

    items: list[Session]
    next_cursor: str | None = None
    """Pass as `cursor` for the next page; null on the last"""
