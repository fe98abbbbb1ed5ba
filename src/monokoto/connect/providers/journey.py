"""The way to a provider and back: what a browser carries meanwhile, and what follows from it.

The browser keeps one random cookie; state, nonce and PKCE verifier are digests of it. So nothing is kept here that could be
read or run full, and an answer counts only in the browser that left. Refused: rows for each sign-in begun (a stranger fills
them), a signed state alone (it counts in every browser).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass

import msgspec

from monokoto.kernel.clock import MICROSECONDS_PER_SECOND
from monokoto.kernel.limits import PROVIDER_SIGN_IN_SECONDS

LINK_PREFIX = "link."
"""What the state begins with on the way of somebody who is signed in."""
ENTER_PREFIX = "enter."


class _Carried(msgspec.Struct, frozen=True, array_like=True):
    secret: str
    provider: str
    onward: str
    invitation: str
    begun_at: int


@dataclass(frozen=True, slots=True)
class Journey:
    """One way to a provider and back."""

    cookie: str
    """What the browser carries."""
    provider: str
    onward: str
    """The page it leads to in the end; what whoever began it said, so not to be followed elsewhere."""
    invitation: str
    """The secret of the invitation it is to accept; empty: none."""
    begun_at: int
    session: str
    """The cookie of the session that began it, for an account to be linked; empty: nobody was signed in."""

    @property
    def state(self) -> str:
        """What the provider gives back; nobody can know it who has not both cookies."""
        return (LINK_PREFIX if self.session else ENTER_PREFIX) + self._digest("state")

    @property
    def nonce(self) -> str:
        """What the ID token must carry."""
        return self._digest("nonce")

    @property
    def verifier(self) -> str:
        """PKCE (RFC 7636): 43 characters."""
        return self._digest("verifier")

    def returns(self, provider: str, state: str, now: int) -> bool:
        """Whether an answer at this provider's address, with this state, is this way's end, in time."""
        late = now - self.begun_at > PROVIDER_SIGN_IN_SECONDS * MICROSECONDS_PER_SECOND
        same = hmac.compare_digest(state.encode("utf-8", "surrogatepass"), self.state.encode())
        return same and not late and self.provider == provider

    def _digest(self, what: str) -> str:
        digest = hashlib.sha256(f"{what}:{self.cookie}:{self.session}".encode("utf-8", "surrogatepass")).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def leave(provider: str, *, onward: str, invitation: str, session: str, now: int) -> Journey:
    """A new way."""
    carried = _Carried(secrets.token_urlsafe(32), provider, onward, invitation, now)
    cookie = base64.urlsafe_b64encode(msgspec.json.encode(carried)).rstrip(b"=").decode()
    return Journey(cookie, provider, onward, invitation, now, session)


def resume(cookie: str | None, *, session: str) -> Journey | None:
    """The way a browser is on; None: none we know."""
    if not cookie:
        return None
    try:
        text = base64.urlsafe_b64decode(cookie + "=" * (-len(cookie) % 4))
        carried = msgspec.json.decode(text, type=_Carried)
    except (ValueError, msgspec.MsgspecError):
        return None
    return Journey(cookie, carried.provider, carried.onward, carried.invitation, carried.begun_at, session)
