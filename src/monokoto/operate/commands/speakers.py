"""Which units are known to speak our own way of commands and no other, so that one message says it all.

Learnt from what a unit subscribes to and how it answers; in memory. Of a unit nobody has heard yet nothing is known, and it is
told in every dialect. One that listens to another dialect is told in every dialect until this process ends: it may be two
programs with one identity.
"""

from __future__ import annotations

_UNITS_MAX = 200_000


class Speakers:
    """What was heard of units; call on the event loop."""

    def __init__(self, *, units_max: int = _UNITS_MAX) -> None:
        self._units_max = units_max
        self._own: dict[int, None] = {}
        self._others: dict[int, None] = {}

    def listens(self, unit_id: int, *, own: bool, others: bool) -> None:
        """It has subscribed to our own topic, to another dialect's, or to both."""
        if others:
            self._own.pop(unit_id, None)
            self._keep(self._others, unit_id)
        elif own:
            self.answers(unit_id)

    def answers(self, unit_id: int) -> None:
        """It has answered a command on our own topic."""
        if unit_id not in self._own and unit_id not in self._others:
            self._keep(self._own, unit_id)

    def only_own(self, unit_id: int) -> bool:
        """Whether our own topic is all it needs."""
        return unit_id in self._own

    def _keep(self, units: dict[int, None], unit_id: int) -> None:
        if unit_id not in units and len(units) >= self._units_max:
            oldest = next(iter(units))
            del units[oldest]
            self._own.pop(oldest, None)
        units[unit_id] = None
