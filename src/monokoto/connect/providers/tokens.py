"""What an ID token proves (OpenID Connect Core 1.0 section 3.1.3.7)."""

from __future__ import annotations

import binascii
from collections.abc import Mapping
from typing import Any

import msgspec
from joserfc import jwk, jwt
from joserfc.errors import JoseError

from monokoto.connect.providers.provider import Provider
from monokoto.kernel.errors import Forbidden

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
"""Signatures by a key that only the provider has; none by a shared secret, and none without a key."""
LEEWAY_SECONDS = 60
_HEADER_CHARACTERS_MAX = 8192


def key_id_of(token: str) -> str | None:
    """Which key the token says it was signed with; None: it does not say, or is no token."""
    head = token.partition(".")[0][:_HEADER_CHARACTERS_MAX]
    try:
        header = msgspec.json.decode(binascii.a2b_base64(head.translate(_PLAIN) + "=" * (-len(head) % 4)))
    except (ValueError, msgspec.MsgspecError):
        return None
    found = header.get("kid") if isinstance(header, dict) else None
    return found if isinstance(found, str) else None


def proved(
    token: str, keys: list[dict[str, Any]], provider: Provider, *, nonce: str, access_token: str, now: int
) -> Mapping[str, Any]:
    """The claims of an ID token that holds. `now` is in seconds.

    Raises:
        Forbidden: the signature, the issuer, the audience, the nonce or the time is wrong.
    """
    from authlib.oidc.core import CodeIDToken  # noqa: PLC0415 - a sixth of a second of each start

    try:
        decoded = jwt.decode(token, jwk.KeySet(_usable(keys)), algorithms=ALGORITHMS)
        claims = CodeIDToken(
            decoded.claims,
            decoded.header,
            {
                "iss": {"essential": True, "value": provider.issuer},
                "aud": {"essential": True, "value": provider.client_id},
                "nonce": {"essential": True, "value": nonce},
                "sub": {"essential": True},
            },
            {"nonce": nonce, "client_id": provider.client_id, "access_token": access_token},
        )
        claims.validate(now=now, leeway=LEEWAY_SECONDS)
    except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
        # The libraries tell of what a forged token breaks in them in several ways; each means that it proves nothing.
        raise Forbidden(
            f"What {provider.title} says does not hold: {str(error)[:200]}", remedy="Begin again."
        ) from error
    return dict(claims)


def _usable(keys: list[dict[str, Any]]) -> list[Any]:
    """Public keys for signatures; a kind we do not know is somebody else's to use."""
    found: list[Any] = []
    for one in keys:
        if one.get("kty") not in {"RSA", "EC", "OKP"} or one.get("use", "sig") != "sig":
            continue
        try:
            found.append(jwk.import_key(one))
        except (JoseError, ValueError, TypeError):
            continue
    return found


_PLAIN = str.maketrans("-_", "+/")
