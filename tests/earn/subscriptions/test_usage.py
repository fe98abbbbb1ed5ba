"""Usage by customer: whose units used how much while they were theirs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from litestar import Litestar
from litestar.di import Provide
from litestar.testing import TestClient
from subscriptions_making import DAY, House, at

from monokoto.connect.tenancy import ApiKeys
from monokoto.earn.calendar import Span
from monokoto.earn.metering import UnitUsage
from monokoto.earn.subscriptions import CONTROLLERS, Coverage, UsageByCustomer, usage
from monokoto.kernel.errors import NotFound
from monokoto.kernel.ids import format_id
from monokoto.web import Scope, authentication, exception_handlers, provide_caller

METER = "washer/washes"


class Counted:
    """As `Metering`: each unit was used once at noon of each day."""

    def __init__(self, house: House) -> None:
        self._house = house
        self.asked: list[set[int]] = []

    def now(self) -> int:
        return self._house.clock.now()

    def meter(self, _organisation_id: int, key: str) -> Any:
        if key != METER:
            raise NotFound("There is no such meter.")
        return SimpleNamespace(unit="wash")

    def totals(
        self, _organisation_id: int, _meter: str, units: Mapping[int, Sequence[Span]], span: Span
    ) -> Iterator[UnitUsage]:
        self.asked.append(set(units))
        noons = range(span.start - span.start % DAY + DAY // 2, span.end, DAY)
        for unit_id, spans in units.items():
            times = sum(any(one.start <= noon < one.end for one in spans) for noon in noons)
            if times:
                yield UnitUsage(unit_id=unit_id, quantity=Decimal(times), groups={}, transactions=())


@pytest.fixture
def counted(house: House) -> Counted:
    return Counted(house)


@pytest.fixture
def by_customer(house: House, counted: Counted) -> UsageByCustomer:
    return UsageByCustomer(house.records, house.subscriptions, counted)  # type: ignore[arg-type]


def january(first: int, last: int) -> Span:
    return Span(at(f"2026-01-{first:02}"), at(f"2026-01-{last:02}"))


def test_each_counts_while_the_unit_is_theirs(house: House, by_customer: UsageByCustomer) -> None:
    house.owners.give(1, house.buyer, at("2026-01-01"), at("2026-01-11"))
    house.owners.give(1, 77, at("2026-01-11"))
    house.owners.give(2, 78, at("2026-01-01"))
    owner = house.customer(organisation="house")
    other = house.customer(name="Ben")
    house.start(owner)
    house.start(other, coverage=Coverage.UNITS, unit_ids=(2,))
    house.clock.advance(31 * 86_400)
    found, more = by_customer.of(house.maker, METER, january(1, 31), after=0, limit=10)
    assert [(one.name, one.units, one.quantity) for one in found] == [("Ann", 1, Decimal(10)), ("Ben", 1, Decimal(30))]
    assert not more


def test_a_unit_of_two_customers_counts_for_both_and_in_two_subscriptions_of_one_once(
    house: House, by_customer: UsageByCustomer, counted: Counted
) -> None:
    house.owners.give(1, 77, at("2026-01-01"))
    ann, ben = house.customer(), house.customer(name="Ben")
    house.start(ann, coverage=Coverage.UNITS, unit_ids=(1,))
    house.start(ann, "calendar", coverage=Coverage.FLEET)
    house.start(ben, coverage=Coverage.FLEET)
    house.clock.advance(31 * 86_400)
    found, _ = by_customer.of(house.maker, METER, january(1, 11), after=0, limit=10)
    assert [(one.subscriptions, one.units, one.quantity) for one in found] == [(2, 1, Decimal(10)), (1, 1, Decimal(10))]
    assert counted.asked == [{1}, {1}]


def test_customers_apart_are_asked_for_at_once_and_come_in_pages(
    house: House, by_customer: UsageByCustomer, counted: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(1, 6):
        house.owners.give(number, 70 + number, at("2026-01-01"))
        house.start(house.customer(name=f"C{number}"), coverage=Coverage.UNITS, unit_ids=(number,))
    house.customer(name="without")
    first, more = by_customer.of(house.maker, METER, january(1, 3), after=0, limit=3)
    assert more
    assert counted.asked == [{1, 2, 3}]
    rest, more = by_customer.of(house.maker, METER, january(1, 3), after=first[-1].customer_id, limit=3)
    assert [one.name for one in (*first, *rest)] == ["C1", "C2", "C3", "C4", "C5"]
    assert not more
    monkeypatch.setattr(usage, "UNITS_COUNTED_MAX", 2)
    found, more = by_customer.of(house.maker, METER, january(1, 3), after=0, limit=3)
    assert (len(found), more) == (2, True)


def test_a_subscription_that_ended_before_counts_for_nobody(house: House, by_customer: UsageByCustomer) -> None:
    house.owners.give(1, 77, at("2026-01-01"))
    house.start(house.customer(), coverage=Coverage.FLEET, ends_at=at("2026-01-05"))
    house.clock.advance(31 * 86_400)
    assert by_customer.of(house.maker, METER, january(6, 31), after=0, limit=10) == ([], False)
    assert by_customer.of(house.maker, METER, january(1, 31), after=0, limit=10)[0][0].quantity == 4
    with pytest.raises(NotFound):
        by_customer.of(house.maker, "washer/none", january(1, 31), after=0, limit=10)


@pytest.mark.parametrize("records_kind", ["sqlite"], indirect=True)
def test_it_is_asked_over_http(house: House, by_customer: UsageByCustomer) -> None:
    house.owners.give(1, 77, at("2026-01-01"))
    ann = house.customer()
    house.start(ann, coverage=Coverage.FLEET)
    house.start(house.customer(name="Ben"), coverage=Coverage.FLEET)
    keys = ApiKeys(house.records, house.clock)
    application = Litestar(
        [one for one in CONTROLLERS if one.path == "/api/v1/customer-usage"],
        middleware=[authentication(keys)],
        exception_handlers=exception_handlers,
        dependencies={
            "caller": Provide(provide_caller),
            "usage_by_customer": Provide(lambda: by_customer, sync_to_thread=False),
        },
    )
    with TestClient(application) as client:

        def ask(organisation_id: int, **query: Any) -> Any:
            secret = keys.create(organisation_id, name="k", scopes=[Scope.EARN_READ])[1]
            headers = {"Authorization": f"Bearer {secret}"}
            return client.get("/api/v1/customer-usage", params={"meter": METER, **query}, headers=headers)

        house.clock.advance(10 * 86_400)
        told = ask(house.maker, limit=1).json()
        assert told["items"] == [
            {"customer": format_id(ann.id), "name": "Ann", "subscriptions": 1, "units": 1, "quantity": "10"}
        ]
        assert ask(house.maker, limit=1, cursor=told["next_cursor"]).json()["items"][0]["name"] == "Ben"
        assert ask(house.buyer).json()["items"] == [], "another organisation has no such customers"
        assert ask(house.maker, **{"from": "soon"}).status_code == 422
