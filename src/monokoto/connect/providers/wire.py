"""What is asked of a provider: its description, its keys, tokens for a code, and who somebody is."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

import httpx
import msgspec
import structlog

from monokoto.connect.providers.provider import Provider
from monokoto.kernel.errors import Forbidden, Unavailable
from monokoto.kernel.limits import (
    PROVIDER_ANSWER_BYTES_MAX,
    PROVIDER_KEYS_SECONDS_MIN,
    PROVIDER_METADATA_SECONDS,
    PROVIDER_SECONDS_MAX,
)

WELL_KNOWN = "/.well-known/openid-configuration"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
Kind = TypeVar("Kind")
_log = structlog.get_logger(__name__)


class Description(msgspec.Struct, frozen=True):
    """What a provider says of itself (OpenID Connect Discovery 1.0 section 3); what we need of it."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str = ""
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    authorization_response_iss_parameter_supported: bool = False


class Tokens(msgspec.Struct, frozen=True):
    """What a code was good for."""

    id_token: str
    access_token: str = ""


class Wire:
    """The line to one provider."""

    def __init__(self, provider: Provider, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._provider = provider
        self._transport = transport
        self._description: Description | None = None
        self._described_at = 0.0
        self._keys: list[dict[str, Any]] = []
        self._keys_at: float | None = None
        self._turn = asyncio.Lock()

    async def description(self) -> Description:
        """What it says of itself, at most an hour old.

        Raises:
            Unavailable: it does not answer, or says it is somebody else.
        """
        async with self._turn:
            now = time.monotonic()
            if self._description is None or now - self._described_at > PROVIDER_METADATA_SECONDS:
                answer = await self._ask("GET", self._provider.issuer.rstrip("/") + WELL_KNOWN)
                found = self._decoded(answer, Description)
                if found.issuer != self._provider.issuer:
                    raise self._away(f"it calls itself {found.issuer[:200]!r}, the settings {self._provider.issuer!r}")
                self._description, self._described_at = found, now
            return self._description

    async def keys(self, key_id: str | None) -> list[dict[str, Any]]:
        """The keys it signs with; asked anew when this one is not among them, or they are an hour old. Raises Unavailable."""
        description = await self.description()
        async with self._turn:
            age = float("inf") if self._keys_at is None else time.monotonic() - self._keys_at
            lacks = key_id is not None and all(one.get("kid") != key_id for one in self._keys)
            if age > PROVIDER_METADATA_SECONDS or (lacks and age > PROVIDER_KEYS_SECONDS_MIN):
                answer = await self._ask("GET", description.jwks_uri)
                self._keys = self._decoded(answer, dict[str, Any]).get("keys", [])
                self._keys_at = time.monotonic()
            return [one for one in self._keys if isinstance(one, dict)]

    async def redeem(self, code: str, *, verifier: str, address: str) -> Tokens:
        """The tokens for a code.

        Raises:
            Forbidden: the provider does not take it.
            Unavailable: it does not answer.
        """
        description, us = await self.description(), self._provider
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": address, "code_verifier": verifier}
        basic: tuple[str, str] | None = None
        if us.client_secret and "client_secret_basic" in description.token_endpoint_auth_methods_supported:
            # RFC 6749 section 2.3.1: both are encoded as in a form before they are put together.
            basic = (quote(us.client_id, safe=""), quote(us.client_secret, safe=""))
        else:
            form |= {"client_id": us.client_id} | ({"client_secret": us.client_secret} if us.client_secret else {})
        answer = await self._ask("POST", description.token_endpoint, form=form, basic=basic)
        if answer.status_code != 200:
            _log.warning("code_not_taken", provider=us.name, status=answer.status_code, error=_error_in(answer))
            raise Forbidden(f"{us.title} did not confirm who you are.", remedy="Begin again.")
        return self._decoded(answer, Tokens)

    async def claims(self, access_token: str) -> Mapping[str, Any]:
        """What it says of somebody beside the ID token; nothing where it has no such service. Raises Unavailable."""
        endpoint = (await self.description()).userinfo_endpoint
        if not endpoint or not access_token:
            return {}
        answer = await self._ask("GET", endpoint, headers={"Authorization": f"Bearer {access_token}"})
        if answer.status_code != 200:
            return {}
        try:
            return self._decoded(answer, dict[str, Any])
        except Unavailable:
            return {}  # a signed answer (application/jwt) we did not ask for

    async def _ask(
        self,
        method: str,
        url: str,
        *,
        form: Mapping[str, str] | None = None,
        basic: tuple[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        parts = urlsplit(url)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
            raise self._away(f"{url[:200]!r} is not an https address")
        try:
            async with (
                asyncio.timeout(PROVIDER_SECONDS_MAX),
                httpx.AsyncClient(transport=self._transport, timeout=PROVIDER_SECONDS_MAX, trust_env=False) as http,
                http.stream(
                    method, url, data=form, auth=basic, headers={"Accept": "application/json", **(headers or {})}
                ) as answer,
            ):
                content = bytearray()
                async for part in answer.aiter_bytes():
                    content += part
                    if len(content) > PROVIDER_ANSWER_BYTES_MAX:
                        raise self._away("its answer is too long")
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, OSError) as error:
            raise self._away(str(error) or type(error).__name__) from error
        if answer.status_code >= 500:
            raise self._away(f"it answered {answer.status_code}")
        return httpx.Response(answer.status_code, headers={"Content-Type": "application/json"}, content=bytes(content))

    def _decoded(self, answer: httpx.Response, kind: type[Kind]) -> Kind:
        if answer.status_code != 200:
            raise self._away(f"it answered {answer.status_code}")
        try:
            return msgspec.json.decode(answer.content, type=kind)
        except msgspec.MsgspecError as error:
            raise self._away(str(error)) from error

    def _away(self, reason: str) -> Unavailable:
        _log.warning("provider_away", provider=self._provider.name, reason=reason)
        return Unavailable(
            f"{self._provider.title} cannot be asked now.", remedy="Sign in another way, or try again in a while."
        )


def _error_in(answer: httpx.Response) -> str:
    try:
        return str(msgspec.json.decode(answer.content, type=dict[str, Any]).get("error", ""))[:80]
    except msgspec.MsgspecError:
        return ""
