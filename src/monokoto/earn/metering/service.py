"""The use cases of metering: what was used, by whom, and what of it changed since."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

from monokoto.connect.fleet import UnitIdentity
from monokoto.earn.calendar import Span
from monokoto.earn.metering.asking import Amount, Question, UnitUsage, amounts, buckets, by_unit
from monokoto.earn.metering.evidence import UsageRow, rows
from monokoto.earn.metering.keeping import LATE, UsageWriter, create_tables
from monokoto.earn.metering.meters import Meter, MeterBook
from monokoto.engines.series import Series
from monokoto.kernel.clock import Clock, Instant
from monokoto.kernel.limits import PAGE_SIZE_MAX
from monokoto.kernel.money import ZERO, exact


@dataclass(frozen=True, slots=True)
class Touched:
    """Usage of a time that was over came, or was corrected."""

    organisation_id: int
    meter: str
    """`product/name`"""
    unit_id: int
    first_at: Instant
    """The earliest of what came."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """A part of a time, and what was used in it."""

    span: Span
    group: str
    quantity: Decimal


class ProductsPort(Protocol):
    """What metering asks of products beside what the book asks."""

    def list(self, organisation_id: int, *, after: str = "", limit: int = ...) -> Sequence[Any]: ...


class Units(Protocol):
    """Who the units are."""

    def get(self, unit_id: int) -> UnitIdentity | None: ...


class Metering:
    """Usage. Blocking: call it from a thread. Every question is in the name of the maker's organisation."""

    def __init__(self, series: Series, *, book: MeterBook, products: ProductsPort, clock: Clock, units: Units) -> None:
        create_tables(series)
        self._series = series
        self._products = products
        self._clock = clock
        self.book = book
        self._units = units
        self.writer = UsageWriter(series, clock)

    def now(self) -> Instant:
        """The present."""
        return self._clock.now()

    def product_of(self, unit_id: int) -> str:
        """The product of a unit; empty when there is none."""
        unit = self._units.get(unit_id)
        return "" if unit is None else unit.product

    def meters(self, organisation_id: int, product: str = "") -> list[Meter]:
        """Every meter of a maker's products, by product and name."""
        names = [product] if product else self._product_names(organisation_id)
        return [meter for name in names for meter in self.book.of_product(organisation_id, name)]

    def meter(self, organisation_id: int, key: str) -> Meter:
        """One meter. Raises NotFound, Invalid."""
        return self.book.get(organisation_id, key)

    def totals(
        self,
        organisation_id: int,
        meter: str,
        units: Mapping[int, Sequence[Span]] | None,
        span: Span,
        *,
        by: str = "",
        transactions: bool = False,
        timezone: str = "UTC",
    ) -> Iterator[UnitUsage]:
        """What each unit used, in the order of units; who used nothing is left out. Memory stays bounded.

        Args:
            organisation_id: The maker's.
            meter: `product/name`.
            units: Units with the times of theirs that count (cut to `span`); None: all units, all of it.
            span: The time.
            by: A field of the meter's `by`: `groups` then has the part of each of its values.
            transactions: Whether the single values are wanted; not to be asked for where there are many.
            timezone: The customer's, by whose clocks windows (`every`) begin.

        Raises: NotFound, Invalid; from the first step on Unavailable.
        """
        question = Question(
            organisation_id=organisation_id, meter=self.book.get(organisation_id, meter), span=span, units=units, by=by,
            transactions=transactions, timezone=timezone,
        )  # fmt: skip
        return by_unit(amounts(self._series, question))

    @exact
    def total(
        self, organisation_id: int, meter: str, units: Mapping[int, Sequence[Span]] | None, span: Span
    ) -> Decimal:
        """What they used together."""
        return sum((one.quantity for one in self.totals(organisation_id, meter, units, span)), ZERO)

    @exact
    def course(
        self,
        organisation_id: int,
        meter: str,
        units: Mapping[int, Sequence[Span]] | None,
        span: Span,
        *,
        cut: str = "",
        timezone: str = "UTC",
        by: str = "",
    ) -> list[Bucket]:
        """What they used together by hour, day or month of a time zone, and by group. Buckets without usage are there as 0
        (without groups). Raises Invalid for too many."""
        parts = buckets(span, cut, timezone) if cut else (span,)
        question = Question(
            organisation_id=organisation_id, meter=self.book.get(organisation_id, meter), span=span, units=units,
            buckets=parts, by=by, timezone=timezone,
        )  # fmt: skip
        found: dict[tuple[int, str], Decimal] = {} if by else {(place, ""): ZERO for place in range(len(parts))}
        for one in amounts(self._series, question):
            found[one.bucket, one.group] = found.get((one.bucket, one.group), ZERO) + one.quantity
        return [Bucket(parts[place], group, quantity) for (place, group), quantity in sorted(found.items())]

    def amounts(self, question: Question) -> Iterator[Amount]:
        """As asked: by unit, bucket and group."""
        return amounts(self._series, question)

    def rows(
        self,
        organisation_id: int,
        meter: str,
        units: Mapping[int, Sequence[Span]] | None,
        span: Span,
        *,
        after: tuple[int, int, int] | None = None,
        limit: int = PAGE_SIZE_MAX,
        deleted: bool = False,
    ) -> list[UsageRow]:
        """The evidence: every sample behind a total, by unit and time; `after` is the (unit, at, name) a page begins past."""
        found = self.book.get(organisation_id, meter)
        return rows(self._series, organisation_id, found, units, span, after=after, limit=limit, deleted=deleted)

    def touched(self, mark: int, limit: int) -> tuple[list[Touched], int]:
        """Whose usage came or changed more than PROMPT_SECONDS after its time, since `mark` (0: ever); and the next mark.

        What is told once may be told again, never is anything left out. The same mark comes back when there is nothing.
        What the line gathers is told first: who bills now misses nothing that can be seen as usage.
        """
        self.writer.mark(self.writer.late)
        settled = self.writer.settled()
        found = self._series.query(
            f"""SELECT toUnixTimestamp64Micro(stored) AS stored_, organisation, product, meter, unit,
                min(toUnixTimestamp64Micro(first_at)) AS first_
            FROM {LATE} WHERE stored > fromUnixTimestamp64Micro({{mark:Int64}}, 'UTC')
                AND stored < fromUnixTimestamp64Micro({{settled:Int64}}, 'UTC')
            GROUP BY stored, organisation, product, meter, unit ORDER BY stored, organisation, product, meter, unit
            LIMIT {{limit:UInt64}}""",
            {"mark": mark, "settled": settled, "limit": limit + 1},
        ).to_pylist()
        if len(found) > limit:
            # A mark is an instant: what was stored at one instant is told together, or by the next call.
            last = found[limit]["stored_"]
            whole = [row for row in found if row["stored_"] < last]
            if not whole:
                return self._touched_at(last)
            found = whole
        listed = [_touched(row) for row in found]
        return listed, found[-1]["stored_"] if found else mark

    def _touched_at(self, stored: int) -> tuple[list[Touched], int]:
        found = self._series.query(
            f"""SELECT organisation, product, meter, unit, min(toUnixTimestamp64Micro(first_at)) AS first_
            FROM {LATE} WHERE stored = fromUnixTimestamp64Micro({{stored:Int64}}, 'UTC')
            GROUP BY organisation, product, meter, unit""",
            {"stored": stored},
        ).to_pylist()
        return [_touched(row) for row in found], stored

    def _product_names(self, organisation_id: int) -> list[str]:
        names: list[str] = []
        while True:
            page = self._products.list(organisation_id, after=names[-1] if names else "", limit=PAGE_SIZE_MAX)
            names += [one.product for one in page]
            if len(page) < PAGE_SIZE_MAX:
                return names


def _touched(row: Mapping[str, Any]) -> Touched:
    return Touched(row["organisation"], f"{row['product']}/{row['meter']}", row["unit"], Instant(row["first_"]))
