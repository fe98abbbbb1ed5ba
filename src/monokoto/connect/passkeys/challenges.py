"""Challenges: bytes of ours a device signs, good once and for minutes. Blocking.

A challenge proves by itself that we made it, for whom and when: asking for one writes nothing, so that a stranger who asks for
many fills no table, and a sign-in has one transaction to wait for instead of two. What is kept, until it is too old anyway, are
the digests of those that were answered.
"""

from __future__ import annotations

import hashlib
import secrets

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from monokoto.connect.passkeys.store import answered_challenges
from monokoto.engines.records import Records
from monokoto.kernel.clock import MICROSECONDS_PER_SECOND, Clock
from monokoto.kernel.limits import PASSKEY_CHALLENGE_SECONDS

_NONCE_BYTES = 16
_INSTANT_BYTES = 8
_SAID_BYTES = _NONCE_BYTES + _INSTANT_BYTES
# Put together once: they are part of every sign-in.
_FIRST = {
    "sqlite": sqlite.insert(answered_challenges).on_conflict_do_nothing().returning(answered_challenges.c.digest),
    "postgresql": postgresql.insert(answered_challenges)
    .on_conflict_do_nothing()
    .returning(answered_challenges.c.digest),
}


class Challenges:
    """Those we gave, and those that were answered."""

    def __init__(self, records: Records, clock: Clock) -> None:
        self._records = records
        self._clock = clock

    def make(self, *, person_id: int | None = None) -> bytes:
        """A new challenge, for this person's new passkey or (None) for a sign-in. Raises Unavailable (no key)."""
        expires_at = self._clock.now() + PASSKEY_CHALLENGE_SECONDS * MICROSECONDS_PER_SECOND
        said = secrets.token_bytes(_NONCE_BYTES) + expires_at.to_bytes(_INSTANT_BYTES, "big")
        return said + self._records.keyring.sign(said, _purpose(person_id))

    def spend(self, challenge: bytes, *, person_id: int | None = None) -> bool:
        """Whether this challenge waited for an answer (of this person); it does no more."""
        return self._records.write_together(
            lambda connection: self.spend_in(connection, challenge, person_id=person_id)
        )

    def spend_in(self, connection: sa.Connection, challenge: bytes, *, person_id: int | None = None) -> bool:
        """The same within somebody's transaction."""
        said, proof = challenge[:_SAID_BYTES], challenge[_SAID_BYTES:]
        if not self._records.keyring.is_signed(said, proof, _purpose(person_id)):
            return False
        expires_at = int.from_bytes(said[_NONCE_BYTES:], "big")
        if expires_at <= self._clock.now():
            return False
        row = {"digest": hashlib.sha256(challenge).digest(), "expires_at": expires_at}
        return connection.execute(_FIRST[connection.dialect.name], row).first() is not None

    def prune(self) -> None:
        """Forget those that are too old to be answered again."""
        with self._records.write() as connection:
            connection.execute(
                answered_challenges.delete().where(answered_challenges.c.expires_at <= self._clock.now())
            )


def _purpose(person_id: int | None) -> str:
    return "passkeys.challenge " + ("sign-in" if person_id is None else f"registration {person_id}")
