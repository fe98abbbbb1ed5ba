"""A billing run: subscriptions of a unit each, a month of usage of each, drafted, rated again and made documents; then the same
on a copy."""

from __future__ import annotations

import hashlib
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import sqlalchemy as sa

from bench.report import Report
from monokoto.connect.products import Folder, Products
from monokoto.connect.tenancy import Organisations
from monokoto.earn.billing import Billing, Outages, Rater, Run
from monokoto.earn.calendar import Span
from monokoto.earn.invoices import Address, Buyer, Category, Invoices, Issuer, Issuers, TaxRule
from monokoto.earn.ledger import Ledger
from monokoto.earn.metering import MeterBook, Metering, MetersSection
from monokoto.earn.metering.sampling import Samples, of_doubles
from monokoto.earn.plans import Plans, PlansSection, Promise
from monokoto.earn.reports import Reports
from monokoto.earn.subscriptions import Coverage, Customers, NewCustomer, NewSubscription, Subscriptions
from monokoto.engines.records import Records, metadata, migrate, open_records
from monokoto.engines.series import Series, open_series
from monokoto.kernel.clock import ManualClock, parse_instant
from monokoto.kernel.ids import OrganisationId, new_id

PRODUCT = """\
product: washer
model:
  version: {model: 1.0.0}
  properties: {power: {type: number}}
meters:
  washes: {count: power, unit: wash}
plans:
  basic:
    currency: EUR
    every: month
    charges:
      wash: {meter: washes, graduated: {tiers: [{up_to: "100", price: "0.20"}, {price: "0.15"}]}}
      base: {fee: "4.90", in: arrears}
    invoice_at: {every: "1000"}
"""
DAY = 86_400_000_000
BEGIN, END = parse_instant("2026-01-01T00:00:00Z"), parse_instant("2026-02-01T00:00:00Z")
WRITTEN_AT_ONCE = 1_000_000
SAY_SECONDS = 5.0
SOLD_AT_ONCE = 5_000


def run(report: Report, *, quick: bool) -> None:
    """Measure and tell."""
    subscriptions, rows = (5_000, 1_000_000) if quick else (100_000, 50_000_000)
    with tempfile.TemporaryDirectory() as folder:
        series = open_series(data_dir=Path(folder) / "series")
        try:
            _measure(report, Path(folder), series, subscriptions, rows)
        finally:
            series.close()


def _measure(report: Report, folder: Path, series: Series, subscriptions: int, rows: int) -> None:
    home, copy = folder / "records", folder / "copy"
    home.mkdir()
    seller = Seller(home, series)
    began = time.monotonic()
    seller.sell(subscriptions)
    seller.records.close()
    shutil.copytree(home, copy)
    _use(seller.metering, seller.maker, subscriptions, rows)
    report.row(f"{subscriptions:,} subscriptions and {rows:,} samples made", time.monotonic() - began, "s")
    seller = Seller(home, series, at=END - DAY, within=True)
    began = time.monotonic()
    assert seller.billing.run(seller.maker) == Run()
    report.row(
        "a look whether open periods came to what their plan invoices within them", time.monotonic() - began, "s"
    )
    seller.records.close()
    digests = []
    for where in (home, copy):
        seller = Seller(where, series)
        before = psutil.Process().memory_info().rss
        began, processor = time.monotonic(), time.process_time()
        done = seller.billing.run(seller.maker, progress=Progress(subscriptions))
        took = time.monotonic() - began
        assert (done.drafted, done.finalised, len(done.failures)) == (subscriptions, subscriptions, 0), done
        goal = "< 600 s" if subscriptions == 100_000 else ""
        report.row("a run: drafted, rated, made documents", took, "s", goal=goal)
        report.row("of that CPU of this process", time.process_time() - processor, "s")
        report.row("documents", subscriptions / took, "a second")
        report.row("memory before", before / 1e6, "MB")
        report.row("most memory", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3, "MB", goal="bounded")
        digests.append(seller.digest())
        again = seller.billing.run(seller.maker)
        assert again == Run(), again
        began = time.monotonic()
        assert seller.reports.catch_up(seller.maker) == subscriptions
        report.row("all documents read for the reports", time.monotonic() - began, "s")
        seller.records.close()
    assert digests[0] == digests[1], "the same run came to something else"
    report.note(f"the run on the copy came to the same bytes: sha256 {digests[0][:16]}; one more run changed nothing")


