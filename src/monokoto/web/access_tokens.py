"""Short-lived tokens for addresses: what a browser's EventSource, and other clients that send no headers, can carry.

An address ends up in histories and logs of others, so such a token reads and never changes, and lives 15 minutes at most.
It is signed and kept nowhere; its scopes are never more than its maker's. Refused: API keys in addresses.
"""

from __future__ import annotations

import base64
import binascii
import hmac

import msgspec

from monokoto.kernel.clock import MICROSECONDS_PER_SECOND, Clock, Instant
from monokoto.kernel.errors import Unauthenticated
from monokoto.kernel.ids import ApiKeyId, OrganisationId, PersonId, SessionId
from monokoto.kernel.limits import ACCESS_TOKEN_SECONDS_MAX
from monokoto.web.context import Caller, Scope

PREFIX = "kotot_"
SCOPES = frozenset({Scope.UNITS_READ, Scope.TELEMETRY_READ, Scope.CONTROL_READ})
"""What such a token can open."""
_MAC_BYTES = 16


class _Claims(msgspec.Struct, frozen=True, array_like=True):
    organisation_id: int
    organisation_kind: str
    scopes: list[str]
    key_id: int
    person_id: int
    session_id: int
    expires_at: int


class AccessTokens:
    """Makes and reads them; every API process of an installation is given the same secret."""

    def __init__(self, clock: Clock, secret: bytes = b"") -> None:
        self.secret = secret
        """At least 32 bytes; empty: none are made, none are taken."""
        self._clock = clock

    def make(self, caller: Caller, *, seconds: float = ACCESS_TOKEN_SECONDS_MAX) -> tuple[str, Instant]:
        """A token for what the caller may read, and when it ends."""
        expires_at = self._clock.now() + round(min(seconds, ACCESS_TOKEN_SECONDS_MAX) * MICROSECONDS_PER_SECOND)
        claims = _Claims(
            caller.organisation_id,
            caller.organisation_kind,
            sorted(scope.value for scope in SCOPES if caller.may(scope)),
            caller.key_id or 0,
            caller.person_id or 0,
            caller.session_id or 0,
            expires_at,
        )
        body = msgspec.msgpack.encode(claims)
        text = base64.urlsafe_b64encode(self._mac(body) + body).rstrip(b"=").decode()
        return PREFIX + text, Instant(expires_at)

    def authenticate(self, secret: str) -> Caller:
        """The caller a token was made for, with what it opens. Raises Unauthenticated."""
        claims = self._claims(secret)
        if claims is None or claims.expires_at <= self._clock.now():
            raise Unauthenticated(
                "This access token is not known, or no longer.", remedy="Make one with POST /api/v1/access-tokens."
            )
        return Caller(
            organisation_id=OrganisationId(claims.organisation_id),
            organisation_kind=claims.organisation_kind,
            scopes=frozenset(Scope(scope) for scope in claims.scopes if scope in set(SCOPES)),
            key_id=ApiKeyId(claims.key_id) if claims.key_id else None,
            person_id=PersonId(claims.person_id) if claims.person_id else None,
            session_id=SessionId(claims.session_id) if claims.session_id else None,
        )

    def _claims(self, text: str) -> _Claims | None:
        try:
            raw = text.removeprefix(PREFIX).encode("ascii")
            signed = base64.urlsafe_b64decode(raw + b"=" * (-len(raw) % 4))
            mac, body = signed[:_MAC_BYTES], signed[_MAC_BYTES:]
            if not self.secret or not hmac.compare_digest(mac, self._mac(body)):
                return None
            return msgspec.msgpack.decode(body, type=_Claims)
        except (binascii.Error, UnicodeError, ValueError, msgspec.MsgspecError):
            return None

    def _mac(self, body: bytes) -> bytes:
        return hmac.digest(self.secret, b"access:" + body, "sha256")[:_MAC_BYTES]
