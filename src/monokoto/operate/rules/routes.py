"""Rules over HTTP: those organisations add, those of products, those that watch a unit."""

from __future__ import annotations

import asyncio
from typing import Annotated

from litestar import Controller, Response, delete, get, patch, post
from litestar.datastructures import ResponseHeader
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, HeaderParameter, JSONBody, QueryParameter, SkipValidation

from monokoto.kernel.facts import Facts
from monokoto.kernel.ids import parse_id
from monokoto.kernel.limits import PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX
from monokoto.operate.rules.added.added_rule import AddedRule
from monokoto.operate.rules.added.service import Rules
from monokoto.operate.rules.documents import (
    AddedRuleJson,
    AddRuleRequest,
    ChangeRuleRequest,
    RuleJson,
    RuleVersionJson,
    UnitRuleJson,
    added_to_json,
    change_from_json,
    new_from_json,
    rule_to_json,
    unit_rule_to_json,
    version_to_json,
)
from monokoto.operate.rules.watching import Watching
from monokoto.web import Caller, Gate, Page, Scope, decode_cursor, format_etag, page_of, problem_responses, requires

_READ = [requires(Scope.TELEMETRY_READ)]
_WRITE = [requires(Scope.CONTROL_WRITE)]
_ETAG = [ResponseHeader(name="ETag", description="Names this state, for conditional requests", documentation_only=True)]
IfMatch = Annotated[
    str | None, HeaderParameter(name="If-Match", description="Change only if this is still the entity tag")
]


def _rule_id(text: str) -> int:
    return parse_id(text, what="rule id")


class RulesController(Controller):
    """`/api/v1/rules`."""

    path = "/api/v1/rules"
    tags = ("Rules",)

    @get("", operation_id="listRules", guards=_READ, responses=problem_responses(), summary="List added rules")
    async def all(
        self,
        caller: NamedDependency[Caller],
        rules: NamedDependency[Rules],
        watching: NamedDependency[Watching],
        limit: Annotated[int, QueryParameter(ge=1, le=PAGE_SIZE_MAX)] = PAGE_SIZE_DEFAULT,
        cursor: FromQuery[str | None] = None,
    ) -> Page[AddedRuleJson]:
        """The organisation's own, from the oldest on; those of products are with their versions."""
        after = decode_cursor(cursor, int)[0] if cursor else 0
        found = await asyncio.to_thread(rules.list, caller.organisation_id, after=after, limit=limit + 1)
        unwatched = watching.book.page.unwatched
        return page_of(
            found, limit, key=lambda rule: rule.id, shown=lambda rule: added_to_json(rule, unwatched.get(rule.id, ()))
        )

    @post(
        "",
        operation_id="createRule",
        guards=_WRITE,
        responses=problem_responses(409, 413),
        response_headers=_ETAG,
        summary="Add a rule",
    )
    async def create(
        self,
        caller: NamedDependency[Caller],
        rules: NamedDependency[Rules],
        watching: NamedDependency[Watching],
        facts: NamedDependency[SkipValidation[Facts]],
        data: JSONBody[AddRuleRequest],
    ) -> Response[AddedRuleJson]:
        """For units that lie open to the organisation; where one no longer does, the rule ends for it. 422 lists every fault."""
        new = new_from_json(data)
        made = await asyncio.to_thread(rules.create, caller.organisation_id, new, actor_id=caller.actor_id)
        await facts.tell(rules.changed(caller.organisation_id, made.id))
        return _shown(made, watching, status=201)

    @get(
        "/{rule_id:str}",
        operation_id="getRule",
        guards=_READ,
        responses=problem_responses(404),
        response_headers=_ETAG,
        summary="Look at an added rule",
    )
    async def one(
        self,
        caller: NamedDependency[Caller],
        rules: NamedDependency[Rules],
        watching: NamedDependency[Watching],
        rule_id: FromPath[str],
    ) -> Response[AddedRuleJson]:
        """With the versions of the product it does not suit."""
        return _shown(await asyncio.to_thread(rules.get, caller.organisation_id, _rule_id(rule_id)), watching)

    @patch(
        "/{rule_id:str}",
        operation_id="changeRule",
        guards=_WRITE,
        responses=problem_responses(404, 409, 412, 413),
        response_headers=_ETAG,
        summary="Change an added rule, or switch it on or off",
    )
    async def change(
        self,
        caller: NamedDependency[Caller],
        rules: NamedDependency[Rules],
        watching: NamedDependency[Watching],
        facts: NamedDependency[SkipValidation[Facts]],
        rule_id: FromPath[str],
        data: JSONBody[ChangeRuleRequest],
        if_match: IfMatch = None,
    ) -> Response[AddedRuleJson]:
        """Another text or other units make a new version; the alerts it raised before name the version that raised them."""
        changed = await asyncio.to_thread(
            rules.change,
            caller.organisation_id,
            _rule_id(rule_id),
            change_from_json(data),
            actor_id=caller.actor_id,
            expected=if_match,
        )
        await facts.tell(rules.changed(caller.organisation_id, changed.id))
        return _shown(changed, watching)

    @delete(
        "/{rule_id:str}",
        operation_id="deleteRule",
        guards=_WRITE,
        responses=problem_responses(404, 412),
        summary="Take an added rule away",
    )
    async def remove(
        self,
        caller: NamedDependency[Caller],
        rules: NamedDependency[Rules],
        facts: NamedDependency[SkipValidation[Facts]],
        rule_id: FromPath[str],
        if_match: IfMatch = None,
    ) -> None:
        """Its versions stay, for the alerts that name them."""
        await asyncio.to_thread(rules.delete, caller.organisation_id, _rule_id(rule_id), expected=if_match)
        await facts.tell(rules.changed(caller.organisation_id, _rule_id(rule_id)))

    @get(
        "/{rule_id:str}/versions",
        operation_id="listRuleVersions",
        guards=_READ,
        responses=problem_responses(404),
        summary="What an added rule said and says",
    )
    async def versions(
        self, caller: NamedDependency[Caller], rules: NamedDependency[Rules], rule_id: FromPath[str]
    ) -> Page[RuleVersionJson]:
        """The newest first, all on one page; also of a rule that was taken away."""
        found = await asyncio.to_thread(rules.versions, caller.organisation_id, _rule_id(rule_id))
        return Page(items=[version_to_json(version) for version in found])


