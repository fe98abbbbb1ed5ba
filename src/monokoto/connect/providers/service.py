"""The way to a provider and back. Asynchronous, because others are asked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx
import structlog

from monokoto.connect.people import Accepted, Session, Sessions, Visitor
from monokoto.connect.providers.accounts import ProviderAccounts
from monokoto.connect.providers.journey import Journey, leave, resume
from monokoto.connect.providers.provider import Identity, Provider, ProviderAccount
from monokoto.connect.providers.tokens import key_id_of, proved
from monokoto.connect.providers.wire import Wire
from monokoto.kernel.clock import MICROSECONDS_PER_SECOND, Clock
from monokoto.kernel.errors import Forbidden, NotFound
from monokoto.kernel.limits import EMAIL_LENGTH_MAX, PERSON_NAME_LENGTH_MAX

BACK_PATH = "/console/sign-in/back"
"""Where a provider sends people back to, with its name behind it; each has its own, so that answers are not mixed up."""
METHOD = "openid"
SCOPE = "openid email profile"
_SUBJECT_LENGTH_MAX = 255
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a provider gave the browser to bring back."""

    state: str
    code: str = ""
    issuer: str = ""
    """`iss` (RFC 9207)."""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Arrived:
    """Somebody came back and is signed in."""

    begun: tuple[Session, str]
    onward: str
    joined: Accepted | None
    """Where they became a member just now."""


class Providers:
    """The providers this platform is told of."""

    def __init__(
        self,
        providers: Sequence[Provider],
        accounts: ProviderAccounts,
        *,
        sessions: Sessions,
        clock: Clock,
        address: Callable[[], str],
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._providers = {one.name: one for one in providers}
        self._wires = {one.name: Wire(one, transport) for one in providers}
        self.accounts = accounts
        self._sessions = sessions
        self._clock = clock
        self._address = address

    @property
    def all(self) -> Sequence[Provider]:
        """In the order of the settings."""
        return tuple(self._providers.values())

    async def begin(self, name: str, *, onward: str, invitation: str = "", session: str = "") -> tuple[str, str]:
        """Where the browser goes now, and the cookie it carries until it comes back.

        `session` is the cookie of whoever is signed in and links an account; empty: somebody signs in.

        Raises:
            NotFound: there is no such provider.
            Unavailable: it does not answer.
        """
        from authlib.oauth2.rfc6749.parameters import prepare_grant_uri  # noqa: PLC0415 - a sixth of a second of each start, and most have no provider
        from authlib.oauth2.rfc7636 import create_s256_code_challenge  # noqa: PLC0415

        provider = self._get(name)
        description = await self._wires[name].description()
        journey = leave(name, onward=onward, invitation=invitation, session=session, now=self._clock.now())
        address = prepare_grant_uri(
            description.authorization_endpoint,
            provider.client_id,
            "code",
            redirect_uri=self.back(name),
            scope=SCOPE,
            state=journey.state,
            nonce=journey.nonce,
            code_challenge=create_s256_code_challenge(journey.verifier),
            code_challenge_method="S256",
        )
        return str(address), journey.cookie

    def back(self, name: str) -> str:
        """The address this provider sends people back to."""
        return f"{self._address()}{BACK_PATH}/{quote(name)}"

    async def enter(self, name: str, answer: Answer, *, cookie: str | None, visitor: Visitor) -> Arrived:
        """Sign in whoever comes back.

        Raises:
            Forbidden: they did not leave from this browser, the provider did not let them in, or nobody invited them.
            Conflict: the account is not theirs yet (`ProviderAccounts`).
            NotFound: there is no such provider, or the invitation opens nothing.
            Unavailable: the provider does not answer.
        """
        journey, identity = await self._identified(name, answer, cookie, session="")
        provider, joined = self._get(name), None
        if journey.invitation:
            joined = await asyncio.to_thread(self.accounts.accept, provider, identity, journey.invitation)
            person_id = joined.person_id
        else:
            person_id, joined = await asyncio.to_thread(self.accounts.enter, provider, identity)
        if joined is not None:
            self._sessions.forget(person_id)
        begun = await asyncio.to_thread(
            self._sessions.begin, person_id, method=METHOD, address=visitor.address, agent=visitor.agent,
            organisation_id=None if joined is None else joined.organisation_id,
        )  # fmt: skip
        return Arrived(begun, journey.onward, joined)

    async def link(
        self, name: str, answer: Answer, *, cookie: str | None, session: str, person_id: int
    ) -> tuple[ProviderAccount, str]:
        """Link the account of whoever comes back to the person whose session this is; and where they go on. Raises as `enter`."""
        journey, identity = await self._identified(name, answer, cookie, session=session)
        linked = await asyncio.to_thread(self.accounts.link, self._get(name), identity, person_id)
        return linked, journey.onward

    def _get(self, name: str) -> Provider:
        if name not in self._providers:
            raise NotFound(f"There is no identity provider {name[:40]!r} here.")
        return self._providers[name]

    async def _identified(
        self, name: str, answer: Answer, cookie: str | None, *, session: str
    ) -> tuple[Journey, Identity]:
        provider, wire = self._get(name), self._wires[name]
        journey = resume(cookie, session=session)
        if journey is None or not journey.returns(name, answer.state, self._clock.now()):
            raise Forbidden(
                "This was not begun in this browser, or too long ago, or something else was begun since.",
                remedy="Begin again.",
            )
        description = await wire.description()
        unsaid = description.authorization_response_iss_parameter_supported and not answer.issuer
        if unsaid or (answer.issuer and answer.issuer != provider.issuer):
            raise Forbidden(f"This answer is not one of {provider.title}.", remedy="Begin again.")
        if answer.error or not answer.code:
            _log.info("provider_refused", provider=name, error=answer.error)
            raise Forbidden(f"{provider.title} did not let you in.", remedy="Try again, or sign in another way.")
        tokens = await wire.redeem(answer.code, verifier=journey.verifier, address=self.back(name))
        keys = await wire.keys(key_id_of(tokens.id_token))
        claims = proved(
            tokens.id_token, keys, provider, nonce=journey.nonce, access_token=tokens.access_token,
            now=self._clock.now() // MICROSECONDS_PER_SECOND,
        )  # fmt: skip
        if "email" not in claims:
            more = await wire.claims(tokens.access_token)
            # Section 5.3.2: what is said of somebody else is not of them.
            claims = {**more, **claims} if more.get("sub") == claims["sub"] else claims
        identity = _identity(provider, claims)
        if not provider.takes(identity.email):
            raise Forbidden(f"Accounts like this one of {provider.title} are not taken here.")
        return journey, identity


def _identity(provider: Provider, claims: Mapping[str, Any]) -> Identity:
    def said(name: str, longest: int) -> str:
        value = claims.get(name)
        return " ".join(value.split()) if isinstance(value, str) and len(value) <= longest else ""

    subject = claims["sub"]
    if not isinstance(subject, str) or not 0 < len(subject) <= _SUBJECT_LENGTH_MAX:
        raise Forbidden(f"{provider.title} does not say who you are.")
    email, verified = said("email", EMAIL_LENGTH_MAX), claims.get("email_verified")
    return Identity(
        issuer=provider.issuer,
        subject=subject,
        email=email,
        email_verified=bool(email) and (verified is True or verified == "true"),  # some write it as text
        name=said("name", PERSON_NAME_LENGTH_MAX),
        locale=said("locale", 35) or None,
        time_zone=said("zoneinfo", 64) or None,
    )
