"""Many units registered from a file; their tokens go into a file that is offered this once."""

from __future__ import annotations

import base64
import csv
import io
from typing import Any

from litestar import Controller, Response, get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency

from monokoto.console.api import Fault, Problem, Refused
from monokoto.console.languages import mark
from monokoto.console.visit import Visit

PRODUCTS_SHOWN = 1000
UPLOAD_BYTES_MAX = 32 * 1024 * 1024
"""A file sent through a page is held in memory; a larger one goes to the API, or through `koto units import`."""
REFUSALS_SHOWN = 100
CHOOSE_A_FILE = mark("Choose a file.")
_MEDIA_TYPES = {".csv": "text/csv", ".ndjson": "application/x-ndjson", ".jsonl": "application/x-ndjson"}


class UnitsImportController(Controller):
    """`/console/units/import`."""

    path = "/units/import"

    @get("/")
    async def form(self, visit: NamedDependency[Visit]) -> Response[str]:
        """The form, and what the file must look like."""
        return visit.page("units/import.html", **await _values(visit))

    @post("/", request_max_body_size=UPLOAD_BYTES_MAX)
    async def take(self, visit: NamedDependency[Visit]) -> Response[str]:
        """Register what the file says; every row is answered."""
        try:
            content, media_type = await _file(visit)
            answer = await visit.api.send(
                "/api/v1/units/import",
                content,
                content_type=media_type,
                accept="text/csv",
                mode=visit.value("mode") or "all-or-nothing",
                product=visit.value("product"),
                tokens=visit.value("tokens") or "false",
            )
        except Refused as refused:
            return visit.again("units/import.html", refused, **await _values(visit))
        rows = list(csv.DictReader(io.StringIO(answer.content.decode())))
        refused_rows = [row for row in rows if row["result"] == "refused"]
        registered = int(answer.headers.get("units-registered", "0"))
        return visit.page(
            "units/imported.html",
            status=200 if registered or not rows else 422,
            registered=registered,
            refused=len(refused_rows),
            refusals=refused_rows[:REFUSALS_SHOWN],
            has_tokens=any(row["token"] for row in rows),
            file=base64.b64encode(answer.content).decode(),
        )


async def _file(visit: Visit) -> tuple[bytes, str]:
    found: Any = (await visit.request.form()).get("file")
    if not isinstance(found, UploadFile) or not found.filename:
        raise Refused(Problem(status=422, code="invalid", faults=[Fault(visit.say(CHOOSE_A_FILE), "file")]))
    ending = f".{found.filename.rpartition('.')[2].lower()}"
    return await found.read(), _MEDIA_TYPES.get(ending, "text/csv")


async def _values(visit: Visit) -> dict[str, Any]:
    found = await visit.api.part("/api/v1/products", limit=PRODUCTS_SHOWN)
    return {"products": found.value["items"] if found.value else []}
