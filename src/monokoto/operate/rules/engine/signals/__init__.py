"""The kinds of signals, and the one place that chooses between them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from monokoto.operate.rules.engine.arrays import Bools, Float64s, Int64s
from monokoto.operate.rules.engine.compiled import (
    Changed,
    Drift,
    Event,
    Fleet,
    Geofence,
    Held,
    Offline,
    Past,
    Peers,
    Previous,
    Rate,
    Schedule,
    Sequence,
    SignalSpec,
    Silent,
    Statistic,
    Window,
)
from monokoto.operate.rules.engine.signals.base import SignalRun, State
from monokoto.operate.rules.engine.signals.comparing import ChangedRun, PreviousRun
from monokoto.operate.rules.engine.signals.extremes import ExtremeRun
from monokoto.operate.rules.engine.signals.lasting import EventRun, GeofenceRun, HeldRun, SequenceRun, SilentRun
from monokoto.operate.rules.engine.signals.outside import FleetRun, PeersRun, ReadRun, Taking
from monokoto.operate.rules.engine.signals.schedule import ScheduleRun
from monokoto.operate.rules.engine.signals.windows import PastRun, RateRun, WindowRun

EXTREMES = frozenset({Statistic.MINIMUM, Statistic.MAXIMUM, Statistic.PERCENTILE})


@dataclass(frozen=True, slots=True)
class Around:
    """What signals ask that is not in the walk."""

    event_number: Callable[[str], int]
    groups: Callable[[Fleet, int], tuple[Int64s, Bools]]
    """For so many rows: the group each unit sees, and whether it is a member."""
    drifting: Callable[[str, int], Float64s]
    """For so many rows, of a property: 1, 0, NaN."""
    offline: Callable[[int, int, int], Float64s]
    """Rows, clock, how long."""


def _window(kind: Window, state: State) -> SignalRun:
    return ExtremeRun(kind, state) if kind.statistic in EXTREMES else WindowRun(kind, state)


_OF_READINGS: Mapping[type, Callable[[Any, State], SignalRun]] = {
    Changed: ChangedRun,
    Geofence: GeofenceRun,
    Held: HeldRun,
    Past: PastRun,
    Previous: PreviousRun,
    Rate: RateRun,
    Schedule: ScheduleRun,
    Sequence: SequenceRun,
    Silent: SilentRun,
    Window: _window,
}


def run_of(spec: SignalSpec, state: State, inner: State, around: Around) -> SignalRun:
    """The signal, with its arrays added to those of its rule."""
    match spec.kind:
        case Event() as event:
            return EventRun(event, around.event_number(event.event), state)
        case Fleet() as fleet:
            return FleetRun(fleet, lambda rows: around.groups(fleet, rows), state)
        case Peers() as peers:
            return PeersRun(peers, state, inner)
        case Drift() as drift:
            return ReadRun(lambda rows, _: around.drifting(drift.property, rows), state)
        case Offline() as offline:
            return ReadRun(lambda rows, clock: around.offline(rows, clock, offline.for_us), state)
        case kind:
            return _OF_READINGS[type(kind)](kind, state)


__all__ = ["Around", "SignalRun", "State", "Taking", "run_of"]
