"""Trials: on a table, on what is stored, bounded, and the same however the past is cut."""

import gzip
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from rules_making import SomeReach, model, rule_of, text_of

from monokoto.connect.line import Batch, Block
from monokoto.connect.products import Folder, Products
from monokoto.engines.records import Records
from monokoto.kernel.clock import ManualClock
from monokoto.kernel.errors import Invalid, NotFound, TooMany
from monokoto.kernel.ids import OrganisationId, UnitId
from monokoto.kernel.limits import TRIALS_AT_ONCE_MAX
from monokoto.operate.rules import RuleBook, Rules, RulesSection, Tally, Trials, Watched, try_on_table
from monokoto.operate.rules.trial.pieces import Piece, blocks_of, cut
from monokoto.operate.rules.trial.run import Bounds, Trying, run
from monokoto.operate.rules.trial.service import Question, compiled_for_trial
from monokoto.operate.telemetry import Selection

SECOND = 1_000_000
HOUR = 3600 * SECOND
BEGIN = 1_700_000_000 * SECOND // HOUR * HOUR


def moments(rows: Sequence[tuple[int, int, str, float | str]]) -> pa.Table:
    """(at, unit, property, value) as the store answers, in order of time."""
    return pa.table(
        {
            "unit": pa.array([row[1] for row in rows], pa.int64()),
            "property": pa.array([row[2] for row in rows], pa.string()).dictionary_encode(),
            "instant": pa.array([row[0] for row in rows], pa.int64()),
            "number": pa.array([row[3] if not isinstance(row[3], str) else 0.0 for row in rows], pa.float64()),
            "text": pa.array([row[3] if isinstance(row[3], str) else "" for row in rows], pa.string()),
            "kind": pa.array([4 if isinstance(row[3], str) else 1 for row in rows], pa.uint8()),
        }
    )


def last(tallies: Iterator[Tally]) -> Tally:
    return list(tallies)[-1]


def pieces(block: Block, cuts: Sequence[int]) -> Iterator[Piece]:
    ends = [*cuts, len(block.at)]
    for begin, end in zip([0, *cuts], ends, strict=True):
        batch = Batch(partition=0, first_sequence=end, last_sequence=end, blocks=(cut(block, begin, end),))
        until = int(block.at[end]) if end < len(block.at) else int(block.at[-1]) + HOUR
        yield Piece(batch, until, end / len(block.at))


def test_rows_of_one_moment_become_one_message() -> None:
    rows: list[tuple[int, int, str, float | str]] = [
        (1, 7, "door", "open"),
        (1, 7, "temperature", 5.0),
        (1, 8, "temperature", 6.0),
        (2, 7, "temperature", 7.0),
    ]
    (block,) = blocks_of(moments(rows), model())
    assert (block.unit.tolist(), block.at.tolist()) == ([7, 8, 7], [1, 1, 2])
    found = {column.property.name: column for column in block.columns}
    assert found["door"].values == ["open", None, None]
    assert np.asarray(found["temperature"].values).tolist() == [5.0, 6.0, 7.0]
    assert blocks_of(moments([]), model()) == ()


def test_a_reading_of_another_kind_is_left_out() -> None:
    """It was told when the property was something else."""
    (block,) = blocks_of(moments([(1, 7, "temperature", "warm"), (2, 7, "temperature", 5.0)]), model())
    (column,) = block.columns
    assert column.present is not None
    assert column.present.tolist() == [False, True]


@pytest.mark.parametrize(
    "written",
    [
        "when: temperature > 80",
        "signals: {long: {held: temperature > 60, for: 3 min}}\nwhen: long",
        "signals: {mean: {average: temperature, over: 1 h}}\nwhen: mean > 60\nclear: mean < 50",
        "signals: {any: {fleet: {any: temperature > 90, of: product}}}\nwhen: any && temperature > 80",
    ],
)
def test_the_past_may_be_cut_anywhere(written: str) -> None:
    random = np.random.default_rng(7)
    rows = [
        (BEGIN + minute * 60 * SECOND, unit, "temperature", float(random.uniform(0, 100)))
        for minute in range(200)
        for unit in (1, 2, 3)
    ]
    (block,) = blocks_of(moments(rows), model())
    rules = compiled_for_trial([rule_of(written)], model())

    def told(cuts: Sequence[int]) -> list[tuple[int, int, int | None]]:
        tally = last(run(Trying(rules), pieces(block, cuts), Bounds(10**9)))
        return sorted((one.unit_id, one.raised_at, one.cleared_at) for one in tally.shown)

    whole = told([])
    assert whole
    assert told([3, 99, 300]) == told([30, 31, 32, 450]) == whole


