"""A device that makes and uses passkeys, in software: what it sends is put together byte by byte, so that it can also lie."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import struct
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

PRESENT, VERIFIED, MAY_BE_SYNCED, IS_SYNCED, HAS_CREDENTIAL = 0x01, 0x04, 0x08, 0x10, 0x40
ES256, EDDSA, RS256 = -7, -8, -257


def text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def data(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Key:
    """A key pair of one of the algorithms we ask for."""

    def __init__(self, algorithm: int) -> None:
        self.algorithm = algorithm
        self.private: Any = {
            ES256: lambda: ec.generate_private_key(ec.SECP256R1()),
            EDDSA: ed25519.Ed25519PrivateKey.generate,
            RS256: lambda: rsa.generate_private_key(65537, 2048),
        }[algorithm]()

    def public(self) -> dict[int, Any]:
        """As COSE has it."""
        key = self.private.public_key()
        if self.algorithm == ES256:
            numbers = key.public_numbers()
            return {1: 2, 3: ES256, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        if self.algorithm == EDDSA:
            return {1: 1, 3: EDDSA, -1: 6, -2: key.public_bytes_raw()}
        numbers = key.public_numbers()
        return {1: 3, 3: RS256, -1: numbers.n.to_bytes(256, "big"), -2: numbers.e.to_bytes(3, "big")}

    def sign(self, message: bytes) -> bytes:
        if self.algorithm == ES256:
            return self.private.sign(message, ec.ECDSA(hashes.SHA256()))
        if self.algorithm == EDDSA:
            return self.private.sign(message)
        return self.private.sign(message, padding.PKCS1v15(), hashes.SHA256())


@dataclass
class Authenticator:
    """One device and the browser in front of it. Set an attribute to make it lie."""

    origin: str
    algorithm: int = ES256
    flags: int = PRESENT | VERIFIED
    counts: bool = True
    credential: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    key: Key | None = None
    handle: bytes = b""
    count: int = 0
    type: str = ""
    """What the browser says was asked of it; empty: the truth."""
    host: str = ""
    """The host it signs for; empty: the one it was asked for."""

    def create(self, options: dict[str, Any]) -> dict[str, Any]:
        """Answer `navigator.credentials.create`."""
        asked = options["public_key"]
        assert self.algorithm in {one["alg"] for one in asked["pubKeyCredParams"]}
        self.key, self.handle = Key(self.algorithm), data(asked["user"]["id"])
        public = cbor2.dumps(self.key.public())
        credential = bytes(16) + struct.pack(">H", len(self.credential)) + self.credential + public
        signed = self._head(asked["rp"]["id"], HAS_CREDENTIAL) + credential
        client = self._client("webauthn.create", asked["challenge"])
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": signed})
        response = {"clientDataJSON": text(client), "attestationObject": text(attestation), "transports": ["internal"]}
        return self._answer(response)

    def get(self, options: dict[str, Any]) -> dict[str, Any]:
        """Answer `navigator.credentials.get`."""
        asked = options["public_key"]
        assert self.key is not None
        self.count += self.counts
        signed = self._head(asked["rpId"], 0)
        client = self._client("webauthn.get", asked["challenge"])
        signature = self.key.sign(signed + hashlib.sha256(client).digest())
        return self._answer(
            {
                "clientDataJSON": text(client),
                "authenticatorData": text(signed),
                "signature": text(signature),
                "userHandle": text(self.handle),
            }
        )

    def _head(self, host: str, flags: int) -> bytes:
        return hashlib.sha256((self.host or host).encode()).digest() + struct.pack(
            ">BI", self.flags | flags, self.count
        )

    def _client(self, kind: str, challenge: str) -> bytes:
        told = {"type": self.type or kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}
        return json.dumps(told).encode()

    def _answer(self, response: dict[str, Any]) -> dict[str, Any]:
        name = text(self.credential)
        return {
            "id": name,
            "rawId": name,
            "type": "public-key",
            "response": response,
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
        }
