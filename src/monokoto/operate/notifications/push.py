"""Web push: a message encrypted for one browser (RFC 8291), posted to its push service (RFC 8030), signed by us (RFC 8292)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import http_ece
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jwt
from joserfc.jwk import ECKey

from monokoto.connect.webhooks import Attempt, HttpSender
from monokoto.kernel.clock import MICROSECONDS_PER_SECOND, Clock
from monokoto.operate.notifications.subscriptions import PushSubscription, encoded, point_of
from monokoto.operate.rules import Severity

GONE: Final = frozenset({404, 410})
"""What a push service answers of a subscription that ended (RFC 8030 section 7.3)."""
KEPT_SECONDS: Final = 24 * 3600
"""How long a push service keeps a message for a browser that is away."""
_SIGNED_SECONDS: Final = 12 * 3600  # RFC 8292 allows 24 hours
_URGENCY: Final = {Severity.CRITICAL: "high", Severity.MAJOR: "high", Severity.INFO: "low"}


@dataclass(frozen=True, slots=True)
class Pusher:
    """Posts to browsers. `contact` is how a push service reaches whoever runs this platform: `https:` or `mailto:`."""

    sender: HttpSender
    clock: Clock
    contact: str

    async def push(
        self,
        subscription: PushSubscription,
        body: bytes,
        key: ec.EllipticCurvePrivateKey,
        *,
        name: str,
        severity: Severity = Severity.WARNING,
    ) -> Attempt:
        """One message to one browser; of two with one name a browser that was away gets the later."""
        headers = {
            "content-type": "application/octet-stream",
            "content-encoding": "aes128gcm",
            "ttl": str(KEPT_SECONDS),
            "urgency": _URGENCY.get(severity, "normal"),
            "topic": name.replace("_", "-")[:32],
            "authorization": self._signature(subscription.endpoint, key),
        }
        return await self.sender.post(subscription.endpoint, headers=headers, body=encrypt(subscription, body))

    def _signature(self, endpoint: str, key: ec.EllipticCurvePrivateKey) -> str:
        parts = urlsplit(endpoint)
        claims = {
            "aud": f"{parts.scheme}://{parts.netloc}",
            "exp": self.clock.now() // MICROSECONDS_PER_SECOND + _SIGNED_SECONDS,
            "sub": self.contact,
        }
        token = jwt.encode({"typ": "JWT", "alg": "ES256"}, claims, ECKey.import_key(key))
        return f"vapid t={token}, k={encoded(point_of(key))}"


def encrypt(subscription: PushSubscription, body: bytes) -> bytes:
    """A message only this browser can read; with a key of its own."""
    sealed: bytes = http_ece.encrypt(
        body,
        private_key=ec.generate_private_key(ec.SECP256R1()),
        dh=subscription.p256dh,
        auth_secret=subscription.auth,
        version="aes128gcm",
    )
    return sealed
