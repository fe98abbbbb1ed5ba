"""The history over HTTP."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from typing import IO, Annotated, Any

import pyarrow as pa
from litestar import Controller, MediaType, Request, Response, get, post
from litestar.di import NamedDependency, Provide
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from litestar.response import Stream

from monokoto.kernel.errors import Fault, Invalid, TooLarge
from monokoto.kernel.ids import parse_id
from monokoto.kernel.limits import IMPORT_BODY_BYTES_MAX, PAGE_SIZE_DEFAULT
from monokoto.operate.telemetry.history import (
    BucketQuestion,
    ChartQuestion,
    EventQuestion,
    RawQuestion,
    Selection,
    Windows,
    buckets_arrow,
    buckets_json,
    groups_json,
    readings_arrow,
    readings_json,
)
from monokoto.operate.telemetry.reach import within_reach
from monokoto.operate.telemetry.requests import (
    EventJson,
    HistoryJson,
    HistoryRequest,
    ImportedJson,
    about_units,
    event_to_json,
    history_request,
    imported_to_json,
    question_from_json,
    selection_from_json,
    times_from_json,
    units_asked,
    units_from_json,
)
from monokoto.operate.telemetry.service import Telemetry
from monokoto.operate.telemetry.transfer import FORMATS, ExportQuestion, Format, format_of
from monokoto.web import Caller, Gate, Page, Scope, by_hand, problem_responses, requires

_ARROW = FORMATS[Format.ARROW].media_type
_FILES = tuple(facts.media_type for facts in FORMATS.values())
_READ = [requires(Scope.TELEMETRY_READ)]
_WRITE = [requires(Scope.TELEMETRY_WRITE)]
_SPOOL_BYTES = 8 << 20
_ANSWERS = {
    200: ResponseSpec(
        HistoryJson,
        description=f"Readings or buckets; as an Arrow stream when `Accept` asks for {_ARROW}",
        generate_examples=False,
    ),
    **problem_responses(404),
}
Since = Annotated[
    str, QueryParameter(name="from", description="RFC 3339, or before now: `-24h`; default: a day before `to`")
]
UnitList = Annotated[list[str] | None, QueryParameter(description="Ids of units; left out: all of `product`")]
FormatName = Annotated[str, QueryParameter(description="csv, ndjson, parquet or arrow; default: by Content-Type")]
Shape = Annotated[
    str, QueryParameter(description="`tall`: a row a reading; `wide`: a row a moment", pattern="^(tall|wide)$")
]
Until = Annotated[
    str, QueryParameter(name="to", description="RFC 3339, or before now; itself not included; default: now")
]


class HistoryController(Controller):
    """`/api/v1/history`, and the same of one unit."""

    path = "/api/v1"
    tags = ("History",)

    @get(
        "/history",
        operation_id="getHistory",
        guards=_READ,
        responses=_ANSWERS,
        dependencies={"asked": Provide(history_request, sync_to_thread=False)},
        summary="Ask for readings, buckets of readings, or a chart",
    )
    async def history(
        self,
        request: Request[Any, Any, Any],
        caller: NamedDependency[Caller],
        gate: NamedDependency[Gate],
        telemetry: NamedDependency[Telemetry],
        asked: NamedDependency[HistoryRequest],
        unit: UnitList = None,
    ) -> Response[bytes]:
        """`width` asks for buckets, `points` for few readings that draw the same curve; neither: the readings themselves."""
        return await _answer(request, gate, caller, telemetry, about_units(asked, unit or []))

    @post(
        "/history",
        operation_id="postHistory",
        guards=_READ,
        responses=_ANSWERS,
        status_code=200,
        summary="Ask the history about many units",
    )
    async def history_of_many(
        self,
        request: Request[Any, Any, Any],
        caller: NamedDependency[Caller],
        gate: NamedDependency[Gate],
        telemetry: NamedDependency[Telemetry],
        data: JSONBody[HistoryRequest],
    ) -> Response[bytes]:
        """A list of units too long for an address goes in the body; so do named sets of units."""
        return await _answer(request, gate, caller, telemetry, data)

    @get(
        "/units/{unit:str}/history",
        operation_id="getUnitHistory",
        guards=_READ,
        responses=_ANSWERS,
        dependencies={"asked": Provide(history_request, sync_to_thread=False)},
        summary="Ask for one unit's readings, buckets or chart",
    )
    async def history_of_unit(
        self,
        request: Request[Any, Any, Any],
        caller: NamedDependency[Caller],
        gate: NamedDependency[Gate],
        telemetry: NamedDependency[Telemetry],
        asked: NamedDependency[HistoryRequest],
        unit: FromPath[str],
    ) -> Response[bytes]:
        """As `/history` with this unit alone."""
        gate.unit(caller, parse_id(unit, what="unit"))
        return await _answer(request, gate, caller, telemetry, about_units(asked, [unit]))

    @get(
        "/units/{unit:str}/events",
        operation_id="listUnitEvents",
        guards=_READ,
        responses=problem_responses(404),
        summary="List one unit's events",
    )
    async def events(
        self,
        caller: NamedDependency[Caller],
        gate: NamedDependency[Gate],
        telemetry: NamedDependency[Telemetry],
        unit: FromPath[str],
        event: Annotated[list[str] | None, QueryParameter(description="Names of events; left out: all")] = None,
        start: Since = "-7d",
        end: Until = "",
        limit: FromQuery[int] = PAGE_SIZE_DEFAULT,
        cursor: FromQuery[str | None] = None,
        order: Annotated[str, QueryParameter(pattern="^(oldest|newest)$")] = "newest",
    ) -> Page[EventJson]:
        """Newest first, unless asked otherwise; a week, unless asked otherwise."""
        reach = gate.unit(caller, parse_id(unit, what="unit"))
        since, until = times_from_json(start, end, telemetry.now())
        selection = Selection(
            organisation_id=reach.organisation_id,
            start=since,
            end=until,
            units=(reach.unit_id,),
            properties=tuple(event or ()),
            windows=None if reach.always else Windows({reach.unit_id: reach.times}),
        )
        question = EventQuestion(selection=selection, limit=limit, cursor=cursor, newest_first=order == "newest")
        found = await asyncio.to_thread(telemetry.events, question)
        return Page(items=[event_to_json(one) for one in found.items], next_cursor=found.next_cursor)


class TransferController(Controller):
    """`/api/v1/export` and `/api/v1/import`."""

    path = "/api/v1"
    tags = ("History",)

    @get(
        "/export",
        operation_id="exportReadings",
        guards=_READ,
        responses=problem_responses(404),
        operation_class=by_hand(gives=(*_FILES, "application/gzip")),
        summary="Export readings as a file",
    )
    async def export(
        self,
        caller: NamedDependency[Caller],
        gate: NamedDependency[Gate],
        telemetry: NamedDependency[Telemetry],
        unit: UnitList = None,
        product: Annotated[str, QueryParameter(description="All units of this product")] = "",
        property: Annotated[list[str] | None, QueryParameter(description="Left out: all")] = None,  # noqa: A002
        start: Since = "",
        end: Until = "",
        format: Annotated[str, QueryParameter(description="csv, ndjson, parquet or arrow")] = "csv",  # noqa: A002
        shape: Shape = "tall",
        gzip: Annotated[bool, QueryParameter(description="Compress csv and ndjson")] = False,
    ) -> Stream:
        """Sorted by property, unit and time (tall), or by unit and time (wide)."""
        since, until = times_from_json(start, end, telemetry.now())
        asked = units_from_json(unit or [])
        open_ = await asyncio.to_thread(within_reach, gate, caller, asked, product, telemetry)
        selection = Selection(
            organisation_id=open_.organisation_id,
            start=since,
            end=until,
            units=open_.units,
            product=product,
            properties=tuple(property or ()),
            windows=open_.windows,
        )
        format_ = format_of(format)
        packed = gzip and FORMATS[format_].text
        question = ExportQuestion(selection=selection, format=format_, wide=shape == "wide", compressed=packed)
        pieces = await asyncio.to_thread(telemetry.export, question)
        # The first piece is fetched here: what is wrong with the question is still a problem document then.
        first = await asyncio.to_thread(next, pieces, b"")
        name = f"readings{FORMATS[format_].suffix}{'.gz' if packed else ''}"
        return Stream(
            _streamed(first, pieces),
            media_type="application/gzip" if packed else FORMATS[format_].media_type,
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )

    @post(
        "/import",
        operation_id="importReadings",
        guards=_WRITE,
        responses=problem_responses(413),
        status_code=200,
        request_max_body_size=IMPORT_BODY_BYTES_MAX,
        operation_class=by_hand(_FILES),
        summary="Import readings from a file",
    )
    async def import_(
        self,
        request: Request[Any, Any, Any],
        caller: NamedDependency[Caller],
        telemetry: NamedDependency[Telemetry],
        format: FormatName = "",  # noqa: A002
        check: Annotated[bool, QueryParameter(description="Only say what would be refused; store nothing")] = False,
    ) -> ImportedJson:
        """Rows that fit the units' models are stored, the others told and counted. The same file again changes nothing."""
        format_ = format_of(format or request.headers.get("content-type", ""))
        with tempfile.TemporaryFile() as file:
            await _spool(request, file)
            done = await asyncio.to_thread(
                telemetry.import_file, caller.organisation_id, file, format_, check_only=check
            )
        return imported_to_json(done)


