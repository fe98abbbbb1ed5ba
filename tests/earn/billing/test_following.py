"""Runs by themselves: usage that came late is followed to what was billed; who stands in the way of nobody is told of."""

from __future__ import annotations

import pytest
from subscriptions_making import at
from till import GRACE, Till

from monokoto.earn.billing import BillingRuns
from monokoto.earn.billing.store import all_touched
from monokoto.earn.metering import Touched
from monokoto.earn.subscriptions import Coverage
from monokoto.engines.records import Records
from monokoto.kernel.clock import Instant

FIRST, OTHER = 501, 502


class Late:
    """As `billing.TouchedUsage`: pages of what came late, each page once."""

    def __init__(self) -> None:
        self.told: list[Touched] = []
        self.marks: list[int] = []

    def touched(self, mark: int, limit: int) -> tuple[list[Touched], int]:
        self.marks.append(mark)
        page = self.told[mark : mark + min(limit, 1)]
        return page, mark + len(page)


@pytest.fixture
def till(records: Records) -> Till:
    made = Till(records)
    for unit_id in (FIRST, OTHER):
        made.owners.give(unit_id, 0, 0)
        made.start(made.customer(), coverage=Coverage.UNITS, unit_ids=(unit_id,))
    return made


@pytest.fixture
def late() -> Late:
    return Late()


@pytest.fixture
def runs(till: Till, late: Late) -> BillingRuns:
    return BillingRuns(
        till.records,
        till.clock,
        billing=till.billing,
        subscriptions=till.subscriptions,
        invoices=till.invoices,
        usage=late,
    )


def came(till: Till, unit_id: int, day: str, product: str = "washer") -> Touched:
    till.used.add(unit_id, at(day))
    return Touched(till.maker, f"{product}/washes", unit_id, Instant(at(day)))


def test_what_came_late_stands_on_the_next_invoice_of_whoever_was_billed(
    till: Till, late: Late, runs: BillingRuns
) -> None:
    till.wind(at("2026-02-01") + GRACE)
    assert runs.look() == [till.maker]
    assert len(till.sent()) == 4
    late.told = [came(till, FIRST, "2026-01-20"), came(till, FIRST, "2026-01-10"), came(till, OTHER, "2026-02-01")]
    till.wind(at("2026-03-01") + GRACE)
    runs.look()
    said = sorted(sorted(till.said(one).items()) for one in till.sent()[4:])
    correction = "Correction: wash"  # January was billed, and nothing of it was known
    assert said == [[(correction, "2.40"), ("base", "4.90")], [("base", "4.90"), ("wash", "1.20")]]
    before = len(late.marks)
    assert runs.look() == []
    assert late.marks[before:] == [3], "what was followed once is not followed again"


def test_what_came_late_is_a_correction_once_its_time_is_billed_and_not_before(
    till: Till, late: Late, runs: BillingRuns
) -> None:
    till.wind(at("2026-02-01"))
    runs.look()
    late.told = [came(till, FIRST, "2026-01-20")]
    till.wind(at("2026-02-01") + GRACE)
    runs.look()
    assert sorted(sorted(till.said(one)) for one in till.sent()[2:]) == [["base"], ["base", "wash"]], "it was a draft"
    (other,) = (one.id for one in till.subscriptions.list(till.maker, limit=9) if one.named[0].unit_id == OTHER)
    till.subscriptions.end(till.maker, other, at="period-end")
    till.wind(at("2026-03-01") + GRACE)
    runs.look()
    before = len(till.sent())
    late.told.append(came(till, OTHER, "2026-02-10"))
    till.wind(at("2026-03-10") + GRACE)
    runs.look()
    till.wind(at("2026-03-10") + 2 * GRACE)
    runs.look()
    assert [till.said(one) for one in till.sent()[before:]] == [{"Correction: wash": "1.20"}], (
        "its last period was empty"
    )


def test_usage_that_is_not_billed_yet_and_units_nobody_subscribed_to_are_left_alone(
    till: Till, late: Late, runs: BillingRuns
) -> None:
    till.wind(at("2026-02-01") + GRACE)
    runs.look()
    late.told = [
        came(till, FIRST, "2026-02-01"),
        came(till, 999, "2026-01-10"),
        came(till, FIRST, "2026-01-05", "dryer"),
    ]
    runs.look()
    with till.records.read() as connection:
        assert all_touched(connection, till.maker, after=0, limit=10) == {}


def test_a_run_is_known_until_the_next(till: Till, runs: BillingRuns) -> None:
    assert runs.state(till.maker) is None
    till.wind(at("2026-02-01") + GRACE)
    done = runs.run_now(till.maker)
    assert runs.state(till.maker) == done
    assert (done.run.drafted, done.run.finalised, done.error) == (4, 4, "")
    assert runs.run_now(till.maker).run.drafted == 0