class ProductRulesController(Controller):
    """`/api/v1/products/{product}/versions/{version}/rules`."""

    path = "/api/v1/products/{product:str}/versions/{version:str}/rules"
    tags = ("Rules",)

    @get(
        "",
        operation_id="listProductRules",
        guards=[requires(Scope.PRODUCTS_READ)],
        responses=problem_responses(404),
        summary="List the rules of a product's version",
    )
    async def all(
        self,
        caller: NamedDependency[Caller],
        watching: NamedDependency[Watching],
        product: FromPath[str],
        version: FromPath[str],
    ) -> Page[RuleJson]:
        """As its section `rules` says, all on one page."""
        found = await asyncio.to_thread(watching.book.rules_of_version, caller.organisation_id, product, version)
        return Page(items=[rule_to_json(rule) for rule in found])


class UnitRulesController(Controller):
    """`/api/v1/units/{unit}/rules`."""

    path = "/api/v1/units/{unit:str}/rules"
    tags = ("Rules",)

    @get(
        "",
        operation_id="listUnitRules",
        guards=_READ,
        responses=problem_responses(404),
        summary="What a unit is watched for, and what is raised",
    )
    async def all(
        self,
        caller: NamedDependency[Caller],
        gate: NamedDependency[Gate],
        watching: NamedDependency[Watching],
        unit: FromPath[str],
    ) -> Page[UnitRuleJson]:
        """The product's rules that are told to the asker's side, and those the asker's organisation added; all on one page."""
        reach = gate.unit(caller, parse_id(unit, what="unit id")).must_be_present()
        found = await asyncio.to_thread(watching.of_unit, reach, caller.organisation_id)
        return Page(items=[unit_rule_to_json(one) for one in found])


def _shown(rule: AddedRule, watching: Watching, *, status: int = 200) -> Response[AddedRuleJson]:
    shown = added_to_json(rule, watching.book.page.unwatched.get(rule.id, ()))
    headers = {"ETag": format_etag(rule.revision)}
    if status == 201:
        headers["Location"] = f"/api/v1/rules/{shown.id}"
    return Response(shown, status_code=status, headers=headers)