CONTROLLERS = (HistoryController, TransferController)
"""What `api` mounts."""


async def _answer(
    request: Request[Any, Any, Any], gate: Gate, caller: Caller, telemetry: Telemetry, asked: HistoryRequest
) -> Response[bytes]:
    open_ = await asyncio.to_thread(within_reach, gate, caller, units_asked(asked), asked.product, telemetry)
    question = question_from_json(asked, selection_from_json(asked, open_, telemetry.now()))
    arrow = _ARROW in request.headers.get("accept", "")
    content = await asyncio.to_thread(_ask, telemetry, question, asked, arrow)
    return Response(content, media_type=_ARROW if arrow else MediaType.JSON)


def _ask(
    telemetry: Telemetry, question: RawQuestion | BucketQuestion | ChartQuestion, asked: HistoryRequest, arrow: bool
) -> bytes:
    match question:
        case BucketQuestion() if asked.groups:
            if arrow:
                raise Invalid(
                    "Named sets of units are told as JSON.", faults=[Fault(place="groups", reason="not as Arrow")]
                )
            groups = {name: units_from_json(units) for name, units in asked.groups.items()}
            return groups_json(telemetry.grouped(question, groups))
        case BucketQuestion():
            buckets = telemetry.buckets(question)
            return _ipc(buckets_arrow(buckets)) if arrow else buckets_json(buckets)
        case _ if asked.groups:
            raise Invalid("Named sets of units need buckets.", faults=[Fault(place="width", reason="missing")])
        case ChartQuestion():
            readings = telemetry.chart(question)
        case _:
            readings = telemetry.readings(question)
    return _ipc(readings_arrow(readings), readings.next_cursor) if arrow else readings_json(readings)


