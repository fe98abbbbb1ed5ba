"""The evidence behind a line of an invoice: the samples of the meter it charges for, of the subscription's units, in its time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from monokoto.earn.calendar import Span
from monokoto.earn.invoices import InvoiceLine, Invoices, line_from_plain
from monokoto.earn.metering import UsageRow
from monokoto.earn.subscriptions import Coverage, Subscriptions
from monokoto.kernel.errors import Conflict, NotFound
from monokoto.kernel.ids import parse_id

_UNITS_AT_ONCE = 200
_ROWS_AT_ONCE = 5_000
"""Samples read together where only those of a group are wanted."""
"""Units one question names; more are asked for one part after the other."""
After = tuple[int, int, int] | None


class Samples(Protocol):
    """What is asked of metering."""

    def rows(
        self,
        organisation_id: int,
        meter: str,
        units: Mapping[int, Sequence[Span]] | None,
        span: Span,
        *,
        after: After = None,
        limit: int = ...,
    ) -> list[UsageRow]:
        """As `Metering.rows`."""
        ...


class Evidence:
    """Finds it. Blocking."""

    def __init__(self, *, invoices: Invoices, subscriptions: Subscriptions, samples: Samples) -> None:
        self._invoices = invoices
        self._subscriptions = subscriptions
        self._samples = samples

    def rows(self, organisation_id: int, invoice_id: int, key: str, *, after: After, limit: int) -> list[UsageRow]:
        """The samples of a line by unit and time, past one.

        What came since the line was written is among them: the correction it leads to stands on the next invoice.

        Raises: NotFound; Conflict for a line that charges for no usage of a subscription.
        """
        line = self._line(organisation_id, invoice_id, key)
        group = _group(line)
        if not group:
            return self._counted(organisation_id, line, after, limit)
        found: list[UsageRow] = []
        while len(found) < limit:
            page = self._counted(organisation_id, line, after, _ROWS_AT_ONCE)
            found += [row for row in page if group in row.groups.values()]
            if len(page) < _ROWS_AT_ONCE:
                break
            after = (page[-1].unit_id, page[-1].at, page[-1].name)
        return found[:limit]

    def _counted(self, organisation_id: int, line: InvoiceLine, after: After, limit: int) -> list[UsageRow]:
        """What its meter counted in its time, of whichever group."""
        told = line.explanation.get("subscription")
        if not line.meter or line.span is None or not isinstance(told, str):
            raise Conflict("The line charges for no usage of a subscription; its explanation says what it is for.")
        one = self._subscriptions.get(organisation_id, parse_id(told, what="subscription"))
        units = self._subscriptions.units(one, line.span)
        if one.coverage is Coverage.FLEET:
            spans = next(iter(units.values()), ())
            if not spans:
                return []
            whole = Span(max(line.span.start, spans[0].start), min(line.span.end, spans[-1].end))
            return self._samples.rows(organisation_id, line.meter, None, whole, after=after, limit=limit)
        return self._of(organisation_id, line.meter, units, line.span, after, limit)

    def _of(
        self,
        organisation_id: int,
        meter: str,
        units: Mapping[int, Sequence[Span]],
        span: Span,
        after: After,
        limit: int,
    ) -> list[UsageRow]:
        asked = [unit_id for unit_id in sorted(units) if after is None or unit_id >= after[0]]
        found: list[UsageRow] = []
        for start in range(0, len(asked), _UNITS_AT_ONCE):
            some = {unit_id: units[unit_id] for unit_id in asked[start : start + _UNITS_AT_ONCE]}
            left = limit - len(found)
            found += self._samples.rows(organisation_id, meter, some, span, after=after, limit=left)
            if len(found) >= limit:
                break
        return found

    def _line(self, organisation_id: int, invoice_id: int, key: str) -> InvoiceLine:
        lines: Sequence[Mapping[str, Any]] = self._invoices.lines(organisation_id, invoice_id)
        for plain in lines:
            if plain["key"] == key:
                return line_from_plain(plain)
        raise NotFound(f"The invoice has no line {key[:200]!r}.")


def _group(line: InvoiceLine) -> str:
    """The group a line of a price by group charges for (its part is `eco/units`); empty: it charges for all."""
    part = line.explanation.get("part")
    return part.rpartition("/")[0] if isinstance(part, str) else ""
