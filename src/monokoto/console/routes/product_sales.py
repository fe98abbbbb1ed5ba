"""Products sold elsewhere: told by a form or a file, so that revenue can set them against services."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

from litestar import Controller, Response, get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter

from monokoto.console.api import Fault, Problem, Refused
from monokoto.console.languages import mark
from monokoto.console.lookups import products
from monokoto.console.sales_file import COLUMNS, TEMPLATE, SaleLine, Unreadable, marked, read
from monokoto.console.titles import titles_of
from monokoto.console.visit import Visit
from monokoto.kernel.limits import PRODUCT_SALES_MAX

PATH = "/console/revenue/sales"
PAGE_SIZE = 50
LINES_SHOWN = 500
"""Of a file; faulty ones first where there are more."""
FILE_BYTES_MAX = 4 * 1024 * 1024
"""10,000 lines of 400 characters."""
ADDED = mark("The sale is told.")
KNOWN = mark("It was told before; nothing changed.")
CHOOSE_A_FILE = mark("Choose a file first.")
WHOLE = mark("This is a whole number.")
TOO_MANY = mark("A file has at most %(count)s sales. Cut it in two; the same sale in both is taken once.")
Month = Annotated[str, QueryParameter(name="month")]


class ProductSalesPagesController(Controller):
    """`/console/revenue/sales`."""

    path = "/revenue/sales"

    @get("/")
    async def index(
        self, visit: NamedDependency[Visit], month: Month = "", cursor: FromQuery[str] = ""
    ) -> Response[str]:
        """What was told, the last first, and the ways to tell more."""
        return visit.page("revenue/sales.html", **await _shown(visit, month, cursor))

    @get("/template.csv")
    async def template(self, visit: NamedDependency[Visit]) -> Response[bytes]:
        """A file with the names of the columns."""
        headers = {"Content-Disposition": 'attachment; filename="product-sales.csv"'}
        return Response(TEMPLATE, media_type="text/csv; charset=utf-8", headers=headers)

    @post("/")
    async def tell(self, visit: NamedDependency[Visit]) -> Response[str]:
        """One sale."""
        told = {name: visit.value(name) for name in COLUMNS}
        try:
            answer = await _send(visit, read_form(visit, told))
        except Refused as refused:
            # The one sale's faults stand at its fields.
            faults = [Fault(one.reason, one.place.removeprefix("sales/0/")) for one in refused.problem.faults]
            plain = Refused(_with(refused.problem, faults))
            return visit.again("revenue/sales.html", plain, **await _shown(visit, "", ""))
        return visit.go(PATH, visit.say(ADDED if answer["added"] else KNOWN))

    @post("/file", request_max_body_size=FILE_BYTES_MAX)
    async def upload(self, visit: NamedDependency[Visit]) -> Response[str]:
        """A file of them; every line is answered, and all are taken or none."""
        try:
            lines = await _lines(visit)
            if not any(one.fault for one in lines):
                lines = await _taken(visit, lines)
        except Refused as refused:
            return visit.again("revenue/sales.html", refused, **await _shown(visit, "", ""))
        faulty = [one for one in lines if one.fault]
        shown = (faulty or lines)[:LINES_SHOWN] if len(lines) > LINES_SHOWN else lines
        return visit.page(
            "revenue/sales_told.html",
            status=422 if faulty else 200,
            lines=shown,
            count=len(lines),
            faulty=len(faulty),
            added=sum(one.result == "added" for one in lines),
            known=sum(one.result == "known" for one in lines),
        )


def read_form(visit: Visit, told: dict[str, str]) -> list[SaleLine]:
    """The sale of the form. Raises Refused."""
    line = SaleLine(0, told)
    try:
        line.body  # noqa: B018 - what is no number is told at its field
    except ValueError:
        fault = Fault(visit.say(WHOLE), "units")
        raise Refused(Problem(status=422, code="invalid", faults=[fault])) from None
    return [line]


async def _lines(visit: Visit) -> list[SaleLine]:
    found: Any = (await visit.request.form()).get("file")
    if not isinstance(found, UploadFile) or not found.filename:
        raise _refused(visit.say(CHOOSE_A_FILE))
    try:
        lines = read(await found.read())
    except Unreadable as error:
        raise _refused(visit.say(error.args[0], **error.args[1])) from None
    if len(lines) > PRODUCT_SALES_MAX:
        raise _refused(visit.say(TOO_MANY, count=visit.formats.number(PRODUCT_SALES_MAX)))
    return [replace(one, fault=visit.say(one.fault)) if one.fault else one for one in lines]


def _refused(reason: str) -> Refused:
    return Refused(Problem(status=422, code="invalid", faults=[Fault(reason, "file")]))


def _with(problem: Problem, faults: list[Fault]) -> Problem:
    return Problem(
        title=problem.title, status=problem.status, code=problem.code, detail=problem.detail, remedy=problem.remedy,
        faults=faults,
    )  # fmt: skip


async def _taken(visit: Visit, lines: list[SaleLine]) -> list[SaleLine]:
    """What became of each, or what is wrong with it. Raises Refused where nothing is said of lines."""
    try:
        answer = await _send(visit, lines)
    except Refused as refused:
        told = marked(lines, refused.problem.faults)
        if not any(one.fault for one in told):
            raise
        return told
    return [replace(one, result=result) for one, result in zip(lines, answer["results"], strict=True)]


async def _send(visit: Visit, lines: list[SaleLine]) -> Any:
    return await visit.api.post("/api/v1/product-sales", {"sales": [one.body for one in lines]})


async def _shown(visit: Visit, month: str, cursor: str) -> dict[str, Any]:
    sales = await visit.api.part("/api/v1/product-sales", month=month, cursor=cursor, limit=PAGE_SIZE)
    known = await products(visit)
    return {
        "sales": sales,
        "products": known,
        "titles": await titles_of(visit, products=known),
        "query": {"month": month},
        "columns": COLUMNS,
    }
