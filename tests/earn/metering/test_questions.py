"""Questions as they come by HTTP: which time, and what of it lies open to whoever asks."""

from __future__ import annotations

import pytest

from monokoto.earn.calendar import Span
from monokoto.earn.metering.questions import asked_by, open_spans, span_of
from monokoto.kernel.clock import Instant
from monokoto.kernel.errors import Invalid
from monokoto.kernel.ids import OrganisationId, UnitId
from monokoto.web import ALWAYS, Period, Reach, Side

DAY = 86_400_000_000


def _reach(*periods: Period) -> Reach:
    return Reach(unit_id=UnitId(5), organisation_id=OrganisationId(1), side=Side.OWNER, periods=periods)


def test_an_owner_sees_usage_of_their_own_time_alone() -> None:
    span = Span(10 * DAY, 20 * DAY)
    mine = _reach(
        Period(Instant(0), Instant(12 * DAY)), Period(Instant(13 * DAY), Instant(14 * DAY)), Period(Instant(18 * DAY))
    )
    assert open_spans(mine, span) == {5: [Span(10 * DAY, 12 * DAY), Span(13 * DAY, 14 * DAY), Span(18 * DAY, 20 * DAY)]}
    assert open_spans(_reach(*ALWAYS), span) == {5: [span]}
    assert open_spans(_reach(Period(Instant(20 * DAY))), span) == {5: []}


def test_times_are_rfc_3339_or_before_now() -> None:
    assert span_of("-2d", "", 10 * DAY) == Span(8 * DAY, 10 * DAY)
    assert span_of("1970-01-02T00:00:00Z", "-1d", 10 * DAY) == Span(DAY, 9 * DAY)
    for since, until in (("yesterday", ""), ("-1d", "-2d"), ("", "never")):
        with pytest.raises(Invalid):
            span_of(since, until, 10 * DAY)


def test_what_usage_is_asked_by() -> None:
    assert (asked_by("day", "Europe/Berlin").cut, asked_by("unit", "UTC").by_unit) == ("day", True)
    assert asked_by("programme", "UTC").group == "programme"
    with pytest.raises(Invalid):
        asked_by("day", "Berlin")
