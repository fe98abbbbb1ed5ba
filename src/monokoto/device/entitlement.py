"""What a unit may do while nobody can be asked: entitlement tokens, verified on the unit. One file, standard library only.

A token is a compact JWS (RFC 7515) signed with Ed25519 (RFC 8032, RFC 8037): three parts of base64url text with dots between.

    header   {"alg": "EdDSA", "typ": "koto-entitlement", "kid": "…"}
    payload  {"ver": 2, "sub": unit id, "ctr": counter, "iat": s, "nbf": s, "exp": s, "features": {name: {…}}}
    feature  {"from": µs, "until": µs, "value": …, "left": "3", "overage": true, "safety": true,   only what there is to say
              "later": [{"from": µs, "until": µs, "value": …, "left": "10", "carried": "2"}, …]}   times after that one

Version 1 (no `ver`) knew no `later`. The gate of a feature opens at `from` and closes at `until` by the unit's own clock.

`Entitlements` keeps the unit's side: the highest counter and the latest time it has seen, in a file, so that neither an old
token nor a clock put back opens what is closed. docs/entitlements.md says the same for whoever writes it in C.

    held = Entitlements(unit="0dz3x8k2p5q7r", keys=keys_of(jwks), path="entitlements.json")
    held.take(token_text)                 # raises Refused with the reason
    held.may("night-programme")           # True or False, by the unit's own clock
    held.value("speed-limit", otherwise=6)
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import json
import os
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

TOPIC = "koto/v1/entitlements"
"""Retained: the unit's token, again whenever it changes and before it expires."""
TYPE = "koto-entitlement"
VERSIONS = (1, 2)
TOKEN_BYTES_MAX = 32 * 1024
CLOCK_TOLERANCE_SECONDS = 300
"""So far a clock may be put back, or a token be from the future, before nothing but safety is open."""
_SECOND = 1_000_000
_TEXT = re.compile(r"[A-Za-z0-9_-]*")


class Refused(Exception):
    """The token is none for this unit now; the reason is in `reason`: a word for programs."""

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason


# Ed25519, verification only (RFC 8032, section 5.1). Slow (some ms on a PC) and short; nothing here is secret.

