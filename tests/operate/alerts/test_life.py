"""The life of alerts by property: any order of what rules tell and what people do ends where a plain model says it does."""

from __future__ import annotations

import random
import shutil
from dataclasses import dataclass, field
from itertools import permutations
from pathlib import Path

import pytest
from alerts_making import ALONE, ANNA, LONELY, House, change, viewer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monokoto.engines.records import Records, open_records, records_file
from monokoto.kernel.limits import ALERT_FLAP_SECONDS, ALERT_FLAPS_MAX
from monokoto.operate.alerts import Flapping, State
from monokoto.operate.alerts.flapping import flaps
from monokoto.operate.alerts.hiding import Hidden, Hiding, Light, comes_to_light
from monokoto.operate.alerts.told import joined, told_first
from monokoto.operate.rules import AlertChange

SEVERITIES = ("warning", "minor", "major", "critical")


@st.composite
def lives(draw: st.DrawFn) -> list[AlertChange]:
    """What a rule tells of one alert, in the order of event time."""
    began = draw(st.integers(0, 50))
    unit = draw(st.sampled_from([ALONE, LONELY]))
    told = [change("raised", began, unit=unit, severity=draw(st.sampled_from(SEVERITIES)))]
    at_second = began
    for severity in draw(st.lists(st.sampled_from(SEVERITIES), max_size=3)):
        at_second += draw(st.integers(1, 5))
        told.append(change("severity", began, at_second, unit=unit, severity=severity))
    if draw(st.booleans()):
        last = told[-1].severity.value
        told.append(change("cleared", began, at_second + draw(st.integers(0, 9)), unit=unit, severity=last))
    return told


@dataclass
class Model:
    """One alert by hand: the whole of what was told, and the last of what people did."""

    told: set[AlertChange] = field(default_factory=set)
    acknowledged: bool = False

    def state(self) -> State:
        over = any(one.kind == "cleared" for one in self.told)
        if self.acknowledged:
            return State.CLOSED if over else State.ACKNOWLEDGED
        return State.CLEARED if over else State.RAISED

    def severity(self) -> str:
        rising = [one for one in self.told if one.kind != "cleared"] or list(self.told)
        return max(rising, key=lambda one: (one.at, one.severity.rank)).severity

    def ended(self) -> int | None:
        return min((one.at for one in self.told if one.kind == "cleared"), default=None)


Act = tuple[str, AlertChange | tuple[int, int]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lives")


def fresh(folder: Path, migrated_file: Path) -> Records:
    for old in folder.iterdir():
        old.unlink()
    shutil.copy(migrated_file, records_file(folder))
    return open_records("", data_dir=folder)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(lives(), min_size=1, max_size=3), st.randoms(use_true_random=False), st.data())
def test_any_order_of_telling_and_doing(
    folder: Path, migrated_file: Path, some: list[list[AlertChange]], order: random.Random, data: st.DataObject
) -> None:
    records = fresh(folder, migrated_file)
    try:
        live(House(records), some, order, data)
    finally:
        records.close()


def live(house: House, some: list[list[AlertChange]], order: random.Random, data: st.DataObject) -> None:
    told = {(one.unit_id, one.instance, one.kind, one.at): one for life in some for one in life}
    changes = [*told.values(), *order.choices(list(told.values()), k=4)]
    order.shuffle(changes)
    model: dict[tuple[int, int], Model] = {}
    while changes:
        batch = [changes.pop() for _ in range(min(len(changes), order.randint(1, 4)))]
        house.clock.advance(1)
        house.alerts.take(batch)
        for one in batch:
            model.setdefault((one.unit_id, one.instance), Model()).told.add(one)
        act = data.draw(st.sampled_from(["acknowledge", "unacknowledge", "reconcile", ""]))
        if act == "reconcile":
            house.alerts.reconciler.run()
        elif act:
            alert = order.choice(house.all())
            getattr(house.alerts.acts, act)(viewer(alert.organisation_id, ANNA), alert.id)
            model[alert.unit_id, alert.instance].acknowledged = act == "acknowledge"
    found = {(one.unit_id, one.instance): one for one in house.all()}
    assert found.keys() == model.keys()
    for name, alert in found.items():
        wanted = model[name]
        assert (alert.state, alert.severity, alert.told.cleared_at) == (
            wanted.state(), wanted.severity(), wanted.ended(),
        )  # fmt: skip
        lines = [event for event in house.alerts.timeline(house.maker, alert) if event.by is None]
        assert {(one.what, one.at, one.severity) for one in lines} == {
            (one.kind, one.at, one.severity) for one in wanted.told
        }
        assert len(lines) == len(wanted.told)


