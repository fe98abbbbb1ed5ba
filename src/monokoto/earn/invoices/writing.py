"""Numbering documents: within one transaction, behind a locked head."""

from __future__ import annotations

import sqlalchemy as sa

from monokoto.earn.invoices import store
from monokoto.earn.invoices.document import Content, Document, DocumentHead, DocumentKind, written, year_of
from monokoto.kernel.ids import DocumentId, new_id


class DocumentWriter:
    """Gives documents of one organisation their numbers and their place in the chain; `end` writes them.

    The head is locked from the start: what is numbered here has no rival, and when the transaction fails no number is used.
    """

    def __init__(self, connection: sa.Connection, organisation_id: int) -> None:
        self._connection = connection
        self._organisation_id = organisation_id
        self._head = store.lock_head(connection, organisation_id)
        self._last: dict[tuple[DocumentKind, int], int] = {}
        self._made: list[Document] = []

    def write(self, content: Content) -> Document:
        """The next document."""
        year = year_of(content.issued_at, content.issuer.timezone)
        series = (content.kind, year)
        if series not in self._last:
            self._last[series] = store.last_number(self._connection, self._organisation_id, content.kind, year)
        self._last[series] += 1
        document = written(
            content, head=self._head, year=year, number=self._last[series], document_id=DocumentId(new_id())
        )
        self._head = DocumentHead(document.position, document.digest)
        self._made.append(document)
        return document

    def end(self) -> None:
        """Keep what was written."""
        store.append(self._connection, self._made)
        self._made = []
