"""Tokens: what a unit may do while it is away, signed, with an end. What they say is in docs/entitlements.md.

A token promises nothing longer than was paid for: each feature carries its own end, and none lasts longer without a word from us
than its product says (`offline`). What begins within that time is in it already, with its beginning. Every token of a unit has a
higher counter than the one before; the number is on disk before the token goes anywhere.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import sqlalchemy as sa
import structlog

from monokoto.connect.fleet import UnitIdentity
from monokoto.earn.entitlements.ahead import Judged, Later
from monokoto.earn.entitlements.entitlement import FOREVER
from monokoto.earn.entitlements.keys import SigningKey, SigningKeys, text
from monokoto.earn.entitlements.tables import tokens
from monokoto.earn.features import Feature, FeatureKind
from monokoto.engines.records import Records
from monokoto.kernel.clock import MICROSECONDS_PER_SECOND, Clock
from monokoto.kernel.ids import format_id
from monokoto.kernel.limits import ENTITLEMENT_OFFLINE_SECONDS, ENTITLEMENT_TOKEN_BYTES_MAX

TYPE = "koto-entitlement"
VERSION = 2
"""Of what a token says; the first one said nothing of later."""
_LEFT_EVERY = 60 * MICROSECONDS_PER_SECOND
"""What is left of a quota alone makes a new token no oftener than this."""
_EMPTY = ENTITLEMENT_OFFLINE_SECONDS * MICROSECONDS_PER_SECOND
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """The last one of a unit."""

    unit_id: int
    organisation_id: int
    counter: int
    digest: str
    """Of what it says, times of the token itself and what is left of quotas apart."""
    issued_at: int
    renew_at: int
    expires_at: int
    text: str
    told: int = 0
    """The counter of the one the unit was sent."""


def features_json(judged: Iterable[Judged], now: int) -> dict[str, dict[str, Any]]:
    """What the token says: of each feature the time in which it is open now, else the first to come, and `later` times."""
    found: dict[str, dict[str, Any]] = {}
    for one in judged:
        times = [*_open_now(one, now), *(_said(one.feature, it, now) for it in one.later)]
        if not times:
            continue
        said = times[0]
        if one.feature.kind is FeatureKind.METERED and one.feature.overage:
            said["overage"] = True
        if one.feature.safety:
            said["safety"] = True
        if len(times) > 1:
            said["later"] = times[1:]
        found[one.feature.name] = said
    return found


def _open_now(one: Judged, now: int) -> Iterator[dict[str, Any]]:
    """The time in which the feature is open now, if it is."""
    if one.verdict.allowed:
        verdict = one.verdict
        yield _said(one.feature, Later(begin=0, until=verdict.until, value=verdict.value, left=verdict.left), now)


def _said(feature: Feature, one: Later, now: int) -> dict[str, Any]:
    """One time, no longer than a unit that is away keeps the feature."""
    last = now + feature.offline
    said: dict[str, Any] = {"until": last if one.until is None else min(last, one.until)}
    if one.begin:
        said["from"] = one.begin
    if feature.kind is FeatureKind.VALUE:
        said["value"] = one.value
    if one.left is not None:
        said["left"] = f"{one.left:f}"
    if one.carried:
        said["carried"] = f"{one.carried:f}"
    return said


def digest_of(judged: Iterable[Judged]) -> str:
    """Names what a token says: the same as long as nothing but time, and what is left, differs."""
    said = [
        (one.feature.name, one.feature.overage, one.feature.safety, one.feature.offline, [*_times(one)])
        for one in judged
        if one.told
    ]
    return hashlib.sha256(msgspec.json.encode([VERSION, said], order="deterministic")).hexdigest()


def _times(one: Judged) -> Iterator[tuple[Any, ...]]:
    if one.verdict.allowed:
        yield (0, one.verdict.value, one.verdict.until, one.verdict.left is None)
    yield from ((it.begin, it.value, it.until, it.left is None) for it in one.later)


def signed(payload: Mapping[str, Any], key: SigningKey) -> str:
    """A compact JWS (RFC 7515)."""
    header = {"alg": "EdDSA", "typ": TYPE, "kid": key.id}
    parts = f"{text(msgspec.json.encode(header))}.{text(msgspec.json.encode(payload))}"
    return f"{parts}.{text(key.sign(parts.encode()))}"


class Tokens:
    """Made, kept, renewed. Blocking."""

    def __init__(self, records: Records, clock: Clock, keys: SigningKeys) -> None:
        self._records = records
        self._clock = clock
        self.keys = keys

    def of(self, unit: UnitIdentity) -> Token | None:
        """The unit's last one."""
        with self._records.read() as connection:
            return _find(connection, unit)

    def kept_up(self, unit: UnitIdentity, judged: Sequence[Judged], *, anew: bool = False) -> Token | None:
        """The unit's token as it must be now: the last one where it still says what is so, else a new one. None: the unit
        never had any feature, has none now, and gets none soon."""
        now = self._clock.now()
        digest = digest_of(judged)
        if not any(one.told for one in judged) and self.of(unit) is None:
            return None
        key = self.keys.current()  # before the transaction: it may need one of its own
        with self._records.write() as connection:
            before = _find(connection, unit, lock=True)
            said = features_json(judged, now)
            if before is not None and not anew and not _outdated(before, digest, said, now):
                return before
            counter = 1 if before is None else before.counter + 1
            made = self._made(unit, said, digest, now, counter, _renewal(judged, now), key)
            if made is None:
                return before
            _write(connection, made, before)
        return made

    def _made(
        self,
        unit: UnitIdentity,
        said: Mapping[str, Mapping[str, Any]],
        digest: str,
        now: int,
        counter: int,
        renew_at: int,
        key: SigningKey,
    ) -> Token | None:
        ends = max((int(it["until"]) for one in said.values() for it in _each(one)), default=now + _EMPTY)
        begins = now // MICROSECONDS_PER_SECOND
        expires = -(-ends // MICROSECONDS_PER_SECOND)
        payload: dict[str, Any] = {
            "ver": VERSION,
            "sub": format_id(unit.unit_id),
            "ctr": counter,
            "iat": begins,
            "nbf": begins,
            "exp": expires,
            "features": said,
        }
        token = signed(payload, key)
        if len(token) > ENTITLEMENT_TOKEN_BYTES_MAX:  # what is open now before what comes
            brief = {name: {word: it for word, it in one.items() if word != "later"} for name, one in said.items()}
            token = signed(payload | {"features": brief}, key)
        if len(token) > ENTITLEMENT_TOKEN_BYTES_MAX:
            _log.error("entitlement_token_too_large", unit_id=unit.unit_id, bytes=len(token))
            return None
        return Token(
            unit_id=unit.unit_id,
            organisation_id=unit.organisation_id,
            counter=counter,
            digest=digest,
            issued_at=now,
            renew_at=renew_at,
            expires_at=expires * MICROSECONDS_PER_SECOND,
            text=token,
            told=0,
        )

    def mark_told(self, token: Token) -> None:
        """The unit was sent it."""
        mine = (tokens.c.unit_id == token.unit_id, tokens.c.organisation_id == token.organisation_id)
        with self._records.write() as connection:
            connection.execute(
                tokens.update().where(*mine, tokens.c.counter == token.counter).values(told=token.counter)
            )

    def due(self, now: int, limit: int) -> list[tuple[int, int]]:
        """(organisation, unit) of those to be renewed or not sent yet; across organisations, for the reconciler alone."""
        query = (
            sa.select(tokens.c.organisation_id, tokens.c.unit_id)
            .where(sa.or_(tokens.c.renew_at <= now, tokens.c.told < tokens.c.counter))
            .order_by(tokens.c.renew_at)
            .limit(limit)
        )
        with self._records.read() as connection:
            return [(row.organisation_id, row.unit_id) for row in connection.execute(query)]


def _renewal(judged: Iterable[Judged], now: int) -> int:
    """When half the time is over that a feature lasts without a word from us, where a word makes it last longer."""
    halves = [
        one.feature.offline // 2
        for one in judged
        for _, _, until, _ in _times(one)
        if until is None or until > now + one.feature.offline
    ]
    return min(now + min(halves), FOREVER) if halves else FOREVER


def _outdated(before: Token, digest: str, said: Mapping[str, Mapping[str, Any]], now: int) -> bool:
    if before.digest != digest or before.renew_at <= now:
        return True
    if now - before.issued_at < _LEFT_EVERY or not _left(said):
        return False
    return _left(said) != _left(_features(before.text))


def _left(said: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    return {name: [(it["left"], it.get("carried")) for it in _each(one)] for name, one in said.items() if "left" in one}


def _each(said: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The times of a feature."""
    return [said, *said.get("later", ())]


def _features(token: str) -> Mapping[str, Mapping[str, Any]]:
    body = token.split(".")[1]
    features: Mapping[str, Mapping[str, Any]] = msgspec.json.decode(
        base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
    )["features"]
    return features


def _find(connection: sa.Connection, unit: UnitIdentity, *, lock: bool = False) -> Token | None:
    query = sa.select(tokens).where(tokens.c.unit_id == unit.unit_id, tokens.c.organisation_id == unit.organisation_id)
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        return None
    return Token(
        unit_id=row.unit_id,
        organisation_id=row.organisation_id,
        counter=row.counter,
        digest=row.digest,
        issued_at=row.issued_at,
        renew_at=row.renew_at,
        expires_at=row.expires_at,
        text=row.token,
        told=row.told,
    )


def _write(connection: sa.Connection, made: Token, before: Token | None) -> None:
    row = {
        "unit_id": made.unit_id,
        "organisation_id": made.organisation_id,
        "counter": made.counter,
        "digest": made.digest,
        "issued_at": made.issued_at,
        "renew_at": made.renew_at,
        "expires_at": made.expires_at,
        "token": made.text,
        "told": made.told if before is None else before.told,
    }
    if before is None:
        connection.execute(tokens.insert().values(row))
    else:
        mine = (tokens.c.unit_id == made.unit_id, tokens.c.organisation_id == made.organisation_id)
        connection.execute(tokens.update().where(*mine).values(row))
