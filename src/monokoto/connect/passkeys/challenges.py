"""Challenges: random bytes a device signs, kept as digests, good once. Blocking."""

from __future__ import annotations

import hashlib
import secrets

import sqlalchemy as sa

from monokoto.connect.passkeys.store import challenges
from monokoto.connect.people import site_of
from monokoto.engines.records import Records
from monokoto.kernel.clock import MICROSECONDS_PER_SECOND, Clock
from monokoto.kernel.limits import PASSKEY_CHALLENGE_SECONDS, PASSKEY_CHALLENGES_PER_ADDRESS_MAX

_BYTES = 32
# Put together once: they are part of every sign-in.
_OLDEST = (
    sa.select(challenges.c.digest)
    .where(challenges.c.site == sa.bindparam("of"))
    .order_by(challenges.c.expires_at.desc(), challenges.c.digest)
    .offset(PASSKEY_CHALLENGES_PER_ADDRESS_MAX - 1)
)
_ONE = sa.select(challenges).where(challenges.c.digest == sa.bindparam("of")).with_for_update()
_SPENT = challenges.delete().where(challenges.c.digest == sa.bindparam("of"))


class Challenges:
    """Those that wait for an answer."""

    def __init__(self, records: Records, clock: Clock) -> None:
        self._records = records
        self._clock = clock

    def make(self, address: str, *, person_id: int | None = None) -> bytes:
        """A new challenge, for this person's new passkey or (None) for a sign-in.

        Of one address only so many wait: the oldest go, so that a stranger fills no table.
        """
        challenge, now = secrets.token_bytes(_BYTES), self._clock.now()
        site = hashlib.sha256(f"site:{site_of(address)}".encode()).digest()
        row = {
            "digest": _digest(challenge),
            "person_id": person_id,
            "site": site,
            "expires_at": now + PASSKEY_CHALLENGE_SECONDS * MICROSECONDS_PER_SECOND,
        }

        def work(connection: sa.Connection) -> None:
            gone = list(connection.execute(_OLDEST, {"of": site}).scalars())
            if gone:
                connection.execute(challenges.delete().where(challenges.c.digest.in_(gone)))
            connection.execute(challenges.insert(), row)

        self._records.write_together(work)
        return challenge

    def spend(self, challenge: bytes, *, person_id: int | None = None) -> bool:
        """Whether this challenge waited for an answer (of this person); it does no more."""
        return self._records.write_together(
            lambda connection: self.spend_in(connection, challenge, person_id=person_id)
        )

    def spend_in(self, connection: sa.Connection, challenge: bytes, *, person_id: int | None = None) -> bool:
        """The same within somebody's transaction."""
        mine = {"of": _digest(challenge)}
        row = connection.execute(_ONE, mine).one_or_none()
        if row is None or connection.execute(_SPENT, mine).rowcount != 1:
            return False
        return bool(row.person_id == person_id and row.expires_at > self._clock.now())

    def prune(self) -> None:
        """Forget those nobody answered in time."""
        with self._records.write() as connection:
            connection.execute(challenges.delete().where(challenges.c.expires_at <= self._clock.now()))


def _digest(challenge: bytes) -> bytes:
    return hashlib.sha256(challenge).digest()
