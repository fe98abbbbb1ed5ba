"""The fact of alerts: something happened to one. What exactly is in the alert's timeline; a lost fact is mended by asking
`Alerts.numbers` by period."""

from __future__ import annotations

from collections.abc import Sequence

from monokoto.kernel.facts import Fact
from monokoto.operate.alerts.alert import AlertEvent

ALERT_CHANGED = "alerts.changed"
"""Data: alert_id, unit_id, what; zeros and `many` when so much happened at once that it is not told one by one."""
_ONE_BY_ONE_MAX = 200


def facts_of(events: Sequence[AlertEvent]) -> list[Fact]:
    """What to tell of these."""
    found: list[Fact] = []
    by_organisation: dict[int, list[AlertEvent]] = {}
    for event in events:
        by_organisation.setdefault(event.organisation_id, []).append(event)
    for some in by_organisation.values():
        told = [(int(one.alert_id), int(one.unit_id), one.what.value) for one in some]
        if len(told) > _ONE_BY_ONE_MAX:
            told = [(0, 0, "many")]
        found += [
            Fact(
                name=ALERT_CHANGED,
                organisation_id=some[0].organisation_id,
                at=some[-1].told_at,
                data={"alert_id": alert_id, "unit_id": unit_id, "what": what},
            )
            for alert_id, unit_id, what in told
        ]
    return found