_P = 2**255 - 19
_L = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, _P - 2, _P) % _P
_ROOT = pow(2, (_P - 1) // 4, _P)
_Point = tuple[int, int, int, int]
"""Extended coordinates: x = X/Z, y = Y/Z, X*Y = T*Z."""


def _add(p: _Point, q: _Point) -> _Point:
    a = (p[1] - p[0]) * (q[1] - q[0]) % _P
    b = (p[1] + p[0]) * (q[1] + q[0]) % _P
    c = 2 * p[3] * q[3] * _D % _P
    d = 2 * p[2] * q[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % _P, g * h % _P, f * g % _P, e * h % _P)


def _times(scalar: int, point: _Point) -> _Point:
    found = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            found = _add(found, point)
        point = _add(point, point)
        scalar >>= 1
    return found


def _same(p: _Point, q: _Point) -> bool:
    return (p[0] * q[2] - q[0] * p[2]) % _P == 0 and (p[1] * q[2] - q[1] * p[2]) % _P == 0


def _x_of(y: int, sign: int) -> int | None:
    if y >= _P:
        return None
    square = (y * y - 1) * pow(_D * y * y + 1, _P - 2, _P) % _P
    if square == 0:
        return None if sign else 0
    x = pow(square, (_P + 3) // 8, _P)
    if (x * x - square) % _P:
        x = x * _ROOT % _P
    if (x * x - square) % _P:
        return None
    return _P - x if (x & 1) != sign else x


def _point(encoded: bytes) -> _Point | None:
    y = int.from_bytes(encoded, "little")
    sign, y = y >> 255, y & ((1 << 255) - 1)
    x = _x_of(y, sign)
    return None if x is None else (x, y, 1, x * y % _P)


_Y = 4 * pow(5, _P - 2, _P) % _P
_X = _x_of(_Y, 0) or 0
_BASE: _Point = (_X, _Y, 1, _X * _Y % _P)


def verify_ed25519(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the signature of the message is by the owner of the public key. Never raises."""
    if len(public) != 32 or len(signature) != 64:
        return False
    a, r = _point(public), _point(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= _L:
        return False
    digest = hashlib.sha512(signature[:32] + public + message).digest()
    k = int.from_bytes(digest, "little") % _L
    return _same(_times(s, _BASE), _add(r, _times(k, a)))


# Tokens


@dataclass(frozen=True)
class Claims:
    """What a token says, its signature verified."""

    unit: str
    counter: int
    issued: int
    """Seconds since 1970, as the two below."""
    begins: int
    ends: int
    features: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def keys_of(document: Mapping[str, Any]) -> dict[str, bytes]:
    """The public keys of a JSON Web Key Set (RFC 7517) by their ids; keys of other kinds are left out."""
    found = {}
    for key in document.get("keys", ()):
        if key.get("kty") == "OKP" and key.get("crv") == "Ed25519" and key.get("alg", "EdDSA") == "EdDSA":
            found[str(key.get("kid", ""))] = _bytes(str(key.get("x", "")))
    return found


def verify(token: str, keys: Mapping[str, bytes]) -> Claims:
    """What the token says, if one of these keys signed it. Says nothing of time, counter and unit: `Entitlements.take` does.

    Raises:
        Refused: malformed, algorithm, key, signature, version (a later one than is known here).
    """
    if len(token) > TOKEN_BYTES_MAX or token.count(".") != 2:
        raise Refused("malformed", "this is no token")
    head, body, signature = token.split(".")
    header = _object(head)
    if header.get("alg") != "EdDSA" or header.get("typ") != TYPE or "crit" in header:
        raise Refused("algorithm", "the token is not signed with EdDSA, or is of another kind")
    public = keys.get(str(header.get("kid", "")))
    if public is None:
        raise Refused("key", "the token is signed with a key that is not known here")
    if not verify_ed25519(public, f"{head}.{body}".encode(), _bytes(signature)):
        raise Refused("signature", "the signature does not fit: the token was altered")
    return _claims(_object(body))


def _claims(payload: Mapping[str, Any]) -> Claims:
    version = payload.get("ver", 1)
    if isinstance(version, bool) or not isinstance(version, int):
        raise Refused("malformed", "the token does not say what it must")
    if version not in VERSIONS:
        raise Refused("version", f"the token is of version {version}, which is not known here")
    numbers = [payload.get(name) for name in ("ctr", "iat", "nbf", "exp")]
    features = payload.get("features")
    if not all(map(_whole, numbers)) or not isinstance(features, dict) or not all(map(_sound, features.values())):
        raise Refused("malformed", "the token does not say what it must")
    counter, issued, begins, ends = (int(one) for one in numbers if isinstance(one, int))
    return Claims(str(payload.get("sub", "")), counter, issued, begins, ends, features)


def _whole(number: Any) -> bool:
    return isinstance(number, int) and not isinstance(number, bool) and number >= 0


def _sound(said: Any) -> bool:
    """Whether this can be what a token says of a feature."""
    if not isinstance(said, dict) or not isinstance(said.get("later", []), list):
        return False
    times = [said, *said.get("later", [])]
    return all(isinstance(one, dict) and all(_whole(one.get(name, 0)) for name in ("from", "until")) for one in times)


def _bytes(text: str) -> bytes:
    if not _TEXT.fullmatch(text):
        raise Refused("malformed", "this is no base64url")
    try:
        found = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        raise Refused("malformed", "this is no base64url") from None
    if base64.urlsafe_b64encode(found).rstrip(b"=").decode() != text:
        raise Refused("malformed", "the text could be written otherwise")  # or two texts would be one token
    return found


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(_bytes(text))
    except (ValueError, RecursionError):
        raise Refused("malformed", "this is no JSON") from None
    if not isinstance(found, dict):
        raise Refused("malformed", "this is no JSON object")
    return found


# The unit's side


class Entitlements:
    """What this unit may do, by the last token it took. `clock` gives seconds since 1970; `path` keeps it over restarts."""

    def __init__(
        self,
        *,
        unit: str,
        keys: Mapping[str, bytes],
        path: str | Path | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.unit = unit
        self.keys = dict(keys)
        self._path = None if path is None else Path(path)
        self._clock = clock
        self._claims: Claims | None = None
        self._token = ""
        self._counter = 0
        self._latest = 0.0
        self._used: dict[str, Decimal] = {}
        """Of metered features by their times (`_place`), since the token was taken."""
        self._load()

    @property
    def counter(self) -> int:
        """The highest that was taken."""
        return self._counter

    @property
    def claims(self) -> Claims | None:
        """Of the last token taken; it may have expired since."""
        return self._claims

    def take(self, token: str) -> Claims:
        """Take a token over. The same one again is no fault.

        Raises:
            Refused: malformed, algorithm, key, signature, version; unit (another one's); replayed (older than one that was taken);
                clock (the unit's was put back, or is far behind the token); expired.
        """
        claims = verify(token, self.keys)
        if claims.unit != self.unit:
            raise Refused("unit", "the token is another unit's")
        if claims.counter < self._counter or (claims.counter == self._counter and token != self._token):
            raise Refused("replayed", f"a token with the counter {self._counter} was taken before")
        now = self._clock()
        if now < max(self._latest, float(claims.issued)) - CLOCK_TOLERANCE_SECONDS:
            raise Refused("clock", "the unit's clock was put back")
        if max(now, self._latest) >= claims.ends:
            raise Refused("expired", "the token has expired")
        if token != self._token:
            self._used = {}
        self._token, self._claims, self._counter = token, claims, claims.counter
        self._latest = max(self._latest, now, float(claims.issued))
        self._save()
        return claims

    def may(self, feature: str) -> bool:
        """Whether the feature is open now."""
        return self._open(feature) is not None

    def closed_because(self, feature: str) -> str:
        """Why the feature is closed now, for people; empty: it is open."""
        if self._open(feature) is not None:
            return ""
        claims = self._claims
        if claims is None:
            return "the unit has no token"
        said = claims.features.get(feature)
        if said is None:
            return "the token does not have it"
        return self._untimely(claims, said) or "it is used up"

    def _untimely(self, claims: Claims, said: Mapping[str, Any]) -> str:
        """Why it is not the time for it; empty: it is."""
        clock = self._clock()
        now = max(clock, self._latest)
        if clock < self._latest - CLOCK_TOLERANCE_SECONDS:
            return "the unit's clock was put back"
        if now >= claims.ends:
            return "the token has expired"
        if self._time(said) is not None:
            return ""
        last = max(int(one.get("until", 1 << 62)) for one in (said, *said.get("later", ())))
        return "its time is over" if last <= now * _SECOND else "its time has not come"

    def value(self, feature: str, otherwise: Any = None) -> Any:
        """The feature's value now, or what it is without the feature."""
        found = self._open(feature)
        return otherwise if found is None else found.get("value", True)

    def left(self, feature: str) -> Decimal | None:
        """What is left now of a metered feature, as far as this unit knows; None where nothing is metered."""
        said = None if self._claims is None else self._claims.features.get(feature)
        return None if said is None else self._left(feature, self._time(said) or said)

    def use(self, feature: str, quantity: int | str | Decimal = 1) -> bool:
        """Use so much of a metered feature, if it is open and enough is left (or overage is allowed); whether it was."""
        said = self._open(feature)
        left = None if said is None else self._left(feature, said)
        amount = Decimal(quantity)
        if said is None or left is None or amount < 0:
            return False
        if left < amount and not self._overage(feature):
            return False
        place = _place(feature, said)
        self._used[place] = self._used.get(place, Decimal(0)) + amount
        self._save()
        return True

    def _left(self, feature: str, said: Mapping[str, Any]) -> Decimal | None:
        """Of one time: what was used in it is gone, and what was used in others as far as it was carried over from them."""
        if "left" not in said:
            return None
        here = _place(feature, said)
        used = self._used.get(here, Decimal(0))
        before = sum(
            (one for place, one in self._used.items() if place != here and place.partition("@")[0] == feature),
            Decimal(0),
        )
        try:
            whole, carried = Decimal(str(said["left"])), Decimal(str(said.get("carried", 0)))
            return max(Decimal(0), whole - min(before, carried) - used)
        except InvalidOperation:
            return Decimal(0)

    def _overage(self, feature: str) -> bool:
        return self._claims is not None and self._claims.features[feature].get("overage") is True

    def _open(self, feature: str) -> Mapping[str, Any] | None:
        """What the token says of the time the feature is open in now; None: it is closed."""
        claims = self._claims
        said = None if claims is None else claims.features.get(feature)
        if claims is None or said is None:
            return None
        found = self._time(said)
        if said.get("safety") is True:
            return found or said  # not a clock, not a token that came too late, takes the brakes away
        if found is None:
            return None
        left = self._left(feature, found)
        return None if left is not None and left <= 0 and not self._overage(feature) else found

    def _time(self, said: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """The one of a feature's times that is now, by a clock that was not put back."""
        claims, clock = self._claims, self._clock()
        if claims is None or clock < self._latest - CLOCK_TOLERANCE_SECONDS:
            return None
        now = max(clock, self._latest)
        if now > self._latest + 60:
            self._latest = now
            self._save()
        if not claims.begins <= now < claims.ends:
            return None
        micros = int(now * _SECOND)
        for one in (said, *said.get("later", ())):
            if int(one.get("from", 0)) <= micros < int(one.get("until", 1 << 62)):
                found: Mapping[str, Any] = one
                return found
        return None

    # On disk

    def _load(self) -> None:
        if self._path is None or not self._path.exists():
            return
        try:
            kept = json.loads(self._path.read_text("utf-8"))
            self._counter, self._latest = int(kept["counter"]), float(kept["latest"])
            self._used = {str(name): Decimal(used) for name, used in kept["used"].items()}
            self._token = str(kept["token"])
        except (ValueError, KeyError, TypeError, AttributeError, InvalidOperation):
            return  # damaged: nothing is open until a token comes
        with contextlib.suppress(Refused):  # a key may be known no more
            claims = verify(self._token, self.keys)
            if claims.unit == self.unit and claims.counter == self._counter:
                self._claims = claims

    def _save(self) -> None:
        if self._path is None:
            return
        kept = {
            "counter": self._counter,
            "latest": self._latest,
            "token": self._token,
            "used": {name: str(used) for name, used in self._used.items()},
        }
        beside = self._path.with_name(self._path.name + ".new")
        with beside.open("w", encoding="utf-8") as stream:
            json.dump(kept, stream)
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(self._path)


def _place(feature: str, said: Mapping[str, Any]) -> str:
    """Names one time of a feature; no name of a feature has an @ in it."""
    return f"{feature}@{said['from']}" if "from" in said else feature
