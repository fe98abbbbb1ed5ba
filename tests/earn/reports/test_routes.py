"""Reports over HTTP: the figures with their definitions, files, what is behind them; who may see them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from litestar import Litestar
from litestar.di import Provide
from litestar.testing import TestClient
from office import Office
from subscriptions_making import at
from till import GRACE

from monokoto.connect.tenancy import ApiKeys
from monokoto.earn.reports import CONTROLLERS
from monokoto.engines.records import Records
from monokoto.kernel.ids import format_id
from monokoto.web import Scope, authentication, exception_handlers, provide_caller

SALE = {"key": "s1", "date": "2026-02-03", "product": "=washer", "units": 1, "currency": "EUR", "amount": "399.00"}


@pytest.fixture
def records_kind() -> str:
    return "sqlite"


@pytest.fixture
def office(records: Records) -> Office:
    made = Office(records)
    made.start(made.customer())
    made.go(at("2026-01-01") + GRACE)
    made.go(at("2026-02-01") + GRACE)
    return made


@pytest.fixture
def client(office: Office) -> Iterator[TestClient[Litestar]]:
    keys = ApiKeys(office.records, office.clock)
    application = Litestar(
        route_handlers=[*CONTROLLERS],
        middleware=[authentication(keys)],
        dependencies={
            "caller": Provide(provide_caller, sync_to_thread=False),
            "reports": Provide(lambda: office.reports, sync_to_thread=False),
            "product_sales": Provide(lambda: office.product_sales, sync_to_thread=False),
        },
        exception_handlers=exception_handlers,
        openapi_config=None,
    )
    with TestClient(application) as opened:
        secrets = {
            name: keys.create(office.maker, name=name, scopes=scopes)[1]
            for name, scopes in {
                "all": [Scope.EARN_READ, Scope.EARN_WRITE], "read": [Scope.EARN_READ], "units": [Scope.UNITS_READ],
            }.items()
        }  # fmt: skip
        opened.headers["Authorization"] = f"Bearer {secrets['all']}"
        opened.extra = secrets  # type: ignore[attr-defined]
        yield opened


def get(client: TestClient[Litestar], path: str, **query: Any) -> Any:
    answer = client.get(f"/api/v1{path}", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_figures_come_with_what_they_mean_and_what_is_behind_them(client: TestClient[Litestar], office: Office) -> None:
    found = get(client, "/reports/recurring", **{"from": "2026-01", "to": "2026-02"})
    january, february = found["items"]
    assert (january["mrr"], january["new"], january["is_over"], february["is_over"]) == ("4.90", "4.90", True, False)
    assert january["logo_churn_percent"] is None
    assert february["net_retention_percent"] == "100.00"
    assert set(january) - set(found["definitions"]) <= {"currency", "month", "is_over", "opening", "customers_before"}
    (customer,) = get(client, "/reports/recurring/customers", month="2026-01", currency="EUR", movement="new")["items"]
    assert customer["subscriptions"][0]["after"] == "4.90"
    revenue = get(client, "/reports/revenue", **{"from": "2026-02", "by": "plan"})
    assert revenue["groups"] == [
        {"currency": "EUR", "month": "2026-02", "group": "basic", "kind": "recurring", "amount": "4.90"}
    ]
    assert set(revenue["items"][0]) - set(revenue["definitions"]) <= {
        "currency", "month", "is_over", "sold_units", "total"
    }  # fmt: skip
    (document,) = get(client, "/reports/revenue/documents", month="2026-02", currency="EUR", plan="basic")["items"]
    assert (document["kind"], document["amount"]) == ("invoice", "4.90")
    assert document["invoice"] in {format_id(one.id) for one in office.sent()}
    (cohort,) = get(client, "/reports/cohorts", **{"from": "2026-01"})["items"]
    assert [cell["mrr_percent"] for cell in cohort["months"]] == ["100.00", "100.00"]


def test_fees_charged_ahead_are_told_by_when_they_are_earned(client: TestClient[Litestar], office: Office) -> None:
    office.wind(at("2026-02-10"))
    office.start(office.customer(name="yearly"), "yearly")
    office.go(at("2026-02-10") + GRACE)
    found = get(client, "/reports/deferred", **{"from": "2026-02"})
    (row,) = found["items"]
    assert (row["opening"], row["charged"], row["put_by"]) == ("0.00", "44.90", row["closing"])
    assert (row["recognised"], row["closing"]) == ("6.98", "37.92"), "19 days of 365 are 2.08"
    assert [one["month"] for one in found["to_come"]] == [f"2026-{month:02d}" for month in range(3, 13)] + [
        "2027-01", "2027-02"
    ]  # fmt: skip
    assert f"{sum(Decimal(one['amount']) for one in found['to_come'])}" == row["closing"]
    assert set(row) - set(found["definitions"]) <= {"currency", "month", "is_over"}
    (document,) = get(client, "/reports/deferred/documents", month="2026-02", currency="EUR")["items"]
    assert (document["kind"], document["amount"]) == ("invoice", "37.92")


def test_files_say_the_same(client: TestClient[Litestar]) -> None:
    assert client.post("/api/v1/product-sales", json={"sales": [SALE]}).json() == {
        "added": 1,
        "known": 0,
        "results": ["added"],
    }
    for report in ("recurring", "revenue", "cohorts", "deferred"):
        answer = client.get(f"/api/v1/reports/{report}/file", params={"from": "2026-01"})
        rows = [*csv.DictReader(io.StringIO(answer.text))]
        told = get(client, f"/reports/{report}", **{"from": "2026-01"})["items"]
        assert answer.headers["content-type"].startswith("text/csv")
        if report == "cohorts":
            assert [row["mrr"] for row in rows] == [cell["mrr"] for cell in told[0]["months"]]
        else:
            assert rows == [{name: "" if v is None else str(v) for name, v in one.items()} for one in told]
    cut = client.get("/api/v1/reports/revenue/file", params={"from": "2026-02", "by": "product"})
    assert "'=washer" in cut.text, "no name that a spreadsheet would compute"


def test_sales_are_told_once_and_listed(client: TestClient[Litestar]) -> None:
    assert client.post("/api/v1/product-sales", json={"sales": [SALE]}).status_code == 200
    assert client.post("/api/v1/product-sales", json={"sales": [SALE]}).json() == {
        "added": 0,
        "known": 1,
        "results": ["known"],
    }
    changed = client.post("/api/v1/product-sales", json={"sales": [{**SALE, "units": 2}]})
    assert (changed.status_code, changed.json()["faults"][0]["place"]) == (409, "sales/0/key")
    wrong = client.post("/api/v1/product-sales", json={"sales": [{**SALE, "date": "yesterday"}]})
    assert (wrong.status_code, wrong.json()["faults"][0]["place"]) == (422, "sales/0/date")
    (kept,) = get(client, "/product-sales", month="2026-02")["items"]
    assert {name: kept[name] for name in SALE} == SALE
    assert get(client, "/product-sales", month="2026-03")["items"] == []


def test_who_may_not_see_money_sees_none(client: TestClient[Litestar]) -> None:
    paths = (
        "reports/recurring", "reports/revenue", "reports/cohorts", "reports/revenue/file", "product-sales",
        "reports/recurring/customers?month=2026-01&currency=EUR", "reports/revenue/documents?month=2026-01&currency=EUR",
    )  # fmt: skip
    secrets: dict[str, str] = client.extra  # type: ignore[attr-defined]
    units, read = ({"Authorization": f"Bearer {secrets[name]}"} for name in ("units", "read"))
    assert {client.get(f"/api/v1/{path}", headers=units).status_code for path in paths} == {403}
    assert {client.get(f"/api/v1/{path}", headers=read).status_code for path in paths} == {200}
    assert client.post("/api/v1/product-sales", json={"sales": []}, headers=read).status_code == 403


def test_what_cannot_be_asked_is_told(client: TestClient[Litestar]) -> None:
    for path in (
        "reports/recurring?from=may",
        "reports/recurring?to=2027-01",
        "reports/recurring/customers?month=x&currency=EUR",
    ):
        assert client.get(f"/api/v1/{path}").status_code == 422, path
    assert client.get("/api/v1/reports/nothing/file").status_code in {400, 404, 422}


def test_lists_go_on(client: TestClient[Litestar], office: Office) -> None:
    for name in "abc":
        office.start(office.customer(name=name))
    asked = {"month": "2026-02", "currency": "EUR", "limit": 2}
    first = get(client, "/reports/recurring/customers", **asked)
    second = get(client, "/reports/recurring/customers", **asked, cursor=first["next_cursor"])
    names = [one["customer"] for one in (*first["items"], *second["items"])]
    assert len(set(names)) == len(names) == 4
    assert second["next_cursor"] is None
