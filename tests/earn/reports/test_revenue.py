"""What was charged and sold: by what it is for, in the month of its document, products beside services, who stays."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from office import Office
from subscriptions_making import at
from till import GRACE

from monokoto.earn.calendar import Span
from monokoto.earn.invoices import DraftInvoice, Invoice, InvoiceLine, LineKind
from monokoto.earn.reports import By, ProductSale, RevenueFilter, RevenueKind, SaleFilter
from monokoto.earn.reports.months import month_text, months_asked, parse_month
from monokoto.earn.subscriptions import Customer, NewCoupon
from monokoto.engines.records import Records
from monokoto.kernel.errors import Conflict, Invalid

KINDS = ("sqlite", "postgresql")
YEAR = ("2026-01", "2026-04")


@pytest.fixture
def records_kind(request: pytest.FixtureRequest) -> str:
    return getattr(request, "param", "sqlite")


@pytest.fixture
def office(records: Records) -> Office:
    return Office(records)


def by_hand(office: Office, customer: Customer, key: str, *lines: InvoiceLine) -> Invoice:
    draft = DraftInvoice(
        organisation_id=office.maker, customer_id=customer.id, currency="EUR", key=key, lines=lines,
        period=Span(at("2026-01-01"), at("2026-02-01")),
    )  # fmt: skip
    return office.invoices.finalise(office.maker, office.invoices.draft(draft).id)


def line(key: str, amount: str, kind: LineKind = LineKind.FEE) -> InvoiceLine:
    return InvoiceLine(key=key, kind=kind, title=key, amount=Decimal(amount), product="washer")


def used(office: Office) -> int:
    """A unit of the hybrid plan with nine washes in January, billed in February."""
    customer = office.customer()
    one = office.start(customer, "hybrid")
    for day in range(2, 11):
        office.used.add(one.named[0].unit_id, at(f"2026-01-{day:02d}"))
    office.subscriptions.give_coupon(
        office.maker, one.id, NewCoupon(name="third", percent=Decimal(50), charges=("wash",))
    )
    office.go(at("2026-01-01") + GRACE)
    office.go(at("2026-02-01") + GRACE)
    return customer.id


@pytest.mark.parametrize("records_kind", KINDS, indirect=True)
def test_each_line_belongs_to_what_it_is_for_and_discounts_to_what_they_are_off(office: Office) -> None:
    used(office)
    found = office.revenue(*YEAR[:1], "2026-02")
    january, february = found["2026-01"], found["2026-02"]
    assert (january.recurring, january.one_time, january.usage) == (500, 30000, 0)
    assert (february.recurring, february.usage, february.one_time) == (500, 450, 0)
    cut = {(month_text(one.month), one.group, one.kind): one.amount for one in office.groups(By.METER)}
    assert cut["2026-02", "washer/washes", RevenueKind.USAGE] == 450
    assert {one.group for one in office.groups(By.PLAN)} == {"hybrid"}
    assert {one.group for one in office.groups(By.PRODUCT)} == {"washer"}


def test_a_credit_note_counts_in_its_own_month_as_what_it_gives_back(office: Office) -> None:
    used(office)
    billed = office.sent()[-1]
    office.wind(at("2026-03-10"))
    keys = {one["kind"]: one["key"] for one in office.invoices.lines(office.maker, billed.id)}
    office.giving.credit_note(
        office.maker, billed.id, key="kind", reason="kind", lines={keys["usage"]: Decimal("2.00")}
    )
    found = office.revenue("2026-01", "2026-03")
    assert (found["2026-02"].usage, found["2026-03"].usage, found["2026-03"].recurring) == (450, -200, 0)
    wanted = RevenueFilter(month=parse_month("2026-03", ""), currency="EUR", kind=RevenueKind.USAGE)
    (note,) = office.reports.documents(office.maker, wanted, limit=9)
    assert (note.kind, note.amount, note.invoice_id) == ("credit-note", -200, billed.id)


def test_taken_back_and_billed_again_is_as_if_it_was_right_at_once(office: Office) -> None:
    customer = office.customer()
    wrong = by_hand(office, customer, "wrong", line("a", "10.00"), line("b", "-1.00", LineKind.DISCOUNT))
    office.giving.void(office.maker, wrong.id, "wrong")
    by_hand(office, customer, "right", line("a", "7.00"))
    paid = by_hand(office, customer, "half", line("a", "8.00"))
    office.giving.credit_note(office.maker, paid.id, key="half", reason="half", lines={"a": Decimal("4.00")})
    january = office.revenue("2026-01", "2026-01")["2026-01"]
    assert (january.recurring, january.other, january.total) == (1100, 0, 1100)


@pytest.mark.parametrize("records_kind", KINDS, indirect=True)
def test_products_sold_elsewhere_are_set_against_services(office: Office) -> None:
    by_hand(office, office.customer(), "one", line("a", "60.00"), line("m", "40.00", LineKind.ONE_TIME))
    sale = ProductSale(
        key="s1", day=date(2026, 1, 31), product="washer", units=2, currency="EUR", amount=Decimal("160.00")
    )
    back = replace(sale, key="s2", units=-1, amount=Decimal("-80.00"))
    assert office.product_sales.tell(office.maker, [sale, back, sale]) == [True, True, False]
    assert office.product_sales.tell(office.maker, [sale]) == [False]
    january = office.revenue("2026-01", "2026-01")["2026-01"]
    assert (january.services, january.one_time, january.sold, january.sold_units) == (6000, 4000, 8000, 1)
    assert january.services_share == Fraction(1, 3)
    kinds = {one.kind: one.amount for one in office.groups(By.PRODUCT) if one.group == "washer"}
    assert kinds == {RevenueKind.RECURRING: 6000, RevenueKind.ONE_TIME: 4000, None: 8000}
    assert [one.key for one in office.product_sales.list(office.maker, SaleFilter(), limit=9)] == ["s2", "s1"]
    assert office.product_sales.list(office.maker, SaleFilter(currency="USD"), limit=9) == []
    with pytest.raises(Conflict):
        office.product_sales.tell(office.maker, [replace(sale, units=3), replace(sale, key="s3")])
    assert office.revenue("2026-01", "2026-01")["2026-01"].sold == 8000


def test_sales_that_cannot_be_are_refused_together(office: Office) -> None:
    sale = ProductSale(key="s", day=date(2026, 1, 3), product="washer", units=1, currency="EUR", amount=Decimal(1))
    wrong = [
        replace(sale, key=""), replace(sale, currency="XXY"), replace(sale, amount=Decimal("1.001")),
        replace(sale, amount=Decimal(10) ** 20), replace(sale, units=10**10), replace(sale, product=""),
    ]  # fmt: skip
    with pytest.raises(Invalid) as refused:
        office.product_sales.tell(office.maker, [sale, *wrong])
    places = [fault.place for fault in refused.value.faults]
    assert places == [f"sales/{n}/{what}" for n, what in enumerate(
        ("key", "amount", "amount", "amount", "units", "product"), start=1)]  # fmt: skip
    assert office.product_sales.list(office.maker, SaleFilter(), limit=9) == []


@pytest.mark.parametrize("records_kind", KINDS, indirect=True)
def test_cohorts_keep_count_of_who_came_when(office: Office) -> None:
    first, second, hand = (office.customer(name=name) for name in ("first", "second", "hand"))
    office.start(first)
    gone = office.start(second)
    office.wind(at("2026-02-03"))
    by_hand(office, hand, "only", line("a", "12.00"))
    office.subscriptions.end(office.maker, gone.id, at="now")
    office.go(at("2026-03-02"))
    found = office.reports.cohorts(office.maker, office.months("2026-01", "2026-03"), "EUR").rows
    assert [(month_text(one.month or 0), one.size) for one in found] == [("2026-01", 2), ("2026-02", 1)]
    assert [(cell.customers, cell.mrr) for cell in found[0].cells] == [(2, 980), (1, 490), (1, 490)]
    assert [(cell.customers, cell.services) for cell in found[1].cells] == [(0, 1200), (0, 0)]
    (before,) = office.reports.cohorts(office.maker, office.months("2026-03", "2026-03"), "EUR").rows
    assert (before.month, before.size, [cell.customers for cell in before.cells]) == (None, 3, [1])


def test_rows_are_made_anew_in_another_calendar(office: Office) -> None:
    office.wind(at("2026-01-31T20:00:00Z"))
    by_hand(office, office.customer(), "late", line("a", "5.00"))
    assert office.revenue("2026-01", "2026-01")["2026-01"].recurring == 500
    office.issuers.put(replace(office.issuers.get(office.maker), timezone="Asia/Seoul"))
    assert {month: row.recurring for month, row in office.revenue("2026-01", "2026-02").items()} == {
        "2026-01": 0, "2026-02": 500,
    }  # fmt: skip


@pytest.mark.parametrize("records_kind", KINDS, indirect=True)
def test_documents_are_read_once_whoever_asks_at_the_same_time(office: Office) -> None:
    customer = office.customer()
    for number in range(30):
        by_hand(office, customer, f"n{number}", line("a", "1.00"))
    with ThreadPoolExecutor(8) as many:
        read = [*many.map(lambda _: office.reports.catch_up(office.maker), range(8))]
    assert sum(read) == 30
    assert office.revenue("2026-01", "2026-01")["2026-01"].total == 3000


def test_a_maker_without_anything_has_no_rows(office: Office) -> None:
    months = office.months()
    assert (month_text(months.first), month_text(months.last)) == ("2025-02", "2026-01")
    assert office.reports.recurring(office.maker, months).rows == []
    assert office.reports.revenue(office.maker, months, by=By.PRODUCT).groups == []
    assert office.reports.cohorts(office.maker, months).rows == []


@pytest.mark.parametrize(
    ("begin", "end", "place"),
    [("2026-03", "2026-02", "from"), ("", "2027-01", "to"), ("2020-01", "2026-01", "from"), ("soon", "", "from"),
     ("", "2026-13", "to")],
)  # fmt: skip
def test_months_that_cannot_be_told_of_are_refused(begin: str, end: str, place: str) -> None:
    with pytest.raises(Invalid) as refused:
        months_asked(begin, end, timezone="UTC", now=at("2026-06-15"))
    assert [fault.place for fault in refused.value.faults] == [place]
