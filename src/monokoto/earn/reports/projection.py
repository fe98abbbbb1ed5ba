"""Documents as rows that can be added up: read once, in the order of their chain. Blocking; called in threads.

Documents never change, so what was read stays right; what came since is read before a report is made. The rows are no truth of
their own: in another calendar (the seller's time zone changed) they are thrown away and read again.
"""

from __future__ import annotations

from typing import Protocol

from monokoto.earn.billing import ChargeName
from monokoto.earn.invoices import Document, DocumentKind
from monokoto.earn.plans import Charge
from monokoto.earn.reports import deferrals, store
from monokoto.earn.reports.deferrals import Told
from monokoto.earn.reports.months import month_of
from monokoto.earn.reports.revenue import added_up, parts_of
from monokoto.earn.reports.standing import PlanSource
from monokoto.engines.records import Records
from monokoto.kernel.errors import NotFound

CHUNK = 500
"""Documents read in one transaction."""


class DocumentSource(Protocol):
    """Where documents are had from."""

    def documents_after(self, organisation_id: int, position: int, limit: int) -> list[Document]:
        """As `Invoices.documents_after`."""
        ...

    def documents(self, organisation_id: int, invoice_id: int) -> list[Document]:
        """As `Invoices.documents`."""
        ...


class Projection:
    """Keeps the rows up to date."""

    def __init__(self, records: Records, documents: DocumentSource, plans: PlanSource) -> None:
        self._records = records
        self._documents = documents
        self._plans = plans

    def catch_up(self, organisation_id: int, timezone: str) -> int:
        """Read the documents that came since, by a calendar; how many there were. Two at once do each other's work, never twice."""
        read = 0
        while True:
            with self._records.read() as connection:
                position = store.position(connection, organisation_id, timezone)
            found = self._documents.documents_after(organisation_id, position or 0, CHUNK)
            if not found and position is not None:
                return read
            told = [self._told(one) for one in found]
            with self._records.write() as connection:
                moved = store.move(connection, organisation_id, timezone, since=position)
                if moved:
                    store.insert_rows(connection, [row for one in told for row in _rows(one, timezone)])
                    deferrals.insert(connection, organisation_id, told, timezone)
                    last = found[-1].position if found else 0
                    store.put_mark(connection, organisation_id, timezone, last)
                    read += len(found)

    def _told(self, document: Document) -> Told:
        organisation_id = document.organisation_id
        original = None
        if document.kind is DocumentKind.CREDIT_NOTE:
            original = self._documents.documents(organisation_id, document.invoice_id)[0]
        code, parts = parts_of(document, original, lambda product, named: self._charge(organisation_id, product, named))
        return Told(document, code, parts)

    def _charge(self, organisation_id: int, product: str, named: ChargeName) -> Charge | None:
        try:
            return self._plans.get(organisation_id, product, named.plan, named.version).charge(named.charge)
        except NotFound:
            return None


def _rows(told: Told, timezone: str) -> list[store.RevenueRow]:
    month = month_of(told.document.issued_at, timezone)
    return [
        store.RevenueRow(document=told.document, place=place, month=month, currency=told.currency, revenue=one)
        for place, one in enumerate(added_up(told.parts))
    ]