@given(lives())
def test_told_is_a_join(life: list[AlertChange]) -> None:
    parts = [told_first(one) for one in life]
    ends = set()
    for order in permutations(parts[:4]):
        end = order[0]
        for one in order[1:]:
            end = joined(end, one)
        assert joined(end, end) == end
        assert all(joined(end, one) == end for one in order)
        ends.add(end)
    assert len(ends) == 1


@given(st.lists(st.integers(0, 4000), min_size=1, max_size=60, unique=True))
def test_within_any_span_few_are_told(seconds: list[int]) -> None:
    began = sorted(seconds)
    found = flaps(began, span=ALERT_FLAP_SECONDS)
    told = [at_second for at_second, flapping in zip(began, found, strict=True) if flapping is not Flapping.GOES_ON]
    for begin in told:
        inside = [one for one in told if begin <= one < begin + ALERT_FLAP_SECONDS]
        assert len(inside) <= ALERT_FLAPS_MAX + 1
    for previous, this, flapping in zip(began, began[1:], found[1:], strict=False):
        if this - previous >= ALERT_FLAP_SECONDS:
            assert flapping is Flapping.NO  # it was calm


@given(st.lists(st.integers(0, 3000), min_size=2, max_size=40, unique=True), st.data())
def test_flaps_may_be_judged_in_pieces(seconds: list[int], data: st.DataObject) -> None:
    began = sorted(seconds)
    whole = flaps(began, span=ALERT_FLAP_SECONDS)
    cut = data.draw(st.integers(1, len(began) - 1))
    earlier = [one for one in began[:cut] if one > began[cut] - ALERT_FLAP_SECONDS]
    flapping = bool(earlier) and whole[cut - 1] is not Flapping.NO
    assert flaps(began[cut:], earlier=earlier, flapping=flapping, span=ALERT_FLAP_SECONDS) == whole[cut:]


@given(
    st.integers(0, 20),
    st.none() | st.integers(1, 30),
    st.lists(st.tuples(st.integers(0, 30), st.none() | st.integers(1, 20)), max_size=4),
    st.integers(0, 8),
)
def test_it_comes_to_light_at_the_first_instant_nothing_hides_it(
    began: int, lasted: int | None, given_: list[tuple[int, int | None]], grace: int
) -> None:
    ended = None if lasted is None else began + lasted
    hiding = [Hiding(begin, None if lasts is None else begin + lasts) for begin, lasts in given_]
    found = comes_to_light(began, ended, hiding, grace=grace)
    mine = [one for one in hiding if ended is None or one.begin < ended]

    def hidden_at(instant: int) -> bool:
        return any(one.begin <= instant and (one.end is None or instant < one.end) for one in mine)

    # The first stretch as long as the grace in which nothing hides it; it comes to light at its end.
    free = next(
        (one for one in range(began, 200) if not any(hidden_at(at) for at in range(one, one + grace + 1))), None
    )
    covered = free is None or free > began
    if free is None:
        assert found is (Hidden.STILL if ended is None else Hidden.FOR_GOOD)
    elif ended is None or ended > free + grace:
        assert isinstance(found, Light)
        assert (found.at, found.last is not None) == (free + grace, covered)
    elif covered:
        assert found is Hidden.FOR_GOOD
    else:
        assert found == Light(ended, None)
