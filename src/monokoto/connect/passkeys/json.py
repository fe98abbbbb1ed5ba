"""Passkeys and what devices answer, as the API takes and shows them. Names of Web Authentication are as it writes them."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from monokoto.connect.passkeys.passkey import Passkey
from monokoto.kernel.clock import format_instant
from monokoto.kernel.ids import format_id
from monokoto.kernel.limits import PASSKEY_NAME_LENGTH_MAX

CredentialName = Annotated[str, Meta(min_length=1, max_length=1364, description="What the device calls it; base64url")]
ClientData = Annotated[str, Meta(min_length=1, max_length=8192, description="base64url")]
Name = Annotated[str, Meta(max_length=PASSKEY_NAME_LENGTH_MAX, description="For its person")]


class PasskeyJson(msgspec.Struct, frozen=True):
    """A passkey as its person sees it."""

    id: str
    name: str
    synced: Annotated[bool, Meta(description="Whether its holder has it on other devices too")]
    created_at: str
    last_used_at: str | None
    doubted_at: Annotated[
        str | None, Meta(description="When its counter did not rise: somebody may have a copy. Remove it")
    ]


class RelyingPartyJson(msgspec.Struct, frozen=True):
    """Where passkeys work."""

    id: Annotated[str, Meta(description="The host they are made for")]
    origin: Annotated[str, Meta(description="Pages at this origin alone may ask for them")]


class OptionsJson(msgspec.Struct, frozen=True):
    """What the page hands to the browser."""

    public_key: Annotated[
        dict[str, Any],
        Meta(description="`PublicKeyCredentialCreationOptionsJSON` or `PublicKeyCredentialRequestOptionsJSON`"),
    ]


class AttestationJson(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a device says of a new passkey."""

    client_data: ClientData = msgspec.field(name="clientDataJSON")
    attestation: Annotated[str, Meta(min_length=1, max_length=65536, description="base64url")] = msgspec.field(
        name="attestationObject"
    )
    transports: Annotated[list[Annotated[str, Meta(max_length=32)]], Meta(max_length=16)] = []


class AssertionJson(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a device says to prove that it has a passkey."""

    client_data: ClientData = msgspec.field(name="clientDataJSON")
    authenticator_data: ClientData = msgspec.field(name="authenticatorData")
    signature: ClientData
    user_handle: Annotated[str, Meta(min_length=1, max_length=88)] = msgspec.field(name="userHandle")


class NewCredentialJson(msgspec.Struct, frozen=True):
    """`RegistrationResponseJSON`; what else a browser puts in is not looked at."""

    id: CredentialName
    raw_id: CredentialName = msgspec.field(name="rawId")
    response: AttestationJson
    type: Annotated[str, Meta(max_length=32)] = "public-key"


class CredentialJson(msgspec.Struct, frozen=True):
    """`AuthenticationResponseJSON`; what else a browser puts in is not looked at."""

    id: CredentialName
    raw_id: CredentialName = msgspec.field(name="rawId")
    response: AssertionJson
    type: Annotated[str, Meta(max_length=32)] = "public-key"


class RegisterRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A passkey a device has made."""

    credential: NewCredentialJson
    name: Name = ""


class RenameRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What it is called from now on."""

    name: Name


class PasskeySignInRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The proof."""

    credential: CredentialJson


def passkey_to_json(passkey: Passkey) -> PasskeyJson:
    """As the API shows it."""

    def optional(instant: int | None) -> str | None:
        return None if instant is None else format_instant(instant)

    return PasskeyJson(
        id=format_id(passkey.id),
        name=passkey.name,
        synced=passkey.synced,
        created_at=format_instant(passkey.created_at),
        last_used_at=optional(passkey.last_used_at),
        doubted_at=optional(passkey.doubted_at),
    )
