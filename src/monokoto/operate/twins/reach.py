"""What of a twin lies open to whoever asks: values by the unit's own time of them, desired state by when it was desired."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from monokoto.operate.twins.reported.column import ABSENT
from monokoto.operate.twins.reported.latest import Gathered
from monokoto.operate.twins.twin import Desired, Reported, Twin
from monokoto.web import Reach


def seen_twin(twin: Twin, reach: Reach) -> Twin:
    """The twin as it lies open. Of a whole reach the twin itself."""
    if reach.always:
        return twin
    return replace(twin, reported=seen_reported(twin.reported, reach), desired=seen_desired(twin.desired, reach))


def seen_reported(reported: Reported, reach: Reach) -> Reported:
    """The values of the reach's own times; the revision is of them alone, so that it tells nothing of the others."""
    if reach.always:
        return reported
    shown = {name: value for name, value in reported.properties.items() if reach.holds(value.at)}
    return Reported(revision=max((value.arrived for value in shown.values()), default=0), properties=shown)


def seen_desired(desired: Desired, reach: Reach) -> Desired:
    """What was desired in the reach's own times. Of another's only the revision stays, which the next change must name."""
    if reach.always or desired.at is None or reach.holds(desired.at):
        return desired
    return Desired(revision=desired.revision)


def seen_latest(found: Gathered, reaches: Mapping[int, Reach]) -> Gathered:
    """The latest values without those of other times; of units without a reach here all stay."""
    clipped = [(index, reaches[unit]) for index, unit in enumerate(found.units) if unit in reaches]
    for index, reach in clipped:
        if reach.always:
            continue
        for column in found.columns:
            at = int(column.at[index])
            if at != ABSENT and not reach.holds(at):
                column.at[index] = ABSENT
                column.values[index] = None
    return found


def by_maker(reaches: Sequence[Reach]) -> dict[int, list[int]]:
    """The units of each maker."""
    found: dict[int, list[int]] = {}
    for reach in reaches:
        found.setdefault(reach.organisation_id, []).append(reach.unit_id)
    return found
