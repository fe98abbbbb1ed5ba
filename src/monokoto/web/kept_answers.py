"""Answers kept for requests that are sent again, as rows.

A row is made before the request is carried out and completed after it, so that a process that dies in between leaves one that
says so. An answer may hold a secret that is shown once (a new key), therefore it is encrypted with a key that is nowhere
kept: it is derived from the caller's own credential and the text of the idempotency key (HKDF, AES-256-GCM).
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy.dialects import postgresql, sqlite

from monokoto.engines.records import Records, metadata
from monokoto.kernel.clock import MICROSECONDS_PER_SECOND, Clock
from monokoto.kernel.errors import Conflict, Invalid
from monokoto.kernel.limits import IDEMPOTENCY_SECONDS, IDEMPOTENT_REQUEST_SECONDS_MAX

answers = sa.Table(
    "idempotency_keys",
    metadata,
    sa.Column("organisation_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("actor_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("key_digest", sa.LargeBinary(32), primary_key=True),
    # The key or session that asked: another session of the same person cannot decrypt the answer.
    sa.Column("credential_id", sa.BigInteger, nullable=False),
    sa.Column("fingerprint", sa.LargeBinary(32), nullable=False),
    # The process that carries it out, and until when it is believed to be alive.
    sa.Column("holder", sa.BigInteger, nullable=False),
    sa.Column("held_until", sa.BigInteger, nullable=False),
    sa.Column("begun_at", sa.BigInteger, nullable=False),
    # NULL while it is carried out, and when it ended without an answer that could be kept.
    sa.Column("answer", sa.LargeBinary),
    sa.Column("done_at", sa.BigInteger),
    sa.Index("ix_idempotency_keys_begun_at", "begun_at"),
)
_INSERTS: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
_NONCE_BYTES = 12
_KEPT = IDEMPOTENCY_SECONDS * MICROSECONDS_PER_SECOND
_HELD = IDEMPOTENT_REQUEST_SECONDS_MAX * MICROSECONDS_PER_SECOND


class KeyReused(Invalid):
    """The idempotency key came with another request before."""

    code = "idempotency-key-reused"


class RequestInFlight(Conflict):
    """The same request is being carried out right now."""

    code = "request-in-flight"
    retry_after_seconds = 1


class OutcomeUnknown(Conflict):
    """The request was begun once and never ended: it may or may not have been carried out."""

    code = "outcome-unknown"


class AnswerNotKept(Conflict):
    """The request was carried out; its answer cannot be given again."""

    code = "answer-not-kept"


class Answer(msgspec.Struct, frozen=True, array_like=True):
    """What was answered."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


@dataclass(frozen=True, slots=True)
class Asked:
    """One request under an idempotency key, and what only who sent it knows."""

    organisation_id: int
    actor_id: int
    credential_id: int
    key_digest: bytes
    fingerprint: bytes
    secret: bytes
    repeatable: bool
    """Whether carrying it out twice does the same as once (PUT, PATCH, DELETE; RFC 9110 section 9.2.2, RFC 7396)."""

    @property
    def row(self) -> tuple[int, int, bytes]:
        """Its primary key."""
        return self.organisation_id, self.actor_id, self.key_digest


def asked(
    *, organisation_id: int, actor_id: int, credential_id: int, credential: str, key: str, request: Sequence[bytes]
) -> Asked:
    """`request`: the method first, then whatever else makes it this request and no other."""
    presented = credential.encode("utf-8", "surrogatepass") + b"\0" + key.encode("utf-8", "surrogatepass")
    derived = HKDF(SHA256(), 64, salt=None, info=b"monokoto idempotency").derive(presented)
    digest = hmac.new(derived[32:], digestmod="sha256")
    for part in request:
        digest.update(len(part).to_bytes(8, "big") + part)
    return Asked(
        organisation_id=organisation_id,
        actor_id=actor_id,
        credential_id=credential_id,
        key_digest=hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest(),
        fingerprint=digest.digest(),
        secret=derived[:32],
        repeatable=request[0] in {b"PUT", b"PATCH", b"DELETE"},
    )


