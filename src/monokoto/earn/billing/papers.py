"""Documents as files: the kept text of an invoice or a credit note, set in type or as an electronic invoice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from monokoto.earn.documents import Document as Paper
from monokoto.earn.documents import pdf, ubl
from monokoto.earn.invoices import Document, DocumentKind, Invoices, paper_of
from monokoto.kernel.errors import Conflict, NotFound
from monokoto.kernel.limits import BILLING_PAPERS_AT_ONCE


class Form(Enum):
    """What a document goes out as: its media type and the end of its name."""

    PDF = "application/pdf", "pdf"
    UBL = "application/xml", "xml"

    @property
    def media_type(self) -> str:
        """For the header."""
        return self.value[0]

    @property
    def suffix(self) -> str:
        """For a file's name."""
        return self.value[1]


_WRITERS: Mapping[Form, Callable[[Paper], bytes]] = {Form.PDF: pdf, Form.UBL: ubl}


@dataclass(frozen=True, slots=True)
class Papers:
    """Makes them, a few at the same time: setting a page takes a core for a moment."""

    invoices: Invoices
    _few: asyncio.Semaphore

    @classmethod
    def over(cls, invoices: Invoices) -> Papers:
        """Of these invoices."""
        return cls(invoices, asyncio.Semaphore(BILLING_PAPERS_AT_ONCE))

    def document(self, organisation_id: int, invoice_id: int, number: str = "") -> Document:
        """The document of an invoice, or with its number a credit note of it. Blocking.

        Raises: NotFound; Conflict while the invoice is a draft, or when it never became a document.
        """
        found: Sequence[Document] = self.invoices.documents(organisation_id, invoice_id)
        if not found:
            state = self.invoices.get(organisation_id, invoice_id).state.value
            remedy = "Finalise it first." if state in {"draft", "grace"} else "It was thrown away before it was one."
            raise Conflict(f"The invoice is no document: it is {state}.", remedy=remedy)
        chosen = next((one for one in found if number == one.label or (not number and _is_invoice(one))), None)
        if chosen is None:
            raise NotFound(f"The invoice has no document {number[:64]!r}.")
        return chosen

    async def written(self, document: Document, form: Form) -> bytes:
        """The file; the same document is the same bytes. Raises Invalid when the document lacks what the form asks for."""
        async with self._few:
            return await asyncio.to_thread(lambda: _WRITERS[form](paper_of(document)))


def _is_invoice(document: Document) -> bool:
    return document.kind is DocumentKind.INVOICE
