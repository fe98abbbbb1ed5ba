"""An identity provider in memory, which signs what it is told to: also what it should not."""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
from joserfc import jwk, jwt

CLIENT, SECRET = "monokoto", "s3cret & more"


def half_hash(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()[:16]).rstrip(b"=").decode()


@cache
def key_called(name: str) -> Any:
    """A key pair; making one takes long, so tests share them."""
    return jwk.RSAKey.generate_key(2048, {"kid": name, "use": "sig", "alg": "RS256"})


@dataclass
class Elsewhere:
    """One provider. What it says of whoever comes is in `claims`; `forge` changes an ID token before it is signed."""

    now: Any
    issuer: str = "https://id.example"
    claims: dict[str, Any] = field(default_factory=dict)
    in_userinfo: bool = False
    """Whether it tells the e-mail address there alone."""
    says_iss: bool = True
    away: bool = False
    description: dict[str, Any] = field(default_factory=dict)
    """What it says of itself beside the usual."""
    header: dict[str, Any] = field(default_factory=dict)
    forged: dict[str, Any] = field(default_factory=dict)
    """Claims it puts in the place of the right ones; None: left out."""
    signs_with: Any = None
    algorithm: str = "RS256"
    asked: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.keys = [key_called("one")]
        self._codes: dict[str, dict[str, str]] = {}

    def rotate(self, name: str) -> None:
        """From now on it signs with another key; the old one is published no more."""
        self.keys = [key_called(name)]

    def agree(self, location: str) -> dict[str, str]:
        """What a browser brings back that was sent here, whose holder agreed."""
        parts = urlsplit(location)
        assert f"{parts.scheme}://{parts.netloc}" == self.issuer
        asked = dict(parse_qsl(parts.query))
        assert asked["response_type"] == "code"
        assert asked["client_id"] == CLIENT
        assert asked["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(16)
        self._codes[code] = asked
        return {"state": asked["state"], "code": code} | ({"iss": self.issuer} if self.says_iss else {})

    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self.answer)

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append((request.method, request.url.path))
        if self.away:
            raise httpx.ConnectError("no route", request=request)
        return {
            "/.well-known/openid-configuration": self._describe,
            "/keys": lambda _: httpx.Response(200, json={"keys": [one.as_dict(private=False) for one in self.keys]}),
            "/token": self._token,
            "/userinfo": self._userinfo,
        }[request.url.path](request)

    def _describe(self, _request: httpx.Request) -> httpx.Response:
        base = self.issuer
        told = {
            "issuer": base,
            "authorization_endpoint": f"{base}/authorize",
            "token_endpoint": f"{base}/token",
            "jwks_uri": f"{base}/keys",
            "userinfo_endpoint": f"{base}/userinfo",
            "authorization_response_iss_parameter_supported": self.says_iss,
        }
        return httpx.Response(200, json=told | self.description)

    def _token(self, request: httpx.Request) -> httpx.Response:
        form = {name: value[0] for name, value in parse_qs(request.content.decode()).items()}
        asked = self._codes.pop(form["code"], None)
        challenge = hashlib.sha256(form["code_verifier"].encode()).digest()
        right = (
            asked is not None
            and asked["redirect_uri"] == form["redirect_uri"]
            and asked["code_challenge"] == base64.urlsafe_b64encode(challenge).rstrip(b"=").decode()
            and request.headers["authorization"]
            == "Basic " + base64.b64encode(f"{CLIENT}:s3cret%20%26%20more".encode()).decode()
        )
        if not right or asked is None:
            return httpx.Response(400, json={"error": "invalid_grant"})
        access = secrets.token_urlsafe(16)
        now = self.now() // 1_000_000
        said = {name: value for name, value in self.claims.items() if name == "sub" or not self.in_userinfo}
        claims = {"iss": self.issuer, "aud": CLIENT, "exp": now + 300, "iat": now, "nonce": asked["nonce"],
                  "at_hash": half_hash(access), **said, **self.forged}  # fmt: skip
        claims = {name: value for name, value in claims.items() if value is not None}
        key = self.signs_with or self.keys[0]
        header = {"alg": self.algorithm, "kid": self.keys[0].kid, **self.header}
        token = jwt.encode(header, claims, key, algorithms=[self.algorithm])
        return httpx.Response(200, json={"access_token": access, "token_type": "Bearer", "id_token": token})

    def _userinfo(self, _request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=self.claims)
