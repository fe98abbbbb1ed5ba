"""When a call is tried again, and how long is waited before: without I/O, for both clients.

A second try is made only where it cannot do something twice: what reads, what carries an idempotency key, what was refused
before anything was done (429, 503), what never reached anybody. Waiting doubles, with jitter over its whole length so that
many clients do not come back at once (Brooker, "Exponential Backoff and Jitter", AWS 2015); `Retry-After` is obeyed.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import httpx

from monokoto.client.wire.calls import KEYED_BODY_BYTES_MAX, Call, csrf_headers

IDEMPOTENCY_HEADER: Final = "Idempotency-Key"
_NOTHING_DONE: Final = frozenset({429, 503})
_MAYBE_DONE: Final = frozenset({502, 504})
"""What proxies answer for a platform that does not: it may have been at work."""
_IN_FLIGHT: Final = 409
_NEVER_REACHED: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """How often a call is tried, and how long is waited in between."""

    attempts_max: int = 5
    """With the first one; 1: no second try."""
    wait_seconds_first: float = 0.2
    wait_seconds_max: float = 30.0
    """Who is told to wait longer than this waits not at all, but raises."""

    @property
    def for_streams(self) -> Retries:
        """A stream that broke off is worth more tries, with longer waits: a platform that starts anew takes a while."""
        if self.attempts_max == 1:
            return self
        return replace(self, attempts_max=self.attempts_max * 3, wait_seconds_first=self.wait_seconds_first * 3)

    def wait_seconds(self, attempt: int, chance: float) -> float:
        """How long to wait after this attempt (from 1); `chance` is from [0, 1)."""
        longest = min(self.wait_seconds_max, self.wait_seconds_first * 2.0 ** min(attempt - 1, 30))
        return longest * (0.5 + chance / 2)


NEVER: Final = Retries(attempts_max=1)


class Attempts:
    """The tries of one call. Its idempotency key is the same in all of them."""

    def __init__(self, call: Call, retries: Retries, chance: Callable[[], float]) -> None:
        payload = call.payload
        whole = payload is None or isinstance(payload, bytes)
        fits = payload is None or (isinstance(payload, bytes) and len(payload) <= KEYED_BODY_BYTES_MAX)
        self._payload = payload
        self._call = call
        self._key = call.key or (uuid.uuid4().hex if call.keyed and fits else None)
        self._retries = retries if whole else NEVER
        self._chance = chance
        self._repeatable = call.repeatable or self._key is not None
        self._count = 0

    def request(self, http: httpx.Client | httpx.AsyncClient, timeout_seconds: float) -> httpx.Request:
        """The next try's request."""
        self._count += 1
        headers = {"Accept": self._call.accept}
        if self._payload is not None:
            headers["Content-Type"] = self._call.content_type
        if self._key is not None:
            headers[IDEMPOTENCY_HEADER] = self._key
        if self._call.method != "GET" and "Authorization" not in http.headers:
            headers |= csrf_headers({one.name: one.value or "" for one in http.cookies.jar})
        headers |= {name: text for name, text in self._call.headers.items() if text is not None}
        return http.build_request(
            self._call.method, self._call.target, headers=headers, content=self._payload, timeout=timeout_seconds
        )

    def after_failure(self, error: httpx.TransportError) -> float | None:
        """Seconds to wait before the next try; None: there is none."""
        if isinstance(error, httpx.UnsupportedProtocol):
            return None
        return self._wait(worthwhile=self._repeatable or isinstance(error, _NEVER_REACHED))

    def after_answer(self, status: int, headers: Mapping[str, str]) -> float | None:
        """Seconds to wait before the next try; None: this is the answer."""
        in_flight = status == _IN_FLIGHT and self._key is not None and "retry-after" in headers
        worthwhile = status in _NOTHING_DONE or in_flight or (status in _MAYBE_DONE and self._repeatable)
        return self._wait(worthwhile=worthwhile, asked_seconds=retry_after_seconds(headers))

    def _wait(self, *, worthwhile: bool, asked_seconds: float = 0) -> float | None:
        if not worthwhile or self._count >= self._retries.attempts_max:
            return None
        if asked_seconds > self._retries.wait_seconds_max:
            return None
        return max(asked_seconds, self._retries.wait_seconds(self._count, self._chance()))


def retry_after_seconds(headers: Mapping[str, str]) -> float:
    """What `Retry-After` says in seconds; 0 when it is not there, or a date, which our platform never sends."""
    try:
        return max(0.0, float(headers.get("retry-after", "0")))
    except ValueError:
        return 0.0