def _ipc(table: pa.Table, next_cursor: str | None = None) -> bytes:
    """An Arrow stream; the way to the next page is in the schema's metadata."""
    if next_cursor is not None:
        table = table.replace_schema_metadata({"next_cursor": next_cursor})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


async def _streamed(first: bytes, pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    try:
        piece = first
        while piece:
            yield piece
            piece = await asyncio.to_thread(next, pieces, b"")
    finally:
        # Whoever asked may have gone: the query ends with them.
        close = getattr(pieces, "close", None)
        if close is not None:
            with suppress(RuntimeError):
                await asyncio.to_thread(close)


async def _spool(request: Request[Any, Any, Any], file: IO[bytes]) -> None:
    """The body onto the disk, a few megabytes at a time: Parquet must be read from both ends."""
    waiting = bytearray()
    size = 0
    async for piece in request.stream():
        size += len(piece)
        if size > IMPORT_BODY_BYTES_MAX:
            raise TooLarge(f"An import has at most {IMPORT_BODY_BYTES_MAX} bytes.", remedy="Send it in parts.")
        waiting += piece
        if len(waiting) >= _SPOOL_BYTES:
            await asyncio.to_thread(file.write, bytes(waiting))
            waiting.clear()
    await asyncio.to_thread(file.write, bytes(waiting))
    file.seek(0)
