"""Products over HTTP: look, check, compare, apply."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import msgspec
from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter, SkipValidation
from msgspec import Meta

from monokoto.connect.products.changes.change import ABSENT, Change
from monokoto.connect.products.description.checking import CheckedProduct
from monokoto.connect.products.description.folder import Folder
from monokoto.connect.products.description.report import Note
from monokoto.connect.products.plan import Plan
from monokoto.connect.products.service import Applied, Products
from monokoto.connect.products.store import Product, ProductVersion, VersionContent
from monokoto.kernel.clock import format_instant
from monokoto.kernel.facts import Facts
from monokoto.kernel.limits import PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX
from monokoto.web import Caller, Page, Scope, decode_cursor, page_of, problem_responses, requires


class FolderRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A product's folder: its files as text."""

    files: Annotated[dict[str, str], Meta(description="By name; `product.yaml` is the one that counts")]


class ProductJson(msgspec.Struct, frozen=True):
    """A product."""

    product: str
    title: str
    current_version: Annotated[str, Meta(description="What new units get")]
    created_at: str
    updated_at: str


class VersionJson(msgspec.Struct, frozen=True):
    """A version of a product; it never changes."""

    version: str
    digest: Annotated[str, Meta(description="SHA-256 of what was applied, in canonical JSON")]
    created_at: str


class VersionContentJson(msgspec.Struct, frozen=True):
    """A version and what was applied."""

    product: str
    version: str
    digest: str
    created_at: str
    thing_model: Annotated[dict[str, Any], Meta(description="W3C WoT Thing Model 1.1")]
    document: Annotated[dict[str, Any], Meta(description="All sections of product.yaml")]
    files: Annotated[dict[str, str], Meta(description="The text as it was applied")]


class NoteJson(msgspec.Struct, frozen=True):
    """Worth knowing, and no fault."""

    text: str
    place: str
    file: str
    line: int


class ChangeJson(msgspec.Struct, frozen=True):
    """One difference between two versions."""

    place: Annotated[str, Meta(description="JSON pointer into product.yaml")]
    kind: Annotated[str, Meta(description="added, removed or changed")]
    needs: Annotated[str, Meta(description="The least move of the version that may carry it: patch, minor, major")]
    reason: str
    before: Any | msgspec.UnsetType = msgspec.UNSET
    after: Any | msgspec.UnsetType = msgspec.UNSET


class CheckedJson(msgspec.Struct, frozen=True):
    """A folder without a fault."""

    product: str
    version: str
    digest: str
    properties: int
    actions: int
    events: int
    notes: list[NoteJson]


class PlanJson(msgspec.Struct, frozen=True):
    """What applying a folder would do."""

    product: str
    version: str
    outcome: Annotated[str, Meta(description="create, add-version, unchanged or refused")]
    base: Annotated[str, Meta(description="The version it is compared with; empty for a new product")]
    needs: Annotated[str, Meta(description="How far the version must move: none, patch, minor, major")]
    changes: list[ChangeJson]
    refusal: str
    suggested_version: str
    notes: list[NoteJson]


class AppliedJson(msgspec.Struct, frozen=True):
    """What applying a folder did."""

    product: ProductJson
    plan: PlanJson


def product_to_json(product: Product) -> ProductJson:
    """As the API shows it."""
    return ProductJson(
        product=product.product,
        title=product.title,
        current_version=product.current_version,
        created_at=format_instant(product.created_at),
        updated_at=format_instant(product.updated_at),
    )


def version_to_json(version: ProductVersion) -> VersionJson:
    """As the API shows it."""
    return VersionJson(version=version.version, digest=version.digest, created_at=format_instant(version.created_at))


def content_to_json(content: VersionContent) -> VersionContentJson:
    """As the API shows it."""
    return VersionContentJson(
        product=content.header.product,
        version=content.header.version,
        digest=content.header.digest,
        created_at=format_instant(content.header.created_at),
        thing_model=dict(content.thing_model),
        document=dict(content.document),
        files=dict(content.files),
    )


def note_to_json(note: Note) -> NoteJson:
    """As the API shows it."""
    return NoteJson(text=note.text, place=note.place, file=note.file, line=note.line)


def change_to_json(change: Change) -> ChangeJson:
    """As the API shows it; what was or is not there is left out."""
    return ChangeJson(
        place=change.place,
        kind=change.kind.value,
        needs=change.bump.word,
        reason=change.reason,
        before=msgspec.UNSET if change.before is ABSENT else change.before,
        after=msgspec.UNSET if change.after is ABSENT else change.after,
    )


def checked_to_json(checked: CheckedProduct) -> CheckedJson:
    """As the API shows it."""
    model = checked.thing_model
    return CheckedJson(
        product=checked.product,
        version=checked.version,
        digest=checked.digest,
        properties=len(model.get("properties", {})),
        actions=len(model.get("actions", {})),
        events=len(model.get("events", {})),
        notes=[note_to_json(note) for note in checked.notes],
    )


def plan_to_json(plan: Plan) -> PlanJson:
    """As the API shows it."""
    return PlanJson(
        product=plan.product,
        version=plan.version,
        outcome=plan.outcome.value,
        base=plan.base,
        needs=plan.needed.word,
        changes=[change_to_json(change) for change in plan.changes],
        refusal=plan.refusal,
        suggested_version=plan.suggested_version,
        notes=[note_to_json(note) for note in plan.notes],
    )


