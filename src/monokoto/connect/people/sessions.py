"""Sessions of people: begun, found by their cookie, ended. Blocking: called from threads."""

from __future__ import annotations

import builtins
import hmac
import threading
from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa
import structlog

from monokoto.connect.people.roles import ROLES
from monokoto.connect.people.session import NOWHERE, PREFIX, Session
from monokoto.connect.people.store import memberships, persons, session_from_row, session_to_row, sessions
from monokoto.connect.tenancy import digest, id_in, new_secret
from monokoto.connect.tenancy import organisations_table as organisations
from monokoto.engines.records import Records
from monokoto.kernel.clock import MICROSECONDS_PER_SECOND, Clock, Instant
from monokoto.kernel.errors import NotFound, Unauthenticated, Unavailable
from monokoto.kernel.ids import OrganisationId, PersonId, SessionId, format_id, new_id
from monokoto.kernel.limits import SESSIONS_PER_PERSON_MAX, SIGNED_IN_IDLE_SECONDS_MAX, SIGNED_IN_SECONDS_MAX
from monokoto.web import Caller

AGENT_LENGTH_MAX = 200
ADDRESS_LENGTH_MAX = 64
_CACHE_MICROSECONDS = 2 * MICROSECONDS_PER_SECOND
"""How long another process may go on taking an ended session, or a role that was taken away; this one forgets at once."""
_CACHE_SESSIONS_MAX = 10_000
_SEEN_MICROSECONDS = 60 * MICROSECONDS_PER_SECOND
_log = structlog.get_logger(__name__)

# Put together once: they are part of every sign-in.
_OLDEST = (
    sa.select(sessions.c.session_id)
    .where(sessions.c.person_id == sa.bindparam("person"))
    .order_by(sessions.c.last_seen_at.desc(), sessions.c.session_id.desc())
    .offset(SESSIONS_PER_PERSON_MAX - 1)
)
_PLACES = (
    sa.select(persons.c.organisation_id.label("last"), memberships.c.organisation_id.label("membership"))
    .outerjoin(memberships, memberships.c.person_id == persons.c.person_id)
    .where(persons.c.person_id == sa.bindparam("person"))
    .order_by(memberships.c.created_at, memberships.c.organisation_id)
)


@dataclass(frozen=True, slots=True)
class _Known:
    session: Session
    digest: bytes
    caller: Caller
    loaded_at: int


