"""So many units a second: when a run has its next turn, and how many units that may begin.

Turns are planned one after the other from when the last one was due, not from when it came about: on a loaded machine a turn
comes late, and takes longer than the quarter of a second it is meant for. What a run is behind by that it makes up, half a
second at most, so that the pace holds on average and a run that stood still does not come back as a burst.
"""

from __future__ import annotations

from typing import Final

TURN_SECONDS: Final = 0.25
"""Of units begun together, where no turn is late."""
BEHIND_SECONDS_MAX: Final = 0.5
"""Made up."""


class Pacing:
    """When runs are due; instants are seconds of one monotonic clock."""

    def __init__(self) -> None:
        self.due: dict[int, float] = {}
        """Run to when its next turn was meant to begin."""

    def room(self, run_id: int, pace: int, now: float, most: int) -> int:
        """How many units a turn that begins now may begin; at least one."""
        behind = min(max(now - self.due.get(run_id, now), 0.0), BEHIND_SECONDS_MAX)
        return max(1, min(most, int(pace * (TURN_SECONDS + behind))))

    def next_turn(self, run_id: int, pace: int, began: float, moved: int) -> float:
        """When the next turn is due, after one that began then and moved so many units."""
        since = max(self.due.get(run_id, began), began - BEHIND_SECONDS_MAX)
        self.due[run_id] = min(since, began) + moved / pace
        return self.due[run_id]

    def rest(self, run_id: int) -> None:
        """Nothing was to be done: there is nothing to make up."""
        self.due.pop(run_id, None)