def applied_to_json(applied: Applied) -> AppliedJson:
    """As the API shows it."""
    return AppliedJson(product=product_to_json(applied.product), plan=plan_to_json(applied.plan))


class ProductsController(Controller):
    """`/api/v1/products`."""

    path = "/api/v1/products"
    tags = ("Products",)

    @get(
        "/",
        operation_id="listProducts",
        guards=[requires(Scope.PRODUCTS_READ)],
        responses=problem_responses(),
        summary="List products",
    )
    async def all(
        self,
        caller: NamedDependency[Caller],
        products: NamedDependency[Products],
        limit: Annotated[int, QueryParameter(ge=1, le=PAGE_SIZE_MAX)] = PAGE_SIZE_DEFAULT,
        cursor: FromQuery[str | None] = None,
    ) -> Page[ProductJson]:
        """By name."""
        after = decode_cursor(cursor, str)[0] if cursor else ""
        found = await asyncio.to_thread(products.list, caller.organisation_id, after=after, limit=limit + 1)
        return page_of(found, limit, key=lambda product: product.product, shown=product_to_json)

    @get(
        "/{product:str}",
        operation_id="getProduct",
        guards=[requires(Scope.PRODUCTS_READ)],
        responses=problem_responses(404),
        summary="Look at a product",
    )
    async def one(
        self, caller: NamedDependency[Caller], products: NamedDependency[Products], product: FromPath[str]
    ) -> ProductJson:
        """And the version new units get."""
        return product_to_json(await asyncio.to_thread(products.get, caller.organisation_id, product))

    @get(
        "/{product:str}/versions",
        operation_id="listProductVersions",
        guards=[requires(Scope.PRODUCTS_READ)],
        responses=problem_responses(404),
        summary="List the versions of a product",
    )
    async def versions(
        self, caller: NamedDependency[Caller], products: NamedDependency[Products], product: FromPath[str]
    ) -> Page[VersionJson]:
        """The highest first, all on one page: a product has at most 1000."""
        found = await asyncio.to_thread(products.versions, caller.organisation_id, product)
        return Page(items=[version_to_json(version) for version in found])

    @get(
        "/{product:str}/versions/{version:str}",
        operation_id="getProductVersion",
        guards=[requires(Scope.PRODUCTS_READ)],
        responses=problem_responses(404),
        summary="Look at a version with its Thing Model",
    )
    async def version(
        self,
        caller: NamedDependency[Caller],
        products: NamedDependency[Products],
        product: FromPath[str],
        version: FromPath[str],
    ) -> VersionContentJson:
        """What was applied, word by word and as a complete Thing Model."""
        return content_to_json(await asyncio.to_thread(products.content, caller.organisation_id, product, version))

    @get(
        "/{product:str}/versions/{version:str}/changes",
        operation_id="listProductVersionChanges",
        guards=[requires(Scope.PRODUCTS_READ)],
        responses=problem_responses(404),
        summary="Compare a version with another one",
    )
    async def changes(
        self,
        caller: NamedDependency[Caller],
        products: NamedDependency[Products],
        product: FromPath[str],
        version: FromPath[str],
        since: Annotated[str, QueryParameter(description="The version to compare it with")],
    ) -> Page[ChangeJson]:
        """Every difference from the version `since` to this one, all on one page."""
        found = await asyncio.to_thread(products.changes, caller.organisation_id, product, since, version)
        return Page(items=[change_to_json(change) for change in found])

    @post(
        "/check",
        operation_id="checkProduct",
        guards=[requires(Scope.PRODUCTS_READ)],
        responses=problem_responses(413),
        status_code=200,
        summary="Check a product folder",
    )
    async def check(self, products: NamedDependency[Products], data: JSONBody[FolderRequest]) -> CheckedJson:
        """Changes nothing; 422 lists every fault with file, line and place."""
        return checked_to_json(await asyncio.to_thread(products.check, Folder(data.files)))

    @post(
        "/diff",
        operation_id="diffProduct",
        guards=[requires(Scope.PRODUCTS_READ)],
        responses=problem_responses(413),
        status_code=200,
        summary="What applying a product folder would do",
    )
    async def diff(
        self,
        caller: NamedDependency[Caller],
        products: NamedDependency[Products],
        data: JSONBody[FolderRequest],
    ) -> PlanJson:
        """Changes nothing; a plan that would be refused says why and which version would do."""
        return plan_to_json(await asyncio.to_thread(products.plan, caller.organisation_id, Folder(data.files)))

    @post(
        "/apply",
        operation_id="applyProduct",
        guards=[requires(Scope.PRODUCTS_WRITE)],
        responses=problem_responses(409, 413),
        status_code=200,
        summary="Apply a product folder",
    )
    async def apply(
        self,
        caller: NamedDependency[Caller],
        products: NamedDependency[Products],
        data: JSONBody[FolderRequest],
        facts: NamedDependency[SkipValidation[Facts | None]] = None,
    ) -> AppliedJson:
        """The same folder again changes nothing; 409 lists what breaks."""
        applied = await asyncio.to_thread(products.apply, caller.organisation_id, Folder(data.files))
        if facts is not None:
            for fact in applied.facts:
                await facts.tell(fact)
        return applied_to_json(applied)