class KeptAnswers:
    """Blocking; call from a thread."""

    def __init__(self, records: Records, clock: Clock) -> None:
        self._records = records
        self._clock = clock
        self._holder = secrets.randbits(62)
        self._running: set[tuple[int, int, bytes]] = set()
        # With SQLite there is one platform process: what another one began has ended with it.
        self._alone = records.dialect == "sqlite"

    def begin(self, asked: Asked) -> Answer | None:
        """The answer it had before; None: carry it out, then call `end`.

        Raises:
            KeyReused: the key came with another request.
            RequestInFlight: the same request is being carried out.
            OutcomeUnknown: it was begun, may have been carried out, and is not one to carry out twice.
            AnswerNotKept: it was carried out and its answer is not there for this caller.
        """
        now = self._clock.now()
        row = {
            "organisation_id": asked.organisation_id,
            "actor_id": asked.actor_id,
            "key_digest": asked.key_digest,
            "credential_id": asked.credential_id,
            "fingerprint": asked.fingerprint,
            "holder": self._holder,
            "held_until": now + _HELD,
            "begun_at": now,
        }
        with self._records.write() as connection:
            connection.execute(answers.delete().where(_of(asked), answers.c.begun_at < now - _KEPT))
            insert = _INSERTS[self._records.dialect](answers).values(row).on_conflict_do_nothing()
            if connection.execute(insert.returning(answers.c.begun_at)).one_or_none() is not None:
                self._running.add(asked.row)
                return None
            held = connection.execute(sa.select(answers).where(_of(asked)).with_for_update()).one()
            answer = self._look(asked, held, now)
            if answer is None:
                taken = {name: row[name] for name in ("holder", "held_until", "begun_at")}
                connection.execute(answers.update().where(_of(asked)).values(taken))
                self._running.add(asked.row)
            return answer

    def _look(self, asked: Asked, held: sa.Row[Any], now: int) -> Answer | None:
        if held.credential_id != asked.credential_id:
            raise AnswerNotKept(
                "Another session of yours sent a request under this key; what became of it is told to that one alone.",
                remedy="Look whether it was done; for a new request choose a new key.",
            )
        if not hmac.compare_digest(bytes(held.fingerprint), asked.fingerprint):
            raise KeyReused(
                "This idempotency key came with another request.", remedy="Choose a new key for each request."
            )
        if held.answer is not None:
            return _decrypted(asked, bytes(held.answer))
        if held.done_at is not None:
            raise AnswerNotKept("This request was carried out; its answer was too large to keep.", remedy=_LOOK)
        if asked.row in self._running or (held.holder != self._holder and not self._alone and now < held.held_until):
            raise RequestInFlight("The same request is being carried out.", remedy="Ask again in a moment.")
        if not asked.repeatable:
            raise OutcomeUnknown("This request was begun and its end is not known.", remedy=_LOOK)
        return None

    def end(self, asked: Asked, answer: Answer | None) -> None:
        """Keep its answer; None: it was carried out, and the answer is too large to keep."""
        values = {"done_at": self._clock.now(), "answer": None if answer is None else _encrypted(asked, answer)}
        try:
            with self._records.write() as connection:
                connection.execute(answers.update().where(_of(asked)).values(values))
        finally:
            self._running.discard(asked.row)

    def release(self, asked: Asked) -> None:
        """It was refused, nothing was done: the key is free again."""
        try:
            with self._records.write() as connection:
                connection.execute(answers.delete().where(_of(asked)))
        finally:
            self._running.discard(asked.row)

    def abandon(self, asked: Asked) -> None:
        """It ended without an answer: whoever asks again is told that its outcome is unknown."""
        self._running.discard(asked.row)

    def forget(self) -> int:
        """Let go of what is older than `IDEMPOTENCY_SECONDS`, of all organisations; how many."""
        with self._records.write() as connection:
            return connection.execute(answers.delete().where(answers.c.begun_at < self._clock.now() - _KEPT)).rowcount


_LOOK = "Look whether it was done; if not, send it again under a new key."


def _of(asked: Asked) -> sa.ColumnElement[bool]:
    return sa.and_(
        answers.c.organisation_id == asked.organisation_id,
        answers.c.actor_id == asked.actor_id,
        answers.c.key_digest == asked.key_digest,
    )


def _encrypted(asked: Asked, answer: Answer) -> bytes:
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + AESGCM(asked.secret).encrypt(nonce, msgspec.msgpack.encode(answer), asked.key_digest)


def _decrypted(asked: Asked, kept: bytes) -> Answer:
    try:
        plain = AESGCM(asked.secret).decrypt(kept[:_NONCE_BYTES], kept[_NONCE_BYTES:], asked.key_digest)
    except InvalidTag:
        raise AnswerNotKept("The answer that was kept cannot be read any more.", remedy=_LOOK) from None
    return msgspec.msgpack.decode(plain, type=Answer)
