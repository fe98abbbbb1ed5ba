"""A call of the API as a value: what is sent, and what may be done when no answer comes."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import AsyncIterable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
from msgspec import UNSET

from monokoto.client.errors import BadArgument

Content = bytes | str | Iterable[bytes]
"""What an upload sends. What is iterated over can be sent once only: no second try is made."""
AsyncContent = bytes | str | Iterable[bytes] | AsyncIterable[bytes]

KEYED_BODY_BYTES_MAX = 2 << 20
"""A request with an idempotency key has at most so many bytes (docs/api.md)."""
_SESSION_COOKIES = ("__Host-koto_session", "koto_session")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request."""

    method: str
    path: str
    """With all parameters filled in, without the query."""
    query: Mapping[str, Any] = field(default_factory=dict)
    """None: left out; a list: the parameter, repeated."""
    headers: Mapping[str, str | None] = field(default_factory=dict)
    """None: left out."""
    body: Any = UNSET
    """Sent as JSON."""
    content: Any = None
    """Sent as it is; `str` as UTF-8."""
    content_type: str = "application/json"
    accept: str = "application/json"
    keyed: bool = False
    """Whether the route takes an `Idempotency-Key`."""
    key: str | None = None
    """The key to send; None: a fresh one."""
    repeatable: bool = False
    """Whether carrying it out twice is the same as once, without a key."""

    @property
    def target(self) -> str:
        """Path and query."""
        text = urlencode(_pairs(self.query))
        return f"{self.path}?{text}" if text else self.path

    @property
    def payload(self) -> Any:
        """What goes into the body; None: there is none."""
        if self.body is not UNSET:
            return msgspec.json.encode(self.body)
        return self.content.encode() if isinstance(self.content, str) else self.content

    def with_query(self, **more: Any) -> Call:
        """The same call, with these parameters besides."""
        return replace(self, query={**self.query, **more})

    def with_headers(self, **more: str | None) -> Call:
        """The same call, with these headers besides."""
        return replace(self, headers={**self.headers, **more})


def given(**members: Any) -> dict[str, Any]:
    """Those that are not UNSET. A name Python keeps for itself is written with `_` behind it."""
    return {name.rstrip("_"): value for name, value in members.items() if value is not UNSET}


def segment(text: str) -> str:
    """A parameter as one segment of a path.

    Raises:
        BadArgument: it is empty, or dots: another address would be asked.
    """
    if text in {"", ".", ".."}:
        raise BadArgument(f"{text!r} names nothing.")
    return quote(text, safe="")


def csrf_headers(cookies: Mapping[str, str]) -> dict[str, str]:
    """What a change asked with a session's cookie needs besides: the digest of the cookie. Empty without a session."""
    cookie = next((cookies[name] for name in _SESSION_COOKIES if name in cookies), None)
    if cookie is None:
        return {}
    digest = hashlib.sha256(f"csrf:{cookie}".encode()).digest()
    return {"X-Koto-CSRF": base64.urlsafe_b64encode(digest).decode()[:32]}


def _pairs(query: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        (name, _text(one))
        for name, value in query.items()
        if value is not None
        for one in (value if isinstance(value, list | tuple | set | frozenset) else (value,))
    ]


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value.value if isinstance(value, Enum) else value)
