"""The audit log over HTTP: read and exported, never written to."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Callable
from enum import StrEnum
from typing import Annotated, Any

import msgspec
from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter
from litestar.response import Stream
from msgspec import Meta

from monokoto.connect.audit.entry import ActorKind, Entry, Outcome
from monokoto.connect.audit.service import AuditLog
from monokoto.connect.audit.store import AuditFilter
from monokoto.kernel.clock import format_instant, parse_instant
from monokoto.kernel.errors import Fault, Invalid
from monokoto.kernel.ids import format_id, parse_id
from monokoto.kernel.limits import PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX
from monokoto.web import Caller, Page, Scope, by_hand, decode_cursor, page_of, problem_responses, requires

_COLUMNS = (
    "id", "at", "actor_kind", "actor_id", "actor_name", "action", "subject_kind", "subject_id", "outcome", "status",
    "address", "agent", "detail", "number", "digest",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet would take a cell that begins so for a formula."""

ActorText = Annotated[str, QueryParameter(description="Only by the person or key with this id")]
ActionText = Annotated[str, QueryParameter(description="Only this operation id, such as `putDesired`", max_length=64)]
SubjectText = Annotated[
    str, QueryParameter(description="Only on this: `unit:ID`, `product:NAME`, a kind alone, or an id", max_length=160)
]
Begin = Annotated[str | None, QueryParameter(name="from", description="At this instant (RFC 3339) or later")]
End = Annotated[str | None, QueryParameter(name="to", description="Before this instant (RFC 3339)")]


class ActorJson(msgspec.Struct, frozen=True):
    """Who acted, named as at the time."""

    kind: ActorKind
    id: str | None
    name: str


class SubjectJson(msgspec.Struct, frozen=True):
    """On what."""

    kind: str
    id: str


class EntryJson(msgspec.Struct, frozen=True):
    """Who did what."""

    id: str
    at: str
    actor: Annotated[ActorJson | None, Meta(description="null: somebody of the organisation that has the unit now")]
    action: Annotated[str, Meta(description="The operation id of a request, `slice.verb` of anything else")]
    subject: SubjectJson | None
    outcome: Outcome
    status: Annotated[int | None, Meta(description="HTTP status; null when it was no request")]
    address: str
    agent: str
    detail: Annotated[dict[str, Any], Meta(description="Names of fields and parameters, never values")]
    number: Annotated[int | None, Meta(description="Place in the organisation's chain; null: in another's")]
    digest: Annotated[str | None, Meta(description="SHA-256 of this entry and the one before it, hex")]


class ExportFormat(StrEnum):
    """How a file is written."""

    NDJSON = "ndjson"
    CSV = "csv"


_MEDIA_TYPES = {ExportFormat.NDJSON: "application/x-ndjson", ExportFormat.CSV: "text/csv; charset=utf-8"}


def entry_to_json(entry: Entry, organisation_id: int) -> EntryJson:
    """As this organisation may see it: of what others did, the deed and not the person, their address and their chain."""
    draft = entry.draft
    own = draft.organisation_id == organisation_id
    actor = ActorJson(draft.actor.kind, format_id(draft.actor.id) if draft.actor.id else None, draft.actor.name)
    return EntryJson(
        id=format_id(draft.id),
        at=format_instant(draft.at),
        actor=actor if own else None,
        action=draft.action,
        subject=SubjectJson(draft.subject.kind, draft.subject.id) if draft.subject.kind else None,
        outcome=draft.outcome,
        status=draft.status or None,
        address=draft.address if own else "",
        agent=draft.agent if own else "",
        detail=dict(entry.detail),
        number=entry.number if own else None,
        digest=entry.digest.hex() if own else None,
    )


def filter_from_query(
    *, actor: str, action: str, subject: str, outcome: Outcome | None, begin: str | None, end: str | None
) -> AuditFilter:
    """What a query asks for. Raises Invalid."""
    kind, separator, identity = subject.partition(":")
    if subject and not separator:
        # An id alone, or a kind alone: no kind has the 13 characters of an id.
        kind, identity = ("", subject) if len(subject) == 13 else (subject, "")
    return AuditFilter(
        actor_id=parse_id(actor, what="actor") if actor else None,
        action=action,
        subject_kind=kind,
        subject_id=identity,
        outcome=outcome,
        begin=_instant(begin, "from"),
        end=_instant(end, "to"),
    )


