"""Links for a new password: mailed, good once and for an hour. Blocking."""

from __future__ import annotations

import secrets

import sqlalchemy as sa

from monokoto.connect.people.person import Person
from monokoto.connect.people.store import password_links, person_from_row, persons, sessions
from monokoto.connect.tenancy import digest
from monokoto.engines.records import Records
from monokoto.kernel.clock import MICROSECONDS_PER_SECOND, Clock, Instant
from monokoto.kernel.errors import NotFound
from monokoto.kernel.limits import PASSWORD_LINK_SECONDS, PASSWORD_LINKS_PER_HOUR_MAX

_SECRET_BYTES = 32
_HOUR = 3600 * MICROSECONDS_PER_SECOND


class PasswordLinks:
    """The links that were mailed and not used yet."""

    def __init__(self, records: Records, clock: Clock) -> None:
        self._records = records
        self._clock = clock

    def offer(self, person_id: int) -> tuple[str, Instant] | None:
        """The secret of a new link, and until when it is good; None when the person got enough of them this hour."""
        now = self._clock.now()
        until = Instant(now + PASSWORD_LINK_SECONDS * MICROSECONDS_PER_SECOND)
        secret = secrets.token_urlsafe(_SECRET_BYTES)
        mine = password_links.c.person_id == person_id
        with self._records.write() as connection:
            # The person's row is the lock: two asked for at once are counted one after the other.
            connection.execute(sa.select(persons.c.person_id).where(persons.c.person_id == person_id).with_for_update())
            connection.execute(password_links.delete().where(mine, password_links.c.created_at <= now - _HOUR))
            count = sa.select(sa.func.count()).select_from(password_links).where(mine)
            if connection.execute(count).scalar_one() >= PASSWORD_LINKS_PER_HOUR_MAX:
                return None
            connection.execute(
                password_links.insert().values(
                    digest=digest(secret), person_id=person_id, created_at=now, expires_at=until
                )
            )
        return secret, until

    def person(self, secret: str) -> Person:
        """Whose link it is; raises NotFound when it opens nothing (any more)."""
        with self._records.read() as connection:
            return self._person(connection, secret)

    def redeem(self, secret: str, hashed: str) -> Person:
        """Set the person's password; all links and all sessions of theirs end with it, in one step. Raises NotFound."""
        with self._records.write() as connection:
            person = self._person(connection, secret, lock=True)
            connection.execute(password_links.delete().where(password_links.c.person_id == person.id))
            connection.execute(sessions.delete().where(sessions.c.person_id == person.id))
            connection.execute(persons.update().where(persons.c.person_id == person.id).values(password=hashed))
        return person

    def prune(self) -> None:
        """Forget those that open nothing any more."""
        with self._records.write() as connection:
            connection.execute(password_links.delete().where(password_links.c.created_at <= self._clock.now() - _HOUR))

    def _person(self, connection: sa.Connection, secret: str, *, lock: bool = False) -> Person:
        query = sa.select(password_links).where(
            password_links.c.digest == digest(secret), password_links.c.expires_at > self._clock.now()
        )
        found = connection.execute(query.with_for_update() if lock else query).one_or_none()
        if found is None:
            raise NotFound("This link opens nothing, or no longer.", remedy="Ask for another one.")
        row = connection.execute(sa.select(persons).where(persons.c.person_id == found.person_id)).one()
        return person_from_row(row)
