"""A person's session in a cookie, and the proof that a change asked with it comes from a page of ours.

A browser sends a cookie along with whatever page asks. Three things stand against a foreign page: `SameSite=Lax` on the
cookie, a token in the header `X-Koto-CSRF` of every request that changes something, and, where nobody is signed in yet (sign-in
itself), the `Origin` the browser names. The token is a digest of the cookie, which no script can read, so that a page gets it
from `GET /api/v1/session` alone and nothing is stored for it. Refused: a second cookie to compare with (a subdomain may set it).

Over TLS the cookie's name begins with `__Host-` (RFC 6265bis section 4.1.3.2): a subdomain or plain HTTP cannot plant one.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any
from urllib.parse import urlsplit

from litestar.connection import ASGIConnection

from monokoto.kernel.errors import Forbidden

SESSION_COOKIE = "koto_session"
SECURE_SESSION_COOKIE = f"__Host-{SESSION_COOKIE}"
CSRF_HEADER = "X-Koto-CSRF"
_TOKEN_LENGTH = 32
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


def csrf_token(cookie: str) -> str:
    """The token that belongs to a session's cookie: 32 characters."""
    digest = hashlib.sha256(f"csrf:{cookie}".encode("utf-8", "surrogatepass")).digest()
    return base64.urlsafe_b64encode(digest).decode()[:_TOKEN_LENGTH]


def is_secure(connection: ASGIConnection[Any, Any, Any, Any]) -> bool:
    """Whether the browser speaks TLS with us, or with a proxy in front that says so."""
    return connection.url.scheme == "https"


def session_cookie(connection: ASGIConnection[Any, Any, Any, Any]) -> str | None:
    """The text of the session's cookie; over TLS only of the one that nobody else can plant."""
    names = (SECURE_SESSION_COOKIE,) if is_secure(connection) else (SECURE_SESSION_COOKIE, SESSION_COOKIE)
    return next((found for name in names if (found := connection.cookies.get(name))), None)


def session_cookie_of(connection: ASGIConnection[Any, Any, Any, Any]) -> str | None:
    """The cookie the caller of this request was authenticated by; None for a key."""
    found = connection.scope.get("auth")
    return found if isinstance(found, str) else None


def require_csrf(connection: ASGIConnection[Any, Any, Any, Any], cookie: str) -> None:
    """Raises Forbidden when a method that changes something comes without the session's token."""
    if connection.scope.get("method") in _SAFE_METHODS:
        return
    given = connection.headers.get(CSRF_HEADER, "")
    if not hmac.compare_digest(given.encode("utf-8", "surrogatepass"), csrf_token(cookie).encode()):
        raise Forbidden(
            "This change does not prove that it comes from a page of this platform.",
            remedy=f"Send the session's token in the header {CSRF_HEADER}; `GET /api/v1/session` tells it.",
        )


async def require_same_site(connection: ASGIConnection[Any, Any, Any, Any], _handler: object) -> None:
    """A guard for changes nobody is signed in for: a browser on a page of somebody else is refused (Forbidden).

    Programs send no `Origin`. A foreign page could otherwise sign its visitor in as somebody else.
    """
    origin = connection.headers.get("origin")
    if origin is None or connection.scope.get("method") in _SAFE_METHODS:
        return
    if urlsplit(origin).netloc.lower() != connection.headers.get("host", "").lower():
        raise Forbidden("This comes from a page of somebody else.", remedy="Ask from a page of this platform.")
