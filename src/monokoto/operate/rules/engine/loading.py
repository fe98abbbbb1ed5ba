"""How a rule begins with the past of its units: beside the line, on a copy of its own, which then takes the rule's place.

At one moment between two batches (the beginning) it is noted how far each unit is. What was read up to there comes out of
the store, piece by piece, and goes through a rule and a stream of their own; nothing it would have raised is told. What the
line hands over meanwhile is gathered as the rule would have been given it, and follows. Once little is left, the rest goes
through between two batches, and the state takes the place of the rule's. So no reading is missing and none counts twice, and
what happened since the beginning is told.

What stands at the beginning is raised then, as what a rule finds that begins without a past. A crash before the state is
written loses all of it: the rule still does not watch those units, and begins with them again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from monokoto.connect.line import Batch
from monokoto.connect.products import parse_version
from monokoto.kernel.limits import RULE_PAST_GATHERED_MAX
from monokoto.operate.rules.change import AlertChange
from monokoto.operate.rules.engine.arrays import NEVER, Int64s
from monokoto.operate.rules.engine.population import SHARED, Population, StateKey, stream_name
from monokoto.operate.rules.engine.rows import Rows, Said, joined
from monokoto.operate.rules.engine.running import RunningRule
from monokoto.operate.rules.engine.spans import events_of, span_of, wants_every_reading
from monokoto.operate.rules.engine.stream import Stream
from monokoto.operate.rules.engine.taken import Taken

_HOUR_US = 3_600_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Whose past is to be read for which rules."""

    maker_id: int
    product: str
    version: str
    """Of the product: by its model the readings are understood."""
    organisation_id: int
    """Whose rules they are: what does not lie open to it is not read."""
    clipped: bool
    """Whether only what lies open counts. A product's own rules watch units whosesoever they are."""
    stream: str
    keys: tuple[StateKey, ...]
    units: Int64s
    """Ids, sorted."""
    span_us: int
    """How far back, from the last reading of each unit."""
    properties: tuple[str, ...]
    """Empty: all of them."""
    events: tuple[str, ...]


def plan_of(population: Population, own_time: Callable[[Stream], Int64s], units_max: int) -> Plan | None:
    """The rules and units of a product that come next; None: none waits. Rules that look back about as far go together,
    the shortest first, so that none waits for what only others need; and units whose clocks say about the same."""
    waiting: dict[tuple[Any, ...], list[RunningRule]] = {}
    for running in population.rules.values():
        span = span_of(running.rule)
        if not span or running.failed or not running.stream.begun:
            continue
        population.select(running)
        if len(running.unwatched()):
            rule = running.rule
            clipped = rule.units is not None
            whose = (clipped, rule.organisation_id, _newest(rule.versions or population.versions), stream_name(rule))
            waiting.setdefault((span.bit_length(), *whose), []).append(running)
    if not waiting:
        return None
    together = waiting[min(waiting)]
    first = together[0]
    span = max(span_of(one.rule) for one in together)
    rows = _about_one_time(first.unwatched(), own_time(first.stream), max(span, _HOUR_US))[:units_max]
    rules = [one.rule for one in together if np.isin(rows, one.unwatched()).any()]
    names = {slot.name.partition(".")[0] for one in together for slot in one.slots.values()}
    return Plan(
        maker_id=population.maker_id,
        product=population.product,
        version=_newest(first.rule.versions or population.versions),
        organisation_id=first.rule.organisation_id,
        clipped=first.rule.units is not None,
        stream=stream_name(first.rule),
        keys=tuple(rule.state_key for rule in rules),
        units=np.sort(first.stream.unit[rows]),
        span_us=span,
        properties=() if any(wants_every_reading(rule) for rule in rules) else tuple(sorted(names)),
        events=tuple(sorted({event for rule in rules for event in events_of(rule)})),
    )


def _newest(versions: Iterable[str]) -> str:
    return max(versions, key=parse_version, default="")


def _about_one_time(rows: Int64s, own: Int64s, apart_us: int) -> Int64s:
    """Those whose own time is about the latest there is, so that what has to be read of all of them lies together."""
    latest = own[rows].max()
    found: Int64s = rows[own[rows] >= latest - apart_us]
    return found


