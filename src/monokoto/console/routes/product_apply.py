"""Applying a product from a page: its `product.yaml` as a file or as text, what that would change, and then the change."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from litestar import Controller, Response, get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency

from monokoto.console.api import Fault, NotAllowed, Part, Problem, Refused
from monokoto.console.languages import mark
from monokoto.console.routes.products import change_rows
from monokoto.console.visit import Visit

FILE = "product.yaml"
APPLIED = mark("%(product)s %(version)s is there. Units can be registered.")
NO_TEXT = mark("Choose a file, or write the description below.")
NOT_TEXT = mark("This file is not text in UTF-8.")
TEMPLATE = "products/apply.html"


class ProductApplyController(Controller):
    """`/console/apply`."""

    path = "/apply"

    @get("/")
    async def form(self, visit: NamedDependency[Visit]) -> Response[str]:
        """An empty form."""
        _refuse_readers(visit)
        return visit.page(TEMPLATE, text="", plan=None)

    @post("/")
    async def look_or_apply(self, visit: NamedDependency[Visit]) -> Response[str]:
        """First what it would come to; with `do=apply`, the thing itself. What is wrong stands above the text, to be mended."""
        _refuse_readers(visit)
        text = visit.value("text")
        try:
            text = await _text_of(visit)
            body = {"files": {FILE: text}}
            if visit.value("do") == "apply":
                applied = await visit.api.post("/api/v1/products/apply", body)
                return _applied(visit, applied["product"], applied["plan"])
            plan = await visit.api.post("/api/v1/products/diff", body)
        except Refused as refused:
            return visit.again(TEMPLATE, refused, text=text, plan=None)
        return visit.page(TEMPLATE, text=text, plan=plan, rows=change_rows(Part(value={"items": plan["changes"]})))


def _refuse_readers(visit: Visit) -> None:
    if not visit.may("products:write"):
        raise NotAllowed(Problem(status=403, code="forbidden"))


async def _text_of(visit: Visit) -> str:
    """The file if one was chosen, else what is written. Raises Refused when there is neither."""
    chosen = (await visit.request.form()).get("file")
    if isinstance(chosen, UploadFile) and (content := await chosen.read()):
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise _wrong(visit, "file", NOT_TEXT) from None
    text = visit.secret("text").replace("\r\n", "\n")  # a browser sends the ends of lines in its own way
    if not text.strip():
        raise _wrong(visit, "file", NO_TEXT)
    return text


def _wrong(visit: Visit, place: str, reason: str) -> Refused:
    return Refused(Problem(status=422, code="invalid", faults=[Fault(reason=visit.say(reason), place=place)]))


def _applied(visit: Visit, product: dict[str, Any], plan: dict[str, Any]) -> Response[str]:
    name = product["title"] or product["product"]
    said = visit.say(APPLIED, product=name, version=plan["version"])
    return visit.go(f"/console/products/{quote(product['product'], safe='')}", said)
