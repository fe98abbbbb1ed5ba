"""The import of units over HTTP: a stream of rows in, a stream of results out, neither ever whole in memory."""

from __future__ import annotations

import asyncio
import csv
import io
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from itertools import islice
from typing import IO, Annotated, Any

import msgspec
from litestar import Request, post
from litestar.params import Parameter
from litestar.response import Stream

from monokoto.connect.fleet.imports import CHUNK_ROWS, ImportMode, ImportReport, RowResult
from monokoto.connect.fleet.rows import RowFormat
from monokoto.connect.fleet.service import Fleet
from monokoto.kernel.errors import Fault, Invalid
from monokoto.kernel.ids import format_id
from monokoto.kernel.limits import IMPORT_BODY_BYTES_MAX
from monokoto.web import Caller, Scope, by_hand, problem_responses, requires

_MEDIA_TYPES = {"text/csv": RowFormat.CSV, "application/x-ndjson": RowFormat.NDJSON}
_BUFFER_BYTES = 1024 * 1024
_RESULT_COLUMNS = ("line", "result", "serial", "product", "version", "unit", "token", "reason")


@post(
    "/api/v1/units/import",
    operation_id="importUnits",
    guards=[requires(Scope.UNITS_WRITE)],
    status_code=200,
    responses=problem_responses(413),
    operation_class=by_hand(tuple(_MEDIA_TYPES), gives=tuple(_MEDIA_TYPES)),
    request_max_body_size=IMPORT_BODY_BYTES_MAX,
    tags=["Units"],
    summary="Register many units",
)
async def import_units(
    request: Request[Any, Any, Any],
    caller: Caller,
    fleet: Fleet,
    mode: ImportMode = ImportMode.ALL_OR_NOTHING,
    product: Annotated[str, Parameter(description="For rows that name no product")] = "",
    tokens: Annotated[bool, Parameter(description="Make a token for units that bring none along")] = True,
) -> Stream:
    """Rows as CSV (a header names serial, product, version, name, tags, latitude, longitude, altitude, place, parent,
    token, certificate) or NDJSON (one registration request a line). Every row is answered, in its order, as CSV or
    NDJSON by `Accept` (else like the request); the tokens are in this answer alone. Put a unit before its parts.
    """
    rows = _format(request.content_type[0])
    with tempfile.SpooledTemporaryFile(max_size=8 * _BUFFER_BYTES) as body:
        await _receive(request, body)
        report = await asyncio.to_thread(
            fleet.import_units, caller.organisation_id, body, rows, mode=mode, product=product, make_tokens=tokens
        )
    if report.registered:
        await fleet.tell([fleet.units_changed(caller.organisation_id)])
    answer = next((name for name in _MEDIA_TYPES if name in request.headers.get("accept", "")), "")
    media_type = answer or next(name for name, kind in _MEDIA_TYPES.items() if kind is rows)
    return Stream(
        _results(report, _WRITERS[_MEDIA_TYPES[media_type]]),
        media_type=media_type,
        headers={"Units-Registered": str(report.registered), "Units-Refused": str(report.faulty)},
    )


def _format(media_type: str) -> RowFormat:
    found = _MEDIA_TYPES.get(media_type)
    if found is None:
        reason = f"is {media_type[:80]!r}, and must be one of {', '.join(_MEDIA_TYPES)}"
        raise Invalid("We cannot tell how the rows are written.", faults=[Fault(place="Content-Type", reason=reason)])
    return found


async def _receive(request: Request[Any, Any, Any], body: IO[bytes]) -> None:
    waiting = bytearray()
    async for chunk in request.stream():
        waiting += chunk
        if len(waiting) >= _BUFFER_BYTES:
            await asyncio.to_thread(body.write, bytes(waiting))
            waiting.clear()
    body.write(waiting)
    body.seek(0)


async def _results(report: ImportReport, write: Callable[[list[RowResult], bool], bytes]) -> AsyncIterator[bytes]:
    with report:
        results = iter(report)
        first = True
        while True:
            chunk = await asyncio.to_thread(list, islice(results, CHUNK_ROWS))
            if first or chunk:
                yield write(chunk, first)
            if not chunk:
                return
            first = False


def _write_csv(results: list[RowResult], first: bool) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if first:
        writer.writerow(_RESULT_COLUMNS)
    for one in results:
        reason = "; ".join(": ".join(filter(None, (fault.place, fault.reason))) for fault in one.faults)
        outcome = "refused" if one.faults else "registered"
        unit = "" if one.faults else format_id(one.unit_id)
        writer.writerow((one.line, outcome, one.serial, one.product, one.version, unit, one.token, reason))
    return text.getvalue().encode()


class _ResultJson(msgspec.Struct, frozen=True, omit_defaults=True):
    line: int
    result: str
    serial: str = ""
    product: str = ""
    version: str = ""
    unit: str = ""
    token: str = ""
    faults: tuple[dict[str, str], ...] = ()


def _write_ndjson(results: list[RowResult], _first: bool) -> bytes:
    return msgspec.json.Encoder().encode_lines([_result_to_json(one) for one in results])


def _result_to_json(one: RowResult) -> _ResultJson:
    return _ResultJson(
        line=one.line,
        result="refused" if one.faults else "registered",
        serial=one.serial,
        product=one.product,
        version=one.version,
        unit="" if one.faults else format_id(one.unit_id),
        token=one.token,
        faults=tuple({"place": fault.place, "reason": fault.reason} for fault in one.faults),
    )


_WRITERS: Mapping[RowFormat, Callable[[list[RowResult], bool], bytes]] = {
    RowFormat.CSV: _write_csv,
    RowFormat.NDJSON: _write_ndjson,
}