def _use(metering: Metering, maker: int, units: int, rows: int) -> None:
    each = rows // units
    step = (END - BEGIN) // each
    ids = np.arange(1, units + 1, dtype=np.int64)
    together = max(1, WRITTEN_AT_ONCE // units)
    for start in range(0, each, together):
        _say(f"{start * units:,} of {rows:,} samples written")
        count = min(together, each - start)
        unit = np.repeat(ids, count)
        at = BEGIN + (np.tile(np.arange(start, start + count), units) * step) + unit % 1000
        ones = of_doubles(np.ones(len(unit)))
        metering.writer.write(
            [Samples(organisation_id=maker, product="washer", meter="washes", unit=unit, at=at, arrived=at, value=ones)]
        )


class Progress:
    """Says on the error output how far a run is, every few seconds; as `billing.Progress`."""

    def __init__(self, subscriptions: int) -> None:
        self._subscriptions = subscriptions
        self._began = self._said = time.monotonic()

    def __call__(self, run: Run) -> None:
        now = time.monotonic()
        if now - self._said >= SAY_SECONDS:
            self._said = now
            memory = psutil.Process().memory_info().rss / 1e6
            _say(
                f"{now - self._began:5.0f} s  {run.drafted:,} drafted, {run.finalised:,} documents of {self._subscriptions:,},"
                f" {memory:.0f} MB"
            )


def _say(text: str) -> None:
    print(f"  {text}", file=sys.stderr, flush=True)


class Seller:
    """A maker over records of its own, as the platform joins it."""

    def __init__(self, folder: Path, series: Series, *, at: int = END + DAY // 24, within: bool = False) -> None:
        """Once sold, everything happens `at`; only `within` looks for what is invoiced before its period ends."""
        self.records: Records = open_records("", data_dir=folder)
        migrate(self.records)
        self.clock = ManualClock(BEGIN)
        products = Products(self.records, self.clock, [MetersSection(), PlansSection()])
        organisations = Organisations(self.records, self.clock)
        known = organisations.list(limit=1)
        self.maker = known[0].id if known else organisations.create("Washers", "washers").id
        if not known:
            products.apply(self.maker, Folder({"product.yaml": PRODUCT}))
        self.metering = Metering(series, book=MeterBook(products), products=products, units=_Nobody(), clock=self.clock)
        self.plans = Plans(self.records, products, self.clock)
        self.customers = Customers(self.records, self.clock, _Nobody())
        self.subscriptions = Subscriptions(self.records, self.clock, plans=self.plans, owners=_Everybody())
        self.issuers = Issuers(self.records, self.clock)
        self.invoices = Invoices(
            self.records, self.clock, ledger=Ledger(self.records, self.clock), issuers=self.issuers,
            customers=_Buyers(self.customers),
        )  # fmt: skip
        rater = Rater(
            self.clock, plans=self.plans, subscriptions=self.subscriptions, customers=self.customers,
            metering=self.metering, units_of_meters=lambda *_: {"washes": "wash"}, outages=_none,
        )  # fmt: skip
        self.billing = Billing(
            self.records, self.clock, rater=rater, subscriptions=self.subscriptions, invoices=self.invoices,
            issuers=self.issuers, thresholds=self.plans if within else None,
        )  # fmt: skip
        self.reports = Reports(
            self.records, self.clock, subscriptions=self.subscriptions, plans=self.plans, documents=self.invoices,
            issuers=self.issuers,
        )  # fmt: skip
        if known:
            self.clock.advance((at - BEGIN) / 1_000_000)

    def sell(self, count: int) -> None:
        """So many customers, each with a subscription of a unit, billed up to its beginning.

        The first is made as a maker makes one; the others are rows like its own, for a run is measured and not a hundred
        thousand sales.
        """
        self.issuers.put(
            Issuer(
                organisation_id=OrganisationId(self.maker), name="Washers", address=Address(city="Berlin"), country="DE",
                vat_id="DE136695976", grace_seconds=0,
            )
        )  # fmt: skip
        self.issuers.put_rules(self.maker, [TaxRule(category=Category.STANDARD, rate_percent=Decimal(19))])
        customer = self.customers.create(self.maker, NewCustomer(name="Customer 1", country="DE", currency="EUR"))
        new = NewSubscription(
            customer_id=customer.id, product="washer", plan="basic", coverage=Coverage.UNITS, unit_ids=(1,)
        )
        made = self.subscriptions.start(self.maker, new)
        self.subscriptions.billed(self.maker, made.id, made.starts_at)
        ids = [{"customer_id": int(customer.id), "subscription_id": int(made.id), "unit_id": 1, "name": "Customer 1"}]
        ids += [
            {"customer_id": new_id(), "subscription_id": new_id(), "unit_id": unit_id, "name": f"Customer {unit_id}"}
            for unit_id in range(2, count + 1)
        ]
        for table in ("customers", "subscriptions", "subscription_units", "subscription_events"):
            self._like_the_first(metadata.tables[table], ids)

    def _like_the_first(self, table: sa.Table, ids: Sequence[Mapping[str, int | str]]) -> None:
        with self.records.write() as connection:
            first = connection.execute(sa.select(table)).mappings().one()
            for start in range(1, len(ids), SOLD_AT_ONCE):
                rows = [
                    {**first, **{key: value for key, value in one.items() if key in table.c}}
                    | ({"event_id": new_id()} if "event_id" in table.c else {})
                    for one in ids[start : start + SOLD_AT_ONCE]
                ]
                connection.execute(sa.insert(table), rows)

    def digest(self) -> str:
        """Of every invoice's document less what is drawn by lot: ids."""
        found = hashlib.sha256()
        with self.records.read() as connection:
            rows = connection.execute(
                sa.text(
                    "SELECT i.key, i.net, i.tax, i.gross, d.label, json_extract(d.text, '$.lines') AS lines FROM invoices i"
                    " JOIN invoice_documents d ON d.document_id = i.document_id ORDER BY i.key"
                )
            )
            for row in rows:
                found.update(repr(tuple(row)).encode())
        return found.hexdigest()


class _Nobody:
    """As `metering.Units` and `subscriptions.Buyers`."""

    def get(self, _unit_id: int) -> Any:
        return None

    def find(self, _reference: str) -> int:
        return 0


class _Everybody:
    """As `subscriptions.Owners`: units are their subscriptions' alone."""

    def owned(self, *_: object) -> Mapping[int, Sequence[Span]]:
        return {}

    def owners(self, *_: object) -> Sequence[tuple[int, Span]]:
        return ()

    def fleet(self, *_: object) -> Iterable[int]:
        return ()

    def is_unit(self, *_: object) -> bool:
        return True


class _Buyers:
    """As `invoices.Customers`."""

    def __init__(self, customers: Customers) -> None:
        self._customers = customers

    def buyer(self, organisation_id: int, customer_id: int) -> Buyer:
        one = self._customers.get(organisation_id, customer_id)
        return Buyer(customer_id=customer_id, name=one.name, country=one.country, language=one.language)


def _none(_organisation_id: int, _product: str, _promise: Promise, _units: Iterable[int], _span: Span) -> Outages:
    return {}