class Sessions:
    """The sessions of people; implements `web.Authenticator` for their cookies."""

    def __init__(self, records: Records, clock: Clock) -> None:
        self._records = records
        self._clock = clock
        self._known: dict[int, _Known] = {}
        self._seen: dict[int, int] = {}
        self._changes = 0
        self._lock = threading.Lock()

    def begin(
        self, person_id: int, *, method: str, address: str, agent: str, organisation_id: int | None = None
    ) -> tuple[Session, str]:
        """A new session of somebody who has proved who they are, and the text of its cookie, which is not kept.

        It acts in `organisation_id`, or where the person acted last. Raises NotFound when there is no such person.
        """
        begun = self.begin_if(
            lambda _connection: True, person_id, method=method, address=address, agent=agent,
            organisation_id=organisation_id,
        )  # fmt: skip
        assert begun is not None
        return begun

    def begin_if(
        self, proof: Callable[[sa.Connection], bool], person_id: int, *, method: str, address: str, agent: str,
        organisation_id: int | None = None,
    ) -> tuple[Session, str] | None:  # fmt: skip
        """As `begin`, if `proof` holds: it is asked in the transaction that begins the session, and what it writes is kept
        either way. None when it does not hold."""

        def work(connection: sa.Connection) -> tuple[Session, str, frozenset[int]] | None:
            if not proof(connection):
                return None
            where = _where(connection, person_id, organisation_id)
            gone = self._make_room(connection, person_id)
            session, cookie = self._new(person_id, where, method=method, address=address, agent=agent)
            connection.execute(sessions.insert(), session_to_row(session, digest(cookie)))
            return session, cookie, gone

        begun = self._records.write_together(work)
        if begun is None:
            return None
        session, cookie, gone = begun
        if gone:
            self._forget(lambda known: known.session.id in gone)
        return session, cookie

    def _new(
        self, person_id: int, organisation_id: OrganisationId, *, method: str, address: str, agent: str
    ) -> tuple[Session, str]:
        now = self._clock.now()
        session = Session(
            id=SessionId(new_id()),
            person_id=PersonId(person_id),
            organisation_id=organisation_id,
            method=method,
            address=address[:ADDRESS_LENGTH_MAX],
            agent=agent[:AGENT_LENGTH_MAX],
            created_at=now,
            last_seen_at=now,
            expires_at=Instant(now + SIGNED_IN_SECONDS_MAX * MICROSECONDS_PER_SECOND),
        )
        return session, new_secret(session.id, prefix=PREFIX)

    def _make_room(self, connection: sa.Connection, person_id: int) -> frozenset[int]:
        """End the sessions unused for the longest, when there are too many for one more; their ids."""
        ids = frozenset(connection.execute(_OLDEST, {"person": person_id}).scalars())
        if ids:
            connection.execute(sessions.delete().where(sessions.c.session_id.in_(list(ids))))
        return ids

    def list(self, person_id: int) -> builtins.list[Session]:
        """The person's live sessions, the newest first."""
        query = sa.select(sessions).where(sessions.c.person_id == person_id).order_by(sessions.c.session_id.desc())
        with self._records.read() as connection:
            found = [session_from_row(row) for row in connection.execute(query)]
        return [one for one in found if one.live(self._clock.now())]

    def end(self, person_id: int, session_id: int) -> None:
        """End one of the person's sessions now. Raises NotFound."""
        mine = (sessions.c.person_id == person_id) & (sessions.c.session_id == session_id)
        with self._records.write() as connection:
            ended = connection.execute(sessions.delete().where(mine)).rowcount
        self._forget(lambda known: known.session.id == session_id)
        if not ended:
            raise NotFound(f"There is no session {format_id(session_id)!r} of yours.")

    def end_all(self, person_id: int, *, but: int | None = None) -> None:
        """End the person's sessions, all but one if one is named."""
        with self._records.write() as connection:
            query = sessions.delete().where(sessions.c.person_id == person_id)
            connection.execute(query if but is None else query.where(sessions.c.session_id != but))
        self.forget(person_id)

    def act_in(self, person_id: int, session_id: int, organisation_id: int) -> Session:
        """Let a session act in another of its person's organisations. Raises NotFound when they are no member of it."""
        mine = (sessions.c.person_id == person_id) & (sessions.c.session_id == session_id)
        with self._records.write() as connection:
            if not _is_member(connection, person_id, organisation_id):
                raise NotFound(f"You are no member of an organisation {format_id(organisation_id)!r}.")
            connection.execute(sessions.update().where(mine).values(organisation_id=organisation_id))
            connection.execute(
                persons.update().where(persons.c.person_id == person_id).values(organisation_id=organisation_id)
            )
            row = connection.execute(sa.select(sessions).where(mine)).one_or_none()
        self.forget(person_id)
        if row is None:
            raise _unknown()
        return session_from_row(row)

    def get(self, person_id: int, session_id: int) -> Session:
        """One of the person's sessions; raises NotFound."""
        mine = (sessions.c.person_id == person_id) & (sessions.c.session_id == session_id)
        with self._records.read() as connection:
            row = connection.execute(sa.select(sessions).where(mine)).one_or_none()
        if row is None:
            raise NotFound(f"There is no session {format_id(session_id)!r} of yours.")
        return session_from_row(row)

    def authenticate(self, secret: str) -> Caller:
        """The caller behind a cookie: the person with what their role opens in the organisation the session acts in.

        Somebody who is no longer a member there holds nothing and acts `NOWHERE`.

        Raises:
            Unauthenticated: it is unknown, too old or ended; which of them is not told.
        """
        now = self._clock.now()
        session_id = id_in(secret, prefix=PREFIX)
        if session_id is None:
            raise _unknown()
        presented = digest(secret)
        known = self._known.get(session_id)
        if known is None or not 0 <= now - known.loaded_at < _CACHE_MICROSECONDS:
            known = self._load(session_id, now)
        if not hmac.compare_digest(known.digest, presented) or not known.session.live(now):
            raise _unknown()
        self._note_use(known.session, now)
        return known.caller

    def at_hand(self, secret: str) -> Caller | None:
        """The caller, when that is known from memory and its use was noted a moment ago; safe on the event loop."""
        now, session_id = self._clock.now(), id_in(secret, prefix=PREFIX)
        known = None if session_id is None else self._known.get(session_id)
        if known is None or not 0 <= now - known.loaded_at < _CACHE_MICROSECONDS or not known.session.live(now):
            return None
        noted = now - self._seen.get(known.session.id, known.session.last_seen_at) < _SEEN_MICROSECONDS
        return known.caller if noted and hmac.compare_digest(known.digest, digest(secret)) else None

    def forget(self, person_id: int) -> None:
        """Look the person's sessions up anew: a role or a membership changed."""
        self._forget(lambda known: known.session.person_id == person_id)

    def prune(self) -> None:
        """Delete the sessions that opened nothing any more."""
        now = self._clock.now()
        idle = now - SIGNED_IN_IDLE_SECONDS_MAX * MICROSECONDS_PER_SECOND
        with self._records.write() as connection:
            over = (sessions.c.expires_at <= now) | (sessions.c.last_seen_at <= idle)
            connection.execute(sessions.delete().where(over))

    def _forget(self, gone: Callable[[_Known], bool]) -> None:
        with self._lock:
            self._changes += 1
            self._known = {one: known for one, known in self._known.items() if not gone(known)}

    def _load(self, session_id: int, now: int) -> _Known:
        query = (
            sa.select(sessions, memberships.c.role, organisations.c.kind)
            .outerjoin(
                memberships,
                (memberships.c.person_id == sessions.c.person_id)
                & (memberships.c.organisation_id == sessions.c.organisation_id),
            )
            .outerjoin(organisations, organisations.c.organisation_id == memberships.c.organisation_id)
            .where(sessions.c.session_id == session_id)
        )
        changes = self._changes
        with self._records.read() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            raise _unknown()
        session = session_from_row(row)
        role = ROLES.get(row.role or "")
        caller = Caller(
            organisation_id=NOWHERE if role is None else session.organisation_id,
            organisation_kind="" if role is None else row.kind,
            scopes=frozenset() if role is None else role.scopes,
            person_id=session.person_id,
            session_id=session.id,
        )
        known = _Known(session, row.digest, caller, now)
        with self._lock:
            if len(self._known) >= _CACHE_SESSIONS_MAX:
                self._known = {}
            if self._changes == changes:  # else what was read may be from before a change
                self._known[session_id] = known
        return known

    def _note_use(self, session: Session, now: int) -> None:
        with self._lock:
            if now - self._seen.get(session.id, session.last_seen_at) < _SEEN_MICROSECONDS:
                return
            if len(self._seen) >= _CACHE_SESSIONS_MAX:
                self._seen.clear()
            self._seen[session.id] = now
        try:
            with self._records.write() as connection:
                connection.execute(
                    sessions.update()
                    .where(sessions.c.session_id == session.id, sessions.c.person_id == session.person_id)
                    .values(last_seen_at=now)
                )
        except Unavailable as error:
            # It is a help to people and a slow clock; no request fails for it.
            _log.warning("session_use_not_noted", session=format_id(session.id), reason=error.message)


def _is_member(connection: sa.Connection, person_id: int, organisation_id: int) -> bool:
    query = sa.select(memberships.c.role).where(
        memberships.c.person_id == person_id, memberships.c.organisation_id == organisation_id
    )
    return connection.execute(query).one_or_none() is not None


def _where(connection: sa.Connection, person_id: int, wanted: int | None) -> OrganisationId:
    """The organisation a new session acts in: the wanted one, the last one, any, or none; in that order."""
    rows = connection.execute(_PLACES, {"person": person_id}).all()
    if not rows:
        raise NotFound(f"There is no person {format_id(person_id)!r}.")
    found = [row.membership for row in rows if row.membership is not None]
    preferred = [one for one in (wanted, rows[0].last) if one is not None and one in found]
    return OrganisationId(next(iter([*preferred, *found]), NOWHERE))


def _unknown() -> Unauthenticated:
    return Unauthenticated("This session is not known, or no longer.", remedy="Sign in again.")
