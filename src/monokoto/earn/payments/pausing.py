"""Pauses of reminding, by invoice: while one goes on nothing more is done about it, and its time does not count. Blocking.

A customer who asks for time, or says that an invoice is wrong, is not sent the next notice meanwhile. What was done before stays
done; whoever is suspended already stays so until somebody resumes it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from monokoto.earn.payments.payment import REASON_LENGTH_MAX
from monokoto.earn.payments.tables import dunning_pauses
from monokoto.engines.records import Records
from monokoto.kernel.clock import Clock
from monokoto.kernel.errors import Fault, Invalid
from monokoto.kernel.limits import DUNNING_PAUSE_DAYS_MAX

_DAY = 86_400_000_000
_INSERTS: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """What is known of the pauses of one invoice."""

    begin: int | None = None
    """Of the one that goes on, or ended by itself; µs. None: there is none."""
    until: int | None = None
    """When it ends by itself; None: when somebody ends it."""
    because: str = ""
    before: int = 0
    """How long the ones before took, µs."""

    def goes_on(self, now: int) -> bool:
        """Whether nothing is done about the invoice."""
        return self.begin is not None and (self.until is None or now < self.until)

    def total(self, now: int) -> int:
        """How long all of them took up to now, µs: so much later every step comes."""
        if self.begin is None:
            return self.before
        return self.before + max(0, min(now, now if self.until is None else self.until) - self.begin)


class Pauses:
    """Of all sellers' invoices."""

    def __init__(self, records: Records, clock: Clock) -> None:
        self._records = records
        self._clock = clock

    def of(self, organisation_id: int, invoice_id: int) -> Pause:
        """What there is; nothing: a pause without a beginning."""
        with self._records.read() as connection:
            return _find(connection, organisation_id, invoice_id)

    def begin(self, organisation_id: int, invoice_id: int, *, until: int | None, because: str) -> Pause:
        """Do nothing more about an invoice until an instant, or until it is ended. Of one that goes on both are said anew.

        Raises Invalid (the end is past or too far ahead, the reason too long).
        """
        now = self._clock.now()
        faults = []
        if until is not None and not now < until <= now + DUNNING_PAUSE_DAYS_MAX * _DAY:
            faults.append(Fault(place="until", reason=f"is ahead, by at most {DUNNING_PAUSE_DAYS_MAX} days"))
        if len(because) > REASON_LENGTH_MAX:
            faults.append(Fault(place="because", reason=f"has at most {REASON_LENGTH_MAX} characters"))
        if faults:
            raise Invalid("Reminding cannot be paused so.", faults=faults)
        with self._records.write() as connection:
            was = _find(connection, organisation_id, invoice_id, lock=True)
            if not was.goes_on(now):
                was = Pause(begin=now, before=was.total(now))
            made = replace(was, until=until, because=because)
            _put(connection, organisation_id, invoice_id, made)
        return made

    def end(self, organisation_id: int, invoice_id: int) -> Pause:
        """From now on its time counts again; asked again, nothing changes."""
        now = self._clock.now()
        with self._records.write() as connection:
            was = _find(connection, organisation_id, invoice_id, lock=True)
            if was.begin is None:
                return was
            made = Pause(before=was.total(now))
            _put(connection, organisation_id, invoice_id, made)
        return made


def _find(connection: sa.Connection, organisation_id: int, invoice_id: int, *, lock: bool = False) -> Pause:
    table = dunning_pauses.c
    query = sa.select(dunning_pauses).where(table.organisation_id == organisation_id, table.invoice_id == invoice_id)
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        return Pause()
    return Pause(begin=row.begin_at, until=row.until_at, because=row.because, before=row.before)


def _put(connection: sa.Connection, organisation_id: int, invoice_id: int, pause: Pause) -> None:
    row = {
        "organisation_id": organisation_id,
        "invoice_id": invoice_id,
        "begin_at": pause.begin,
        "until_at": pause.until,
        "because": pause.because,
        "before": pause.before,
    }
    statement = _INSERTS[connection.dialect.name](dunning_pauses).values(row)
    keys = [dunning_pauses.c.organisation_id, dunning_pauses.c.invoice_id]
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=row))
