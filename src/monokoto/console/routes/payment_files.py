"""Files for a bank: made of what waits, taken along, and what the bank answered."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import msgspec
from litestar import Controller, Response, get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from monokoto.console.api import Fault, Problem, Refused
from monokoto.console.languages import mark
from monokoto.console.money_forms import METHODS, names_in
from monokoto.console.visit import Visit
from monokoto.kernel.limits import PAYMENT_ANSWER_BYTES_MAX

PATH = "/console/payment-files"
PAGE_SIZE = 50
MADE = mark("The file is made.")
CHOOSE_A_FILE = mark("Choose a file first.")
_FORM_BYTES = 1 << 16


class PaymentFilePagesController(Controller):
    """`/console/payment-files`."""

    path = "/payment-files"

    @get("/")
    async def index(self, visit: NamedDependency[Visit], cursor: FromQuery[str] = "") -> Response[str]:
        """The newest first."""
        return visit.page("payments/files.html", **await _files(visit, cursor))

    @post("/")
    async def make(self, visit: NamedDependency[Visit]) -> Response[str]:
        """Put what waits into one."""
        body = {"kind": visit.value("kind"), "on": visit.value("on") or None}
        try:
            made = await visit.api.post("/api/v1/payment-files", body)
        except Refused as refused:
            return visit.again("payments/files.html", refused, **await _files(visit, ""))
        return visit.go(f"{PATH}/{made['id']}", visit.say(MADE))

    @get("/{file:str}")
    async def one(
        self, visit: NamedDependency[Visit], file: FromPath[str], cursor: FromQuery[str] = ""
    ) -> Response[str]:
        """The payments in it."""
        return visit.page("payments/file.html", **await _shown(visit, file, cursor), answer=None)

    @post("/{file:str}", request_max_body_size=PAYMENT_ANSWER_BYTES_MAX + _FORM_BYTES)
    async def answer(self, visit: NamedDependency[Visit], file: FromPath[str]) -> Response[str]:
        """Put the bank's answer on them, and say what it changed."""
        try:
            content = await uploaded(visit)
            path = f"/api/v1/payment-files/{quote(file, safe='')}/answers"
            sent = await visit.api.send(path, content, content_type="application/xml", accept="application/json")
        except Refused as refused:
            return visit.again("payments/file.html", refused, **await _shown(visit, file, ""), answer=None)
        answer = msgspec.json.decode(sent.content)
        return visit.page("payments/file.html", **await _shown(visit, file, ""), answer=answer)


async def uploaded(visit: Visit) -> bytes:
    """The file of a form. Raises Refused: none was chosen."""
    found: Any = (await visit.request.form()).get("file")
    if not isinstance(found, UploadFile) or not found.filename:
        raise Refused(Problem(status=422, code="invalid", faults=[Fault(visit.say(CHOOSE_A_FILE), "file")]))
    return await found.read()


async def _files(visit: Visit, cursor: str) -> dict[str, Any]:
    found = await visit.api.get("/api/v1/payment-files", cursor=cursor, limit=PAGE_SIZE)
    waiting = await visit.api.part("/api/v1/payments", method="sepa", state="pending", limit=PAGE_SIZE)
    free = [one for one in (waiting.value["items"] if waiting.value else []) if one["file"] is None]
    return {"found": found, "waiting": free}


async def _shown(visit: Visit, file: str, cursor: str) -> dict[str, Any]:
    await visit.api.get(f"/api/v1/payment-files/{quote(file, safe='')}")
    found = await visit.api.get("/api/v1/payments", file=file, cursor=cursor, limit=PAGE_SIZE)
    names = await names_in(visit, (one["customer"] for one in found["items"]))
    return {"file": file, "found": found, "names": names, "methods": METHODS}
