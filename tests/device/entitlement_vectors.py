"""Writes `entitlement_vectors.json`: tokens good and bad, for whoever verifies them in another language.

    python tests/device/entitlement_vectors.py

Signed by `cryptography`, with a key that is no secret; the verifier under test is another code.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

FILE = Path(__file__).with_name("entitlement_vectors.json")
UNIT, OTHER = "0dz3x8k2p5q7r", "0dz3x8k2p5q7s"
NOW = 1_800_000_000
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
STRANGER = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
FEATURES = {
    "night-programme": {"until": (NOW + 3600) * 1_000_000},
    "speed-limit": {"until": (NOW + 86_400) * 1_000_000, "value": 25},
    "washes-included": {"until": (NOW + 86_400) * 1_000_000, "left": "3"},
    "brakes": {"until": (NOW + 3600) * 1_000_000, "safety": True},
}
LATER = {
    "night-programme": {"from": (NOW + 3600) * 1_000_000, "until": (NOW + 7200) * 1_000_000},
    "speed-limit": {"until": (NOW + 3600) * 1_000_000, "value": 10, "later": [
        {"from": (NOW + 3600) * 1_000_000, "until": (NOW + 7200) * 1_000_000, "value": 25},
        {"from": (NOW + 9000) * 1_000_000, "until": (NOW + 86_400) * 1_000_000, "value": 12},
    ]},
    "washes-included": {"until": (NOW + 3600) * 1_000_000, "left": "0", "later": [
        {"from": (NOW + 3600) * 1_000_000, "until": (NOW + 7200) * 1_000_000, "left": "4"},
    ]},
}  # fmt: skip
"""Of version 2: what begins by itself while the unit is away."""


def text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def plain(document: Any) -> str:
    return text(json.dumps(document, separators=(",", ":")).encode())


def token(*, header: dict[str, Any] | None = None, key: Ed25519PrivateKey | None = KEY, **claims: Any) -> str:
    said = {"sub": UNIT, "ctr": 7, "iat": NOW, "nbf": NOW, "exp": NOW + 86_400, "features": FEATURES} | claims
    head = {"alg": "EdDSA", "typ": "koto-entitlement", "kid": "k1"} | (header or {})
    parts = f"{plain(head)}.{plain(said)}"
    return f"{parts}.{'' if key is None else text(key.sign(parts.encode()))}"


def altered(good: str) -> str:
    head, _, signature = good.split(".")
    said = {"sub": UNIT, "ctr": 7, "iat": NOW, "nbf": NOW, "exp": NOW + 999_999, "features": FEATURES}
    return f"{head}.{plain(said)}.{signature}"


def swapped(good: str) -> str:
    """The last character differs only in bits that base64 throws away."""
    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".index(good[-1])
    return good[:-1] + "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[last ^ 1]


def cases() -> list[dict[str, Any]]:
    good = token()
    return [
        {"name": "good", "token": good, "refused": None, "open": sorted(FEATURES)},
        {"name": "an hour later", "token": good, "clock": NOW + 3600, "refused": None,
         "open": ["brakes", "speed-limit", "washes-included"]},
        {"name": "wrong unit", "token": token(sub=OTHER), "refused": "unit"},
        {"name": "expired", "token": good, "clock": NOW + 86_400, "refused": "expired"},
        {"name": "clock put back", "token": good, "latest": NOW + 3600, "clock": NOW + 60, "refused": "clock"},
        {"name": "clock behind the token", "token": good, "clock": NOW - 301, "refused": "clock"},
        {"name": "clock a little behind", "token": good, "clock": NOW - 299, "refused": None, "open": sorted(FEATURES)},
        {"name": "replayed counter", "token": good, "counter": 8, "refused": "replayed"},
        {"name": "another token of the same counter", "token": token(exp=NOW + 99), "counter": 7, "refused": "replayed"},
        {"name": "altered", "token": altered(good), "refused": "signature"},
        {"name": "altered in spare bits", "token": swapped(good), "refused": "malformed"},
        {"name": "wrong key", "token": token(key=STRANGER), "refused": "signature"},
        {"name": "unknown key", "token": token(header={"kid": "k2"}), "refused": "key"},
        {"name": "alg none", "token": token(header={"alg": "none"}, key=None), "refused": "algorithm"},
        {"name": "alg HS256", "token": token(header={"alg": "HS256"}), "refused": "algorithm"},
        {"name": "another kind of token", "token": token(header={"typ": "JWT"}), "refused": "algorithm"},
        {"name": "critical header", "token": token(header={"crit": ["b64"]}), "refused": "algorithm"},
        {"name": "no signature", "token": token(key=None), "refused": "signature"},
        {"name": "counter is a text", "token": token(ctr="7"), "refused": "malformed"},
        {"name": "counter is true", "token": token(ctr=True), "refused": "malformed"},
        {"name": "no features", "token": token(features=[]), "refused": "malformed"},
        {"name": "two parts", "token": good.rsplit(".", 1)[0], "refused": "malformed"},
        {"name": "not base64url", "token": "=" + good, "refused": "malformed"},
        {"name": "nothing before its time", "token": token(ver=2, features=LATER), "refused": None, "open": ["speed-limit"]},
        {"name": "a second before its time", "token": token(ver=2, features=LATER), "clock": NOW + 3599, "refused": None,
         "open": ["speed-limit"]},
        {"name": "begins by itself", "token": token(ver=2, features=LATER), "clock": NOW + 3600, "refused": None,
         "open": ["night-programme", "speed-limit", "washes-included"]},
        {"name": "ends by itself", "token": token(ver=2, features=LATER), "clock": NOW + 7200, "refused": None, "open": []},
        {"name": "begins again", "token": token(ver=2, features=LATER), "clock": NOW + 9000, "refused": None,
         "open": ["speed-limit"]},
        {"name": "clock put back from within a later time", "token": token(ver=2, features=LATER), "latest": NOW + 3700,
         "clock": NOW + 3399, "refused": "clock"},
        {"name": "the first version said so", "token": token(ver=1), "refused": None, "open": sorted(FEATURES)},
        {"name": "a version to come", "token": token(ver=3), "refused": "version"},
        {"name": "version is a text", "token": token(ver="2"), "refused": "malformed"},
        {"name": "version is true", "token": token(ver=True), "refused": "malformed"},
        {"name": "later is no list", "token": token(ver=2, features={"f": {"later": {}}}), "refused": "malformed"},
        {"name": "a later time is none", "token": token(ver=2, features={"f": {"later": [7]}}), "refused": "malformed"},
        {"name": "from is a text", "token": token(ver=2, features={"f": {"later": [{"from": "7"}]}}),
         "refused": "malformed"},
        {"name": "nothing open", "token": token(features={}), "refused": None, "open": []},
    ]  # fmt: skip


def document() -> dict[str, Any]:
    public = KEY.public_key().public_bytes_raw()
    key = {"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": "k1", "x": text(public)}
    return {
        "unit": UNIT,
        "clock": NOW,
        "keys": {"keys": [key]},
        "what": "clock, latest (the latest time the unit has seen) and counter (the highest it took, 0: none) before it "
        "takes the token; refused: the reason, null: taken; open: the features that are open then",
        "cases": cases(),
    }


if __name__ == "__main__":
    FILE.write_text(json.dumps(document(), indent=1) + "\n", "utf-8")
