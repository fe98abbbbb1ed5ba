"""One POST to one receiver: to an address that was looked at, without following it elsewhere, in bounded time."""

from __future__ import annotations

import asyncio
import email.utils
import ssl
import time
from collections.abc import Mapping
from typing import Final, Protocol

import httpx

from monokoto import __version__
from monokoto.connect.webhooks.address import Place, parse_url, resolve
from monokoto.connect.webhooks.event import Event
from monokoto.connect.webhooks.signing import headers_of
from monokoto.connect.webhooks.webhook import Attempt, Webhook
from monokoto.kernel.clock import MICROSECONDS_PER_SECOND, Clock
from monokoto.kernel.errors import MonokotoError
from monokoto.kernel.limits import WEBHOOK_SNIPPET_BYTES_MAX

SEND_SECONDS_MAX: Final = 15.0
"""For everything: the name, the connection, the answer."""
GONE: Final = 410


class Sender(Protocol):
    """Posts an event to a receiver."""

    async def send(self, webhook: Webhook, event: Event) -> Attempt:
        """What came of it; never raises for what a receiver does."""
        ...


class HttpSender:
    """As `Sender`. `allow_private` lets it post to our own network and without TLS: for development alone."""

    def __init__(self, clock: Clock, *, allow_private: bool = False, seconds: float = SEND_SECONDS_MAX) -> None:
        self._clock = clock
        self._allow_private = allow_private
        self._seconds = seconds
        self._tls: ssl.SSLContext | None = None

    async def send(self, webhook: Webhook, event: Event) -> Attempt:
        """As `Sender.send`."""
        now = self._clock.now()
        signed = headers_of(webhook.keys(now), event.name, now // MICROSECONDS_PER_SECOND, event.body)
        return await self.post(webhook.url, headers={"content-type": "application/json", **signed}, body=event.body)

    async def post(self, url: str, *, headers: Mapping[str, str], body: bytes) -> Attempt:
        """Post a body; what came of it. Never raises for what a receiver does, and never names more of `url` than its host."""
        at, began = self._clock.now(), time.monotonic()
        status, reason, snippet, retry_after = 0, "", "", 0.0
        try:
            async with asyncio.timeout(self._seconds):
                status, snippet, retry_after = await self._post(url, headers, body)
            reason = "" if 200 <= status < 300 else _refusal(status)
        except TimeoutError:
            reason = f"There was no answer within {self._seconds:g} s."
        except MonokotoError as error:
            reason = error.message
        except (httpx.HTTPError, OSError, ssl.SSLError) as error:
            reason = f"{type(error).__name__}: {error}"[:300]
        return Attempt(
            at=at,
            milliseconds=round((time.monotonic() - began) * 1000),
            status=status,
            reason=reason,
            snippet=snippet,
            retry_after=retry_after,
        )

    async def _post(self, url: str, given: Mapping[str, str], body: bytes) -> tuple[int, str, float]:
        place = parse_url(url, allow_private=self._allow_private)
        address = await resolve(place, allow_private=self._allow_private)
        headers = {"host": place.host_header, "user-agent": f"Monokoto/{__version__}", **given}
        # A client for each: a pooled connection belongs to an address, and two receivers may share one.
        async with (
            httpx.AsyncClient(
                verify=self._verified(place), trust_env=False, follow_redirects=False, timeout=self._seconds
            ) as client,
            client.stream(
                "POST",
                _pinned(place, address),
                content=body,
                headers=headers,
                # The certificate is held against the name, not against the address we connect to.
                extensions={"sni_hostname": place.host},
            ) as answer,
        ):
            snippet = await _beginning(answer)
            return answer.status_code, snippet, _retry_after(answer.headers.get("retry-after", ""))

    def _verified(self, place: Place) -> ssl.SSLContext | bool:
        if place.scheme != "https":
            return False
        if self._tls is None:
            self._tls = ssl.create_default_context()
        return self._tls


def _pinned(place: Place, address: str) -> str:
    host = f"[{address}]" if ":" in address else address
    return f"{place.scheme}://{host}:{place.port}{place.target}"


async def _beginning(answer: httpx.Response) -> str:
    body = b""
    # Raw: a small compressed answer may be a large one.
    async for chunk in answer.aiter_raw():
        body += chunk[: WEBHOOK_SNIPPET_BYTES_MAX - len(body)]
        if len(body) >= WEBHOOK_SNIPPET_BYTES_MAX:
            break
    return body.decode("utf-8", "replace").replace("\0", "\N{REPLACEMENT CHARACTER}")


def _refusal(status: int) -> str:
    if 300 <= status < 400:
        return f"It answered {status}: redirects are not followed, give the address it leads to."
    return f"It answered {status}."


def _retry_after(text: str) -> float:
    """Seconds asked for (RFC 9110 section 10.2.3: a number, or a date); 0 when nothing sensible is."""
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        return max(email.utils.parsedate_to_datetime(text).timestamp() - time.time(), 0.0)
    except (TypeError, ValueError, OverflowError):
        return 0.0
