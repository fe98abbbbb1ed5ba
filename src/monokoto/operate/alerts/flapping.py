"""Flap detection: a rule that raises and clears on one unit again and again tells of it once, and then when it was calm.

More than `ALERT_FLAPS_MAX` alerts of one rule on one unit that begin within `ALERT_FLAP_SECONDS` are too often. The alert with
which it becomes so is told as flapping; those after it tell nobody, until `ALERT_FLAP_SECONDS` have gone by between two
beginnings. All by event time and from the alerts' beginnings alone, so that a replay comes to the same.

So of any number of alerts of one rule on one unit at most `ALERT_FLAPS_MAX` + 1 are told within any `ALERT_FLAP_SECONDS`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from monokoto.kernel.clock import MICROSECONDS_PER_SECOND
from monokoto.kernel.limits import ALERT_FLAP_SECONDS, ALERT_FLAPS_MAX
from monokoto.operate.alerts.alert import Flapping

SPAN = ALERT_FLAP_SECONDS * MICROSECONDS_PER_SECOND


def flaps(
    instances: Sequence[int],
    *,
    earlier: Sequence[int] = (),
    flapping: bool = False,
    span: int = SPAN,
    most: int = ALERT_FLAPS_MAX,
) -> list[Flapping]:
    """For each alert of one rule on one unit, by the instants at which they began (rising), whether it flaps.

    `earlier`: the beginnings before them that lie within `span` of the first (rising), the last of which was `flapping`.
    """
    found: list[Flapping] = []
    lately = deque(earlier)
    going_on = flapping
    last = earlier[-1] if earlier else None
    for instance in instances:
        while lately and lately[0] <= instance - span:
            lately.popleft()
        lately.append(instance)
        going_on = going_on and last is not None and instance - last < span
        if going_on:
            found.append(Flapping.GOES_ON)
        elif len(lately) > most:
            found.append(Flapping.BEGINS)
            going_on = True
        else:
            found.append(Flapping.NO)
        last = instance
    return found