def _instant(text: str | None, place: str) -> int | None:
    if text is None:
        return None
    try:
        return parse_instant(text)
    except ValueError as error:
        raise Invalid("This is no time.", faults=[Fault(place=place, reason=str(error))]) from None


class AuditController(Controller):
    """`/api/v1/audit`."""

    path = "/api/v1/audit"
    tags = ("Audit",)
    guards = (requires(Scope.AUDIT_READ),)

    @get("", operation_id="listAudit", responses=problem_responses(), summary="Who did what")
    async def entries(
        self,
        caller: NamedDependency[Caller],
        audit: NamedDependency[AuditLog],
        actor: ActorText = "",
        action: ActionText = "",
        subject: SubjectText = "",
        outcome: FromQuery[Outcome | None] = None,
        begin: Begin = None,
        end: End = None,
        limit: Annotated[int, QueryParameter(ge=1, le=PAGE_SIZE_MAX)] = PAGE_SIZE_DEFAULT,
        cursor: FromQuery[str | None] = None,
    ) -> Page[EntryJson]:
        """The newest first. A maker also sees what others did with its units, without who they are."""
        wanted = filter_from_query(actor=actor, action=action, subject=subject, outcome=outcome, begin=begin, end=end)
        before = decode_cursor(cursor, int)[0] if cursor else None
        found = await asyncio.to_thread(audit.list, caller.organisation_id, wanted, before=before, limit=limit + 1)
        return page_of(
            found, limit, lambda entry: entry.draft.id, lambda entry: entry_to_json(entry, caller.organisation_id)
        )

    @get(
        "/export",
        operation_id="exportAudit",
        responses=problem_responses(),
        summary="The audit log as a file",
        operation_class=by_hand(gives=["application/x-ndjson", "text/csv"]),
    )
    async def export(
        self,
        caller: NamedDependency[Caller],
        audit: NamedDependency[AuditLog],
        file_format: Annotated[ExportFormat, QueryParameter(name="format")] = ExportFormat.NDJSON,
        actor: ActorText = "",
        action: ActionText = "",
        subject: SubjectText = "",
        outcome: FromQuery[Outcome | None] = None,
        begin: Begin = None,
        end: End = None,
    ) -> Stream:
        """The oldest first, as much as there is, under the same conditions as the list."""
        wanted = filter_from_query(actor=actor, action=action, subject=subject, outcome=outcome, begin=begin, end=end)
        headers = {"Content-Disposition": f'attachment; filename="audit.{file_format.value}"'}
        chunks = _chunks(audit, caller.organisation_id, wanted, _WRITERS[file_format])
        return Stream(chunks, media_type=_MEDIA_TYPES[file_format], headers=headers)


async def _chunks(
    audit: AuditLog, organisation_id: int, wanted: AuditFilter, written: Callable[[list[EntryJson], bool], bytes]
) -> AsyncIterator[bytes]:
    pieces = audit.export(organisation_id, wanted)
    first = True
    while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
        yield written([entry_to_json(entry, organisation_id) for entry in piece], first)
        first = False
    if first:
        yield written([], first)


def to_ndjson(entries: list[EntryJson], _first: bool) -> bytes:
    """A line of JSON for each."""
    return b"".join(msgspec.json.encode(entry) + b"\n" for entry in entries)


def to_csv(entries: list[EntryJson], first: bool) -> bytes:
    """A row for each, under one heading; no cell that a spreadsheet would compute."""
    text = io.StringIO()
    writer = csv.writer(text)
    if first:
        writer.writerow(_COLUMNS)
    for one in entries:
        actor, subject = one.actor, one.subject
        cells = (
            one.id, one.at, *((actor.kind.value, actor.id, actor.name) if actor else ("", "", "")), one.action,
            *((subject.kind, subject.id) if subject else ("", "")), one.outcome.value, one.status, one.address,
            one.agent, msgspec.json.encode(one.detail).decode(), one.number, one.digest,
        )  # fmt: skip
        writer.writerow([f"'{cell}" if str(cell).startswith(_FORMULA) else cell for cell in cells])
    return text.getvalue().encode()


_WRITERS: dict[ExportFormat, Callable[[list[EntryJson], bool], bytes]] = {
    ExportFormat.NDJSON: to_ndjson,
    ExportFormat.CSV: to_csv,
}
