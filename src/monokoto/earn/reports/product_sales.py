"""Products sold elsewhere, told so that they can be set against services: never changed, each told once."""

from __future__ import annotations

import builtins
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from monokoto.earn.pricing import currency
from monokoto.earn.reports import store
from monokoto.earn.reports.store import KeptSale, SaleFilter
from monokoto.engines.records import Records
from monokoto.kernel.clock import Clock
from monokoto.kernel.errors import Conflict, Fault, Invalid
from monokoto.kernel.ids import ProductSaleId, new_id
from monokoto.kernel.limits import (
    LEDGER_SMALLEST_MAX,
    NAME_LENGTH_MAX,
    PRODUCT_SALE_KEY_LENGTH_MAX,
    PRODUCT_SALE_UNITS_MAX,
    PRODUCT_SALES_MAX,
)

_FAULTS_MAX = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductSale:
    """So many of a product sold on a day, for an amount without tax. Below zero: they came back."""

    key: str
    """Names it in its organisation: the same key twice is one sale."""
    day: date
    product: str
    units: int
    currency: str
    amount: Decimal


class ProductSales:
    """Of all makers; every method is about those of one."""

    def __init__(self, records: Records, clock: Clock) -> None:
        self._records = records
        self._clock = clock

    def tell(self, organisation_id: int, sales: Sequence[ProductSale]) -> builtins.list[bool]:
        """All of them or none; for each whether it is new.

        Raises:
            Invalid: not all can be understood, each fault with its place; there are too many.
            Conflict: one was told before, and said something else.
        """
        if len(sales) > PRODUCT_SALES_MAX:
            raise Invalid(f"At most {PRODUCT_SALES_MAX} sales are told at once.")
        faults = [fault for place, one in enumerate(sales) for fault in _faults(one, f"sales/{place}")]
        if faults:
            raise Invalid("Not all of these are sales.", faults=faults[:_FAULTS_MAX])
        now = self._clock.now()
        kept: dict[str, KeptSale] = {}
        for one in sales:
            kept.setdefault(one.key, _kept(one, now))
        again = [place for place, one in enumerate(sales) if not kept[one.key].same_as(_kept(one, now))]
        with self._records.write() as connection:
            known = store.find_sales(connection, organisation_id, kept)
            again += [place for place, one in enumerate(sales) if one.key in known
                      and not kept[one.key].same_as(known[one.key])]  # fmt: skip
            if again:
                told = [Fault(place=f"sales/{place}/key", reason="names another sale") for place in sorted(set(again))]
                raise Conflict("Some keys were used for something else.", faults=told[:_FAULTS_MAX])
            fresh = [one for key, one in kept.items() if key not in known]
            store.insert_sales(connection, organisation_id, fresh)
        first = {one.key: place for place, one in reversed([*enumerate(sales)])}
        return [one.key not in known and first[one.key] == place for place, one in enumerate(sales)]

    def list(
        self, organisation_id: int, wanted: SaleFilter, *, before: int | None = None, limit: int
    ) -> list[KeptSale]:
        """The last told first, before one."""
        with self._records.read() as connection:
            return store.list_sales(connection, organisation_id, wanted, before=before, limit=limit)


def _kept(one: ProductSale, now: int) -> KeptSale:
    return KeptSale(
        id=ProductSaleId(new_id()),
        key=one.key,
        day=one.day,
        product=one.product,
        units=one.units,
        currency=one.currency,
        amount=currency(one.currency).smallest(one.amount),
        recorded_at=now,
    )


def _faults(one: ProductSale, place: str) -> Iterator[Fault]:
    if not 0 < len(one.key) <= PRODUCT_SALE_KEY_LENGTH_MAX:
        yield Fault(place=f"{place}/key", reason=f"has 1 to {PRODUCT_SALE_KEY_LENGTH_MAX} characters")
    if not 0 < len(one.product) <= NAME_LENGTH_MAX:
        yield Fault(place=f"{place}/product", reason=f"has 1 to {NAME_LENGTH_MAX} characters")
    if abs(one.units) > PRODUCT_SALE_UNITS_MAX:
        yield Fault(place=f"{place}/units", reason=f"at most {PRODUCT_SALE_UNITS_MAX}")
    if not 1970 <= one.day.year <= 9998:
        yield Fault(place=f"{place}/date", reason="lies in the years 1970 to 9998")
    try:
        if abs(currency(one.currency).smallest(one.amount)) > LEDGER_SMALLEST_MAX:
            yield Fault(place=f"{place}/amount", reason="is more than one sale can be")
    except Invalid as error:
        yield Fault(place=f"{place}/amount", reason=str(error))
