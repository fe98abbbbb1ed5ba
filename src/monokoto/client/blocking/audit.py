# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""`client.audit`: Who did what, when: written by itself, never changed."""

from __future__ import annotations

from monokoto.client.types import Entry, EntryPage, ExportFormat, Outcome
from monokoto.client.wire import Api, Call, Download, Pages, given


class AuditApi:
    """Who did what, when: written by itself, never changed."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def list(
        self,
        *,
        actor: str | None = None,
        action: str | None = None,
        subject: str | None = None,
        outcome: Outcome | None = None,
        from_: str | None = None,
        to: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> Pages[EntryPage, Entry]:
        """Who did what.

        The newest first. A maker also sees what others did with its units, without who they are. Needs `audit:read`.

        Args:
            actor: Only by the person or key with this id.
            action: Only this operation id, such as `putDesired` (at most 64 characters).
            subject: Only on this: `unit:ID`, `product:NAME`, a kind alone, or an id (at most 160 characters).
            outcome: What came of it.
            from_: At this instant (RFC 3339) or later.
            to: Before this instant (RFC 3339).
            limit: At most so many on this page (1 to 10000; default: 100).
            cursor: `next_cursor` of the page before.
        """
        call = Call(
            method="GET",
            path="/api/v1/audit",
            query=given(actor=actor, action=action, subject=subject, outcome=outcome, from_=from_, to=to, limit=limit)
            | given(cursor=cursor),
            repeatable=True,
        )
        return self._api.pages(call, EntryPage, Entry)

    def export(
        self,
        *,
        format: ExportFormat | None = None,
        actor: str | None = None,
        action: str | None = None,
        subject: str | None = None,
        outcome: Outcome | None = None,
        from_: str | None = None,
        to: str | None = None,
    ) -> Download:
        """The audit log as a file.

        The oldest first, as much as there is, under the same conditions as the list. Needs `audit:read`.

        Args:
            format: How a file is written.
            actor: Only by the person or key with this id.
            action: Only this operation id, such as `putDesired` (at most 64 characters).
            subject: Only on this: `unit:ID`, `product:NAME`, a kind alone, or an id (at most 160 characters).
            outcome: What came of it.
            from_: At this instant (RFC 3339) or later.
            to: Before this instant (RFC 3339).
        """
        call = Call(
            method="GET",
            path="/api/v1/audit/export",
            query=given(
                format=format, actor=actor, action=action, subject=subject, outcome=outcome, from_=from_, to=to
            ),
            repeatable=True,
            accept="*/*",
        )
        return self._api.download(call)