class Loading:
    """Some rules on their way through the past of some units. `of`, `gather` and `finish` hold the engine's lock; the others
    are called by one thread, without it."""

    def __init__(self, plan: Plan, population: Population, own: Int64s) -> None:
        """`own`: what time it is now for each row of the stream."""
        self.plan = plan
        self.overflowed = False
        """More came meanwhile than may be gathered: begin again, with fewer units."""
        self.changes: list[AlertChange] = []
        self._population = population
        self._live = population.streams[plan.stream]
        self._rules = [population.rules[key] for key in plan.keys if key in population.rules]
        self._rows = self._live.rows_for(plan.units)
        state = self._live.state
        self._moment = {name: state[name][self._rows].copy() for name in ("newest", "arrived", "last")}
        self._until = np.maximum(own[self._rows], self._moment["last"] + 1)
        holds = max((one.rule.hold_us + one.rule.clear_hold_us for one in self._rules), default=0)
        self._judged_from = self._until - holds
        self._judged = np.zeros(len(self._rows), np.bool_)
        self._place = np.full(len(self._live), -1, np.int64)
        self._place[self._rows] = np.arange(len(self._rows))
        self._gathered: deque[Rows] = deque()
        self._count = 0
        self._aside = population.beside([replace(one.rule, lateness_us=0) for one in self._rules])
        self._stream: Stream = self._aside.streams[SHARED]
        self._stream.rows_for(plan.units)
        self._held = {key: self._values(key, state[key][self._rows]) for key in self._stream.slots}
        self._read_at = {key: state[f"{key}@"][self._rows].copy() for key in self._stream.slots}

    @property
    def start(self) -> int:
        """The instant from which readings matter: time goes on for a unit that says nothing."""
        return max(int(self._until.min()) - self.plan.span_us, 0)

    @property
    def end(self) -> int:
        """The instant past the last reading that belongs to the past; it lies before `start` when none matters."""
        return int(self._moment["last"].max()) + 1

    @property
    def waiting(self) -> int:
        """Readings gathered and not gone through yet."""
        return self._count

    # The past

    def know(self, before: Batch) -> None:
        """First of all: the last readings before those that matter, of what was read since, and of what was not."""
        parts = [rows for _, rows in self._aside.rows_of(before, again=False)]
        for key, values in self._held.items():
            read = self._read_at[key]
            places = np.flatnonzero((read != NEVER) & (read < self.start))
            if len(places):
                said = {key: Said(self._codes(key, values[places]), None)}
                parts.append(Rows(places, read[places], read[places], said))
        if parts:
            self._read(joined(parts, self._stream.blanks))

    def read(self, batch: Batch) -> None:
        """A piece of the past; each unit's readings in order of time, over all pieces."""
        for _, rows in self._aside.rows_of(batch, again=False):
            self._read(rows)

    def _read(self, rows: Rows) -> None:
        rows = rows.take(rows.at <= self._moment["last"][rows.unit])
        # Until the windows of a unit are full, what is found of it is not to be relied on.
        full = rows.at >= self._judged_from[rows.unit]
        self._take(rows.take(~full))
        if full.any():
            self._unsay(np.unique(rows.unit[full]))
            self._take(rows.take(full))

    def _take(self, rows: Rows) -> None:
        taken = self._stream.take(rows) if len(rows) else None
        if taken is not None:
            self._through(taken)

    def _unsay(self, rows: Int64s) -> None:
        rows = rows[~self._judged[rows]]
        self._judged[rows] = True
        for running in self._aside.rules.values():
            running.unsay(rows)

    def seal(self) -> None:
        """The past is read: be at the beginning, with what stands then."""
        rows = np.arange(len(self._rows))
        self._unsay(rows)
        for name, values in self._moment.items():
            self._stream.state[name][rows] = values
        for running in self._aside.rules.values():
            self.changes += running.begin_with_past(rows, self._until)

    # What comes meanwhile

    def gather(self, stream: Stream, taken: Taken) -> None:
        """What the stream gives to its rules."""
        if stream is not self._live or self.overflowed:
            return
        unit = taken.rows.unit
        place = np.full(len(unit), -1, np.int64)
        known = unit < len(self._place)
        place[known] = self._place[unit[known]]
        chosen = place >= 0
        if not chosen.any():
            return
        rows = taken.rows.take(chosen)
        said = {
            key: Said(self._values(key, one.values), one.present)
            for key, one in rows.said.items()
            if key in self._stream.slots
        }
        self._gathered.append(Rows(place[chosen], rows.at, rows.arrived, said, rows.events))
        self._count += len(rows)
        if self._count > RULE_PAST_GATHERED_MAX:
            self.overflowed = True
            self._gathered.clear()

    def follow(self) -> None:
        """Go through what was gathered up to now."""
        for _ in range(len(self._gathered)):
            rows = self._gathered.popleft()
            self._count -= len(rows)
            said = {key: Said(self._codes(key, one.values), one.present) for key, one in rows.said.items()}
            rows = replace(rows, said=said)
            self.changes += self._through(Taken.of(rows, self._stream.state))

    def _through(self, taken: Taken) -> list[AlertChange]:
        found = [change for running in self._aside.rules.values() for change in running.take(taken)]
        self._stream.leave(taken)
        return found

    def finish(self) -> list[AlertChange]:
        """Take the rules' place; what is to be told."""
        self.follow()
        told: list[AlertChange] = []
        for running in self._rules:
            if self._population.rules.get(running.rule.state_key) is not running or running.failed:
                continue
            self._population.select(running)
            chosen = np.isin(self._rows, running.unwatched())
            running.adopt(self._rows[chosen], self._aside.rules[running.rule.state_key], np.flatnonzero(chosen))
            units = set(self.plan.units[chosen].tolist())
            name = (running.rule.organisation_id, running.rule.key)
            told += [one for one in self.changes if (one.organisation_id, one.rule) == name and one.unit_id in units]
        return told

    # Texts have other numbers here and there

    def _values(self, key: str, values: Any) -> Any:
        """Out of the live stream: texts as they are, or None."""
        slot = self._live.slots[key]
        if slot.dictionary is None:
            return np.array(values)
        texts = slot.dictionary.texts() if slot.type.element is not None else slot.dictionary.entries
        return np.array([texts[code] if code >= 0 else None for code in values.tolist()], object)

    def _codes(self, key: str, values: Any) -> Any:
        """As this stream has them."""
        dictionary = self._stream.slots[key].dictionary
        return values if dictionary is None else np.fromiter(map(dictionary.__getitem__, values), np.int32, len(values))
