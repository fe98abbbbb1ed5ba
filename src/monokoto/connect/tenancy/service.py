"""What is done with organisations and keys. Blocking: called from threads."""

from __future__ import annotations

import builtins
import hmac
import itertools
import threading
from collections.abc import Collection, Iterable
from dataclasses import dataclass

import sqlalchemy as sa
import structlog

from monokoto.connect.tenancy.key import ApiKey, digest, key_id_in, new_secret
from monokoto.connect.tenancy.organisation import TITLE_LENGTH_MAX, Organisation, OrganisationKind, faults_of
from monokoto.connect.tenancy.store import api_keys, key_from_row, key_to_row, organisation_from_row, organisations
from monokoto.engines.records import Records
from monokoto.kernel.clock import MICROSECONDS_PER_SECOND, Clock, Instant
from monokoto.kernel.errors import Conflict, Fault, Invalid, NotFound, Unauthenticated, Unavailable
from monokoto.kernel.ids import ApiKeyId, OrganisationId, format_id, new_id
from monokoto.kernel.limits import API_KEYS_PER_ORGANISATION_MAX, PAGE_SIZE_DEFAULT
from monokoto.web import Caller, Scope

_CACHE_MICROSECONDS = 2 * MICROSECONDS_PER_SECOND
"""How long another process may go on taking a revoked key; this one forgets it at once."""
_CACHE_KEYS_MAX = 10_000
_USED_MICROSECONDS = 60 * MICROSECONDS_PER_SECOND
_log = structlog.get_logger(__name__)


class Organisations:
    """The organisations of this platform."""

    def __init__(self, records: Records, clock: Clock) -> None:
        self._records = records
        self._clock = clock

    def create(self, name: str, slug: str, kind: str = "maker") -> Organisation:
        """A new organisation.

        Raises:
            Invalid: the name, slug or kind is not one.
            Conflict: the slug is taken.
        """
        faults = faults_of(name=name, slug=slug, kind=kind)
        if faults:
            raise Invalid("This is not an organisation.", faults=faults)
        try:
            with self._records.write() as connection:
                made = insert_organisation(
                    connection, name=name, slug=slug, kind=OrganisationKind(kind), now=self._clock.now()
                )
        except sa.exc.IntegrityError:
            raise Conflict(f"There is already an organisation {slug!r}.", remedy="Choose another slug.") from None
        return made

    def get(self, organisation_id: int) -> Organisation:
        """The organisation with this id; raises NotFound."""
        return self._one(organisations.c.organisation_id == organisation_id, format_id(organisation_id))

    def by_slug(self, slug: str) -> Organisation:
        """The organisation with this slug; raises NotFound."""
        return self._one(organisations.c.slug == slug, slug[:80])

    def _one(self, condition: sa.ColumnElement[bool], what: str) -> Organisation:
        with self._records.read() as connection:
            row = connection.execute(sa.select(organisations).where(condition)).one_or_none()
        if row is None:
            raise NotFound(
                f"There is no organisation {what!r}.", remedy="`koto organisations list` names those there are."
            )
        return organisation_from_row(row)

    def list(self, *, after: str = "", limit: int = PAGE_SIZE_DEFAULT) -> builtins.list[Organisation]:
        """Organisations by slug, those past `after`."""
        query = sa.select(organisations).where(organisations.c.slug > after).order_by(organisations.c.slug).limit(limit)
        with self._records.read() as connection:
            return [organisation_from_row(row) for row in connection.execute(query)]


def insert_organisation(
    connection: sa.Connection, *, name: str, slug: str, kind: OrganisationKind, now: int
) -> Organisation:
    """A new organisation as part of a larger change; the input was checked with `faults_of`."""
    made = Organisation(id=OrganisationId(new_id()), slug=slug, name=name.strip(), kind=kind, created_at=Instant(now))
    row = {
        "organisation_id": made.id,
        "slug": made.slug,
        "name": made.name,
        "kind": made.kind.value,
        "created_at": made.created_at,
    }
    connection.execute(organisations.insert().values(row))
    return made


