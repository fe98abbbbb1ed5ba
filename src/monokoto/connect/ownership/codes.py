"""Claim codes: made by the maker for its units, by an owner to hand one on; whoever has one may take the unit."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from monokoto.connect.ownership.code import digest, new_code, normalised
from monokoto.connect.ownership.store import claim_codes, next_change, of_units
from monokoto.engines.records import Records
from monokoto.kernel.clock import MICROSECONDS_PER_SECOND, Clock
from monokoto.kernel.errors import NotFound, TooMany
from monokoto.kernel.limits import CLAIM_FAILURES_MAX, CLAIM_FAILURES_SECONDS

FROM_THE_BOX = 0
_FAILURES_MICROSECONDS = CLAIM_FAILURES_SECONDS * MICROSECONDS_PER_SECOND
_ORGANISATIONS_MAX = 10_000


@dataclass(frozen=True, slots=True)
class Opened:
    """What a code is for."""

    organisation_id: int
    """The maker's."""
    unit_id: int
    ownership_id: int
    """The ownership it ends; `FROM_THE_BOX`: none, it begins the first one."""


class Guesses:
    """Counts what each organisation tried in vain, in this process."""

    def __init__(self, clock: Clock, what: str = "codes were tried that open nothing") -> None:
        self._what = what
        self._clock = clock
        self._failures: dict[int, deque[int]] = {}
        self._lock = threading.Lock()

    def check(self, organisation_id: int) -> None:
        """Raises TooMany when this organisation tried too much in vain lately; it is not told whether a code is right then."""
        with self._lock:
            failures = self._failures.get(organisation_id)
            if failures is None:
                return
            while failures and failures[0] <= self._clock.now() - _FAILURES_MICROSECONDS:
                failures.popleft()
            if len(failures) >= CLAIM_FAILURES_MAX:
                raise TooMany(
                    f"Too many {self._what}.",
                    remedy=f"Wait {CLAIM_FAILURES_SECONDS // 60} minutes, and look again at what you were told.",
                )

    def failed(self, organisation_id: int) -> None:
        """One more."""
        with self._lock:
            if len(self._failures) >= _ORGANISATIONS_MAX:
                self._failures.clear()
            self._failures.setdefault(organisation_id, deque(maxlen=CLAIM_FAILURES_MAX)).append(self._clock.now())


class ClaimCodes:
    """The codes of all makers. Blocking: called from threads."""

    def __init__(self, records: Records, clock: Clock) -> None:
        self._records = records
        self._clock = clock
        self.guesses = Guesses(clock)

    def make(self, organisation_id: int, unit_ids: Sequence[int], *, by: int) -> dict[int, str]:
        """A fresh code from the box for each of a maker's units; those made before open nothing any more.

        The units must be the maker's. The codes are shown here alone: their digests are kept.
        """
        with self._records.write() as connection:
            next_change(connection, organisation_id)
            for condition in of_units(claim_codes, organisation_id, unit_ids):
                connection.execute(claim_codes.delete().where(condition, claim_codes.c.ownership_id == FROM_THE_BOX))
            return self.add(connection, organisation_id, dict.fromkeys(unit_ids, FROM_THE_BOX), by=by)

    def add(
        self,
        connection: sa.Connection,
        organisation_id: int,
        units: dict[int, int],
        *,
        by: int,
        expires_at: int | None = None,
    ) -> dict[int, str]:
        """A code for each unit, to end the ownership given with it."""
        codes = {unit_id: new_code() for unit_id in units}
        rows = [
            {
                "digest": digest(normalised(code)),
                "organisation_id": organisation_id,
                "unit_id": unit_id,
                "ownership_id": units[unit_id],
                "made_at": self._clock.now(),
                "made_by": by,
                "expires_at": expires_at,
            }
            for unit_id, code in codes.items()
        ]
        if rows:
            connection.execute(claim_codes.insert(), rows)
        return codes

    def open(self, organisation_id: int, text: str) -> Opened:
        """What a code is for; it stays good until it is taken.

        Raises:
            Invalid: it is mistyped.
            NotFound: it opens nothing: unknown, used, replaced or expired; which of them is not told.
            TooMany: the organisation tried too many in vain.
        """
        code = normalised(text)
        self.guesses.check(organisation_id)
        with self._records.read() as connection:
            found = self.find(connection, code)
        if found is None:
            self.guesses.failed(organisation_id)
            raise opens_nothing()
        return found

    def find(self, connection: sa.Connection, code: str) -> Opened | None:
        """What a normalised code is for; the code alone finds it, whoever's unit it is."""
        row: Any = connection.execute(sa.select(claim_codes).where(claim_codes.c.digest == digest(code))).one_or_none()
        if row is None or (row.expires_at is not None and row.expires_at <= self._clock.now()):
            return None
        return Opened(row.organisation_id, row.unit_id, row.ownership_id)


def opens_nothing() -> NotFound:
    """The same for a code that never was, was used, replaced or is too old."""
    return NotFound(
        "This code opens nothing, or no longer.",
        remedy="Look at each character again; a code is good once. The maker can make another one.",
    )
