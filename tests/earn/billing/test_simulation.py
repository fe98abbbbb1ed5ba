"""A plan tried on what was used: it comes to what billing by it comes to."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import msgspec
import pytest
from litestar import Litestar
from litestar.di import Provide
from litestar.testing import TestClient
from subscriptions_making import at
from till import GRACE, Till

from monokoto.connect.tenancy import ApiKeys
from monokoto.earn.billing import simulation
from monokoto.earn.billing.simulation import DRAFT_VERSION, Simulation, Simulator
from monokoto.earn.billing.simulation_routes import SimulationsController
from monokoto.earn.calendar import Span
from monokoto.earn.plans import Plan
from monokoto.earn.subscriptions import Coverage
from monokoto.engines.records import Records
from monokoto.web import Scope, authentication, exception_handlers, provide_caller

JANUARY = Span(at("2026-01-01"), at("2026-02-01"))
USED = {501: ("2026-01-05", "2026-01-09", "2026-01-31T23:59:59Z"), 502: (), 503: ("2026-02-01",)}


@pytest.fixture
def records_kind() -> str:
    return "sqlite"


@pytest.fixture
def till(records: Records) -> Till:
    made = Till(records)
    for unit_id, instants in USED.items():
        made.owners.give(unit_id, 0, 0)
        made.start(made.customer(), coverage=Coverage.UNITS, unit_ids=(unit_id,))
        for instant in instants:
            made.used.add(unit_id, at(instant))
    return made


def provided(one: object) -> Provide:
    return Provide(lambda: one, sync_to_thread=False)


def tried(till: Till, **document: object) -> Plan:
    base = till.plans.get(till.maker, "washer", "basic")
    draft = till.plans.check(till.maker, "washer", "basic", {**base.document, **document})
    return replace(draft, version=DRAFT_VERSION)


def simulate(till: Till, plan: Plan, span: Span = JANUARY) -> Simulation:
    simulator = Simulator(
        rater=till.rater, billing=till.billing, subscriptions=till.subscriptions, plans=till.plans
    )  # fmt: skip
    return simulator.run(till.maker, plan, span)


def test_the_plan_as_it_is_comes_to_what_was_billed(till: Till) -> None:
    till.go(at("2026-02-01") + GRACE)
    found = simulate(till, till.plans.get(till.maker, "washer", "basic"))
    assert (found.subscriptions, found.left_out) == (3, {})
    assert found.total.billed == found.total.simulated == Decimal("18.30")
    assert {one.difference for one in found.customers.values()} == {Decimal(0)}


def test_another_price_is_told_by_customer_and_comes_to_what_billing_comes_to(till: Till) -> None:
    till.go(at("2026-02-01") + GRACE)
    charges = {"wash": {"meter": "washes", "standard": {"price": "2.00"}}, "base": {"fee": "3.00"}}
    found = simulate(till, tried(till, charges=charges))
    differences = sorted(one.difference for one in found.customers.values())
    assert differences == [Decimal("-1.90"), Decimal("-1.90"), Decimal("0.50")]
    assert (found.total.billed, found.total.simulated) == (Decimal("18.30"), Decimal("15.00"))
    assert simulate(till, till.plans.get(till.maker, "washer", "basic")).total.difference == 0


def test_what_cannot_be_compared_is_told(till: Till) -> None:
    plan = tried(till, charges={"base": {"fee": "3.00"}})
    till.wind(at("2026-02-02"))
    assert simulate(till, plan).left_out == {"not billed yet": 3}
    till.go(at("2026-02-02"))
    assert simulate(till, replace(plan, count=2)).left_out == {"another rhythm": 3}
    assert simulate(till, plan, Span(at("2025-06-01"), at("2025-07-01"))).subscriptions == 0


def test_several_subscriptions_are_billed_the_same_in_whichever_order_they_are_rated(till: Till) -> None:
    till.wind(at("2026-02-01") + GRACE)
    jobs = [till.rater.job(one, at("2026-02-01"), None) for one in till.subscriptions.list(till.maker)]

    def sums(some: list) -> dict[int, list[Decimal]]:  # type: ignore[type-arg]
        rated = till.rater.rate(till.maker, some)
        return {one.job.subscription.id: [due.amount for due in one.dues] for one in rated}

    assert sums(jobs) == sums(jobs[::-1])


def test_over_http_it_says_how_far_it_is_and_then_what_came_of_it(till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulation, "CHUNK", 2)
    till.go(at("2026-02-01") + GRACE)
    keys = ApiKeys(till.records, till.clock)
    simulator = Simulator(rater=till.rater, billing=till.billing, subscriptions=till.subscriptions, plans=till.plans)
    named = {"plans": till.plans, "subscriptions": till.subscriptions, "simulator": simulator}
    application = Litestar(
        [SimulationsController],
        middleware=[authentication(keys)],
        exception_handlers=exception_handlers,
        dependencies={
            "caller": Provide(provide_caller),
            **{name: provided(one) for name, one in named.items()},
        },
    )
    headers = {"Authorization": f"Bearer {keys.create(till.maker, name='k', scopes=[Scope.EARN_READ])[1]}"}
    asked = {
        "product": "washer", "plan": "basic", "from": "2026-01-01T00:00:00Z", "to": "2026-02-01T00:00:00Z",
        "document": {"currency": "EUR", "every": "month", "charges": {"base": {"fee": "3.00"}}},
    }  # fmt: skip
    with TestClient(application) as client:
        answer = client.post("/api/v1/plans/simulations/steps", json=asked, headers=headers)
        *steps, last = [msgspec.json.decode(line) for line in answer.text.splitlines()]
        assert [(one["type"], one["looked_at"], one["subscriptions"]) for one in steps] == [
            ("progress", 2, 2), ("progress", 3, 3),
        ]  # fmt: skip
        whole = client.post("/api/v1/plans/simulations", json=asked, headers=headers).json()
        assert last == {"type": "result", "simulation": whole}
        monkeypatch.setattr(simulation, "SIMULATION_SUBSCRIPTIONS_MAX", 1)
        answer = client.post("/api/v1/plans/simulations/steps", json=asked, headers=headers)
        assert msgspec.json.decode(answer.text.splitlines()[-1])["type"] == "failed"
        refused = client.post("/api/v1/plans/simulations/steps", json={**asked, "document": {}}, headers=headers)
        assert refused.status_code == 422