def free_slug(connection: sa.Connection, slug: str) -> str:
    """This slug, or the first of `slug-2`, `slug-3` ... that nobody has."""
    begins = sa.select(organisations.c.slug).where(organisations.c.slug.startswith(slug, autoescape=True))
    taken = set(connection.execute(begins).scalars())
    candidates = itertools.chain([slug], (f"{slug}-{number}" for number in itertools.count(2)))
    return next(one for one in candidates if one not in taken)


@dataclass(frozen=True, slots=True)
class _Known:
    key: ApiKey
    caller: Caller
    loaded_at: int


class ApiKeys:
    """The keys of organisations; implements `web.Authenticator`."""

    def __init__(self, records: Records, clock: Clock) -> None:
        self._records = records
        self._clock = clock
        self._known: dict[bytes, _Known] = {}
        self._used: dict[int, int] = {}
        self._revocations = 0
        self._lock = threading.Lock()

    def create(
        self, organisation_id: int, *, name: str, scopes: Iterable[Scope | str], expires_at: int | None = None
    ) -> tuple[ApiKey, str]:
        """A new key and its secret text, which is not kept and cannot be shown again.

        Raises:
            Invalid: no name, no scope, an unknown scope, `platform` elsewhere than in a platform organisation, or an expiry
                that is past.
            NotFound: there is no such organisation.
            Conflict: the organisation has as many live keys as it may.
        """
        now = self._clock.now()
        asked = sorted({str(scope) for scope in scopes})
        faults = _key_faults(name, asked, expires_at, now)
        if faults:
            raise Invalid("This is not a key.", faults=faults)
        key = ApiKey(
            id=ApiKeyId(new_id()),
            organisation_id=OrganisationId(organisation_id),
            name=name.strip(),
            scopes=frozenset(Scope(scope) for scope in asked),
            created_at=now,
            expires_at=None if expires_at is None else Instant(expires_at),
        )
        secret = new_secret(key.id)
        with self._records.write() as connection:
            self._check_room(connection, organisation_id, platform=Scope.PLATFORM in key.scopes)
            connection.execute(api_keys.insert().values(key_to_row(key, digest(secret))))
        return key, secret

    def _check_room(self, connection: sa.Connection, organisation_id: int, *, platform: bool) -> None:
        # The organisation's row is the lock: two keys made at once are counted one after the other.
        owner = sa.select(organisations.c.kind).where(organisations.c.organisation_id == organisation_id)
        kind = connection.execute(owner.with_for_update()).scalar_one_or_none()
        if kind is None:
            raise NotFound(f"There is no organisation {format_id(organisation_id)!r}.")
        if platform and kind != OrganisationKind.PLATFORM:
            fault = Fault(place="scopes", reason="only an organisation that runs the platform has keys for it")
            raise Invalid("This is not a key.", faults=[fault])
        live = sa.select(sa.func.count()).where(
            api_keys.c.organisation_id == organisation_id, api_keys.c.revoked_at.is_(None)
        )
        if connection.execute(live).scalar_one() >= API_KEYS_PER_ORGANISATION_MAX:
            raise Conflict(
                f"The organisation has {API_KEYS_PER_ORGANISATION_MAX} keys, the most it may.",
                remedy="Revoke those that are no longer used.",
            )

    def list(self, organisation_id: int, *, after: int = 0, limit: int = PAGE_SIZE_DEFAULT) -> builtins.list[ApiKey]:
        """The organisation's keys from the oldest on, revoked ones too, those past `after`."""
        query = (
            sa.select(api_keys)
            .where(api_keys.c.organisation_id == organisation_id, api_keys.c.key_id > after)
            .order_by(api_keys.c.key_id)
            .limit(limit)
        )
        with self._records.read() as connection:
            return [key_from_row(row) for row in connection.execute(query)]

    def revoke(self, organisation_id: int, key_id: int) -> ApiKey:
        """End a key now. Repeating it changes nothing. Raises NotFound."""
        mine = (api_keys.c.organisation_id == organisation_id) & (api_keys.c.key_id == key_id)
        with self._records.write() as connection:
            connection.execute(
                api_keys.update().where(mine, api_keys.c.revoked_at.is_(None)).values(revoked_at=self._clock.now())
            )
            row = connection.execute(sa.select(api_keys).where(mine)).one_or_none()
        if row is None:
            raise NotFound(f"There is no key {format_id(key_id)!r}.")
        with self._lock:
            self._revocations += 1
            self._known.pop(row.digest, None)
            self._used.pop(key_id, None)
        return key_from_row(row)

    def ended(self, key_ids: Collection[int]) -> set[int]:
        """Which of these keys, of whatever organisations, open nothing any more; asked for all that hold a connection."""
        live = sa.select(api_keys.c.key_id, api_keys.c.expires_at).where(
            api_keys.c.key_id.in_(key_ids), api_keys.c.revoked_at.is_(None)
        )
        now = self._clock.now()
        with self._records.read() as connection:
            rows = connection.execute(live).all()
        return set(key_ids) - {row.key_id for row in rows if row.expires_at is None or now < row.expires_at}

    def authenticate(self, secret: str) -> Caller:
        """The caller behind a presented key.

        Raises:
            Unauthenticated: it is unknown, expired or revoked; which of them is not told.
        """
        now = self._clock.now()
        presented = digest(secret)
        known = self._known.get(presented)
        if known is None or not 0 <= now - known.loaded_at < _CACHE_MICROSECONDS:
            known = self._load(secret, presented, now)
        if not known.key.live(now):
            raise _unknown()
        self._note_use(known.key, now)
        return known.caller

    def at_hand(self, secret: str) -> Caller | None:
        """The caller, when that is known from memory and its use was noted a moment ago; safe on the event loop."""
        now = self._clock.now()
        known = self._known.get(digest(secret))
        if known is None or not 0 <= now - known.loaded_at < _CACHE_MICROSECONDS or not known.key.live(now):
            return None
        last = self._used.get(known.key.id, known.key.last_used_at or 0)
        return known.caller if now - last < _USED_MICROSECONDS else None

    def _load(self, secret: str, presented: bytes, now: int) -> _Known:
        key_id = key_id_in(secret)
        if key_id is None:
            raise _unknown()
        revocations = self._revocations
        with self._records.read() as connection:
            row = connection.execute(
                sa.select(api_keys, organisations.c.kind)
                .join(organisations, organisations.c.organisation_id == api_keys.c.organisation_id)
                .where(api_keys.c.key_id == key_id)
            ).one_or_none()
        if row is None or not hmac.compare_digest(row.digest, presented):
            raise _unknown()
        key = key_from_row(row)
        caller = Caller(
            organisation_id=key.organisation_id, organisation_kind=row.kind, key_id=key.id, scopes=key.scopes
        )
        known = _Known(key, caller, now)
        with self._lock:
            if len(self._known) >= _CACHE_KEYS_MAX:
                self._known.clear()
            if self._revocations == revocations:  # else what was read may be from before a revocation
                self._known[presented] = known
        return known

    def _note_use(self, key: ApiKey, now: int) -> None:
        with self._lock:
            last = self._used.get(key.id, key.last_used_at or 0)
            if now - last < _USED_MICROSECONDS:
                return
            if len(self._used) >= _CACHE_KEYS_MAX:
                self._used.clear()
            self._used[key.id] = now
        try:
            with self._records.write() as connection:
                connection.execute(
                    api_keys.update()
                    .where(api_keys.c.key_id == key.id, api_keys.c.organisation_id == key.organisation_id)
                    .values(last_used_at=now)
                )
        except Unavailable as error:
            # When a key was last used is a help to people; no request fails for it.
            _log.warning("key_use_not_noted", key=format_id(key.id), reason=error.message)


def _key_faults(name: str, scopes: Iterable[str], expires_at: int | None, now: int) -> builtins.list[Fault]:
    known = set(Scope)
    faults = [
        Fault(place="scopes", reason=f"{scope[:40]!r} is none of {', '.join(Scope)}")
        for scope in scopes
        if scope not in known
    ]
    if not scopes:
        faults.append(Fault(place="scopes", reason=f"a key needs at least one of {', '.join(Scope)}"))
    if not name.strip() or len(name) > TITLE_LENGTH_MAX:
        faults.append(Fault(place="name", reason=f"a name has 1 to {TITLE_LENGTH_MAX} characters"))
    if expires_at is not None and expires_at <= now:
        faults.append(Fault(place="expires_at", reason="lies in the past"))
    return faults


def _unknown() -> Unauthenticated:
    return Unauthenticated(
        "This key is not known, or no longer.", remedy="Make one with `koto keys create`, or ask who runs the platform."
    )
