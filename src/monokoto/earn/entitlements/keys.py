"""The keys that sign tokens: Ed25519, of the installation, each for a while.

A key is shown (in the key set) a week before it signs, so that units that ask now and then know it in time, and as long as
anything it signed may hold. Private parts are sealed in the records.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from monokoto.earn.entitlements.tables import THE_INSTALLATION, keys
from monokoto.engines.records import Records
from monokoto.kernel.clock import MICROSECONDS_PER_SECOND, Clock
from monokoto.kernel.limits import ENTITLEMENT_KEY_DAYS, ENTITLEMENT_OFFLINE_SECONDS_MAX

_DAY = 86_400 * MICROSECONDS_PER_SECOND
_SIGNS = ENTITLEMENT_KEY_DAYS * _DAY
_SHOWN_BEFORE = 7 * _DAY
_MINE = keys.c.organisation_id == THE_INSTALLATION
_HOLDS = ENTITLEMENT_OFFLINE_SECONDS_MAX * MICROSECONDS_PER_SECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """One key."""

    id: str
    """RFC 7638: the thumbprint of its public part."""
    private: bytes = field(repr=False)
    public: bytes
    signs_from: int
    signs_until: int

    def sign(self, message: bytes) -> bytes:
        """64 bytes."""
        return Ed25519PrivateKey.from_private_bytes(self.private).sign(message)

    @property
    def json(self) -> dict[str, Any]:
        """As it stands in a JSON Web Key Set (RFC 8037)."""
        return {"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": self.id, "x": text(self.public)}


class SigningKeys:
    """Kept in the records; made when there is none. Blocking."""

    def __init__(self, records: Records, clock: Clock) -> None:
        self._records = records
        self._clock = clock
        self._at_hand: tuple[SigningKey, ...] = ()

    def shown(self) -> list[SigningKey]:
        """Those units should know: that sign, will sign soon, or signed what may still hold."""
        now = self._clock.now()
        return [key for key in self._all() if now < key.signs_until + _HOLDS]

    def current(self) -> SigningKey:
        """The one that signs now; the next one is made in time."""
        now = self._clock.now()
        found = self._signing(self._at_hand, now)
        if found is None or found.signs_until - _SHOWN_BEFORE <= now:
            found = self._signing(self.keep(), self._clock.now())
        assert found is not None
        return found

    def keep(self) -> tuple[SigningKey, ...]:
        """Make what is lacking: a key that signs now, and in the week before its end the next one."""
        now = self._clock.now()
        with self._records.write() as connection:
            held = _read(connection, lock=True)
            if self._signing(held, now) is None:
                held += (_insert(connection, now, now),)
            last = max(key.signs_until for key in held)
            if last - _SHOWN_BEFORE <= now:
                held += (_insert(connection, now, last),)
        self._at_hand = held
        return held

    def rotate(self) -> SigningKey:
        """A new key that signs from now on; the one before signs no more, and stays known."""
        now = self._clock.now()
        with self._records.write() as connection:
            _read(connection, lock=True)
            ends = sa.case((keys.c.signs_from > now, keys.c.signs_from), else_=now)
            connection.execute(keys.update().where(_MINE, keys.c.signs_until > now).values(signs_until=ends))
            made = _insert(connection, now, now)
            self._at_hand = _read(connection)
        return made

    def _all(self) -> tuple[SigningKey, ...]:
        with self._records.read() as connection:
            held = _read(connection)
        return held or self.keep()

    @staticmethod
    def _signing(held: tuple[SigningKey, ...], now: int) -> SigningKey | None:
        """Of two the later one: another process may have made one at the same moment."""
        live = [key for key in held if key.signs_from <= now < key.signs_until]
        return max(live, key=lambda key: (key.signs_from, key.id), default=None)


def text(raw: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _insert(connection: sa.Connection, now: int, signs_from: int) -> SigningKey:
    private = Ed25519PrivateKey.generate()
    public = private.public_key().public_bytes_raw()
    thumb = hashlib.sha256(f'{{"crv":"Ed25519","kty":"OKP","x":"{text(public)}"}}'.encode()).digest()
    made = SigningKey(
        id=text(thumb),
        private=private.private_bytes_raw(),
        public=public,
        signs_from=signs_from,
        signs_until=signs_from + _SIGNS,
    )
    row = {
        "key_id": made.id,
        "organisation_id": THE_INSTALLATION,
        "private": text(made.private),
        "public": text(public),
        "created_at": now,
        "signs_from": made.signs_from,
        "signs_until": made.signs_until,
    }
    connection.execute(keys.insert().values(row))
    return made


def _read(connection: sa.Connection, *, lock: bool = False) -> tuple[SigningKey, ...]:
    query = sa.select(keys).where(_MINE).order_by(keys.c.signs_from)
    rows = connection.execute(query.with_for_update() if lock else query)
    return tuple(
        SigningKey(
            id=row.key_id,
            private=_raw(row.private),
            public=_raw(row.public),
            signs_from=row.signs_from,
            signs_until=row.signs_until,
        )
        for row in rows
    )


def _raw(told: str) -> bytes:
    return base64.urlsafe_b64decode(told + "=" * (-len(told) % 4))