def test_a_table_is_tried(tmp_path: Path) -> None:
    file = tmp_path / "readings.csv.gz"
    rows = (
        "timestamp,value,door\n2026-01-01 00:00:00,70,\n2026-01-01T00:05:00Z,90,open\n2026-01-01 09:10:00+09:00,60,\n"
    )
    file.write_bytes(gzip.compress(rows.encode()))
    tally = try_on_table(file, model(), [rule_of("when: temperature > 80")], {"value": "temperature"})
    (alert,) = tally.shown
    assert (tally.readings, tally.complete, tally.standing) == (4, True, 0)
    assert alert.cleared_at is not None
    assert alert.cleared_at - alert.raised_at == 300 * SECOND
    assert [(one.name, one.value) for one in alert.evidence] == [("temperature", 90.0)]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "has no column of times"),
        ("time,other\n", "none of its columns is a property of press"),
        ("time,temperature\n2026-01-01,1\nsoon,2\n", "soon"),
        ("time,temperature\n2026-01-01,warm\n", "warm"),
        ("time,temperature\n2026-01-01\n", "list index"),
    ],
)
def test_what_is_no_table_is_told(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "readings.csv"
    file.write_text(text)
    with pytest.raises(Invalid) as caught:
        try_on_table(file, model(), [rule_of("when: temperature > 80")])
    assert any(told in fault.reason for fault in caught.value.faults), caught.value.faults


def test_a_table_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        try_on_table(tmp_path / "no.csv", model(), [])


class Stored:
    """As much of telemetry as a trial asks."""

    def __init__(self, rows: Sequence[tuple[int, int, str, float]]) -> None:
        self.rows = rows

    def hours(self, selection: Selection) -> list[tuple[int, int]]:
        found: dict[int, int] = {}
        for row in self._of(selection):
            found[row[0] // HOUR * HOUR] = found.get(row[0] // HOUR * HOUR, 0) + 1
        return sorted(found.items())

    def moments(self, selection: Selection) -> pa.Table:
        return moments(self._of(selection))

    def _of(self, selection: Selection) -> list[tuple[int, int, str, float]]:
        return [row for row in self.rows if selection.start <= row[0] < selection.end and row[1] in selection.units]


@pytest.fixture
def trials(records: Records) -> Trials:
    clock = ManualClock()
    products = Products(records, clock, [RulesSection()])
    products.apply(1, Folder({"product.yaml": text_of("  hot: {when: temperature > 80}\n")}))
    reach = SomeReach()
    reach.held = {(1, 1, "press"): [11, 12]}
    book = RuleBook(products, Rules(records, clock, products=products, reach=reach), reach)
    rows = [
        (BEGIN + hour * HOUR, unit, "temperature", 70.0 + 20 * (hour % 2)) for hour in range(48) for unit in (11, 12)
    ]
    return Trials(book=book, products=products, telemetry=Stored(rows), reach=reach)  # type: ignore[arg-type]


def question(**more: object) -> Question:
    given = {"watched": Watched(maker_id=OrganisationId(1), product="press"), "start": BEGIN, "end": BEGIN + 48 * HOUR}
    return Question(**{**given, **more})  # type: ignore[arg-type]


def select(units: Sequence[UnitId]) -> Selection:
    return Selection(organisation_id=OrganisationId(1), start=0, end=1, units=tuple(units), product="press")


@pytest.mark.parametrize("records_kind", ["sqlite"], indirect=True)
def test_what_is_stored_is_tried(trials: Trials) -> None:
    begun = trials.begin(1, question(), select)
    tally = last(begun.tallies())
    assert (tally.alerts, dict(tally.by_unit), tally.readings) == (48, {11: 24, 12: 24}, 96)
    one = Watched(maker_id=OrganisationId(1), product="press", units=(UnitId(11),))
    begun = trials.begin(1, question(watched=one, document={"when": "temperature > 95"}), select)
    assert last(begun.tallies()).alerts == 0


@pytest.mark.parametrize("records_kind", ["sqlite"], indirect=True)
def test_a_trial_ends_when_it_is_told_to(trials: Trials, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monokoto.operate.rules.trial.pieces.READINGS_PER_PIECE", 1)
    begun = trials.begin(1, question(), select)
    tallies = begun.tallies()
    next(tallies)
    begun.cancelled.set()
    assert last(tallies).reason == "it was cancelled"
    monkeypatch.setattr("monokoto.operate.rules.trial.service.TRIAL_READINGS_MAX", 10)
    tally = last(trials.begin(1, question(), select).tallies())
    assert (tally.complete, "the most one trial may" in tally.reason, tally.readings) == (False, True, 10)


@pytest.mark.parametrize("records_kind", ["sqlite"], indirect=True)
def test_only_some_run_at_once(trials: Trials) -> None:
    begun = [trials.begin(1, question(), select) for _ in range(TRIALS_AT_ONCE_MAX)]
    with pytest.raises(TooMany):
        trials.begin(1, question(), select)
    begun.pop().close()
    begun.append(trials.begin(1, question(), select))
    begun.clear()  # forgotten without a word: its place comes back
    trials.begin(1, question(), select)


@pytest.mark.parametrize("records_kind", ["sqlite"], indirect=True)
def test_what_cannot_be_tried_is_told(trials: Trials) -> None:
    for given, told in (
        ({"rules": ("hat",)}, "is no rule of press"),
        ({"document": {"when": "temprature > 1"}}, "did you mean `temperature`"),
        ({"end": BEGIN}, "lies after `from`"),
        ({"watched": Watched(maker_id=OrganisationId(1), product="press", units=(UnitId(99),))}, "these are 0 units"),
    ):
        with pytest.raises(Invalid) as caught:
            trials.begin(1, question(**given), select)
        assert told in str(caught.value), told
