"""The events units told of, in order of time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from monokoto.engines.series import Series
from monokoto.kernel.errors import Fault
from monokoto.kernel.ids import UnitId
from monokoto.kernel.limits import PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX
from monokoto.operate.telemetry.history.questions import Checked
from monokoto.operate.telemetry.history.selection import Selection
from monokoto.operate.telemetry.history.statements import events_statement
from monokoto.web import decode_cursor, encode_cursor


@dataclass(frozen=True, slots=True, kw_only=True)
class EventQuestion(Checked):
    """A page of events; the selection's `properties` are names of events."""

    selection: Selection
    limit: int = PAGE_SIZE_DEFAULT
    cursor: str | None = None
    newest_first: bool = True

    def _faults(self) -> Iterator[Fault]:
        if not 1 <= self.limit <= PAGE_SIZE_MAX:
            yield Fault(place="limit", reason=f"lies between 1 and {PAGE_SIZE_MAX}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something a unit said happened."""

    unit_id: UnitId
    name: str
    at: int
    arrived: int
    data: str
    """JSON."""


@dataclass(frozen=True, slots=True)
class Events:
    """A page of them."""

    items: tuple[Event, ...]
    next_cursor: str | None = None


def read_events(series: Series, question: EventQuestion) -> Events:
    """One page of events."""
    selection, after = question.selection, None
    if question.cursor:
        after = decode_cursor(question.cursor, int, int, str, str)
        # What lies beyond the page's end in time needs no look: the index knows times, not tuples of them.
        bound = {"end": min(selection.end, after[0] + 1)} if question.newest_first else {"start": after[0]}
        selection = replace(selection, **bound)
    statement = events_statement(selection, limit=question.limit + 1, after=after, newest_first=question.newest_first)
    rows = series.query(statement.sql, statement.parameters).to_pylist()
    items = tuple(
        Event(
            unit_id=UnitId(row["unit"]),
            name=row["event"],
            at=row["instant"],
            arrived=row["arrived_instant"],
            data=row["data"],
        )
        for row in rows[: question.limit]
    )
    if len(rows) <= question.limit:
        return Events(items)
    last = rows[question.limit - 1]
    return Events(items, encode_cursor(last["instant"], last["unit"], last["event"], last["identity_text"]))
