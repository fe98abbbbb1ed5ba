# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""`client.rules`: What is watched for: those of products, and those organisations add; tried on the past."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import UNSET, UnsetType

from monokoto.client.types import (
    AddedRule,
    AddedRulePage,
    Rule,
    RulePage,
    RuleVersion,
    RuleVersionPage,
    UnitRule,
    UnitRulePage,
)
from monokoto.client.wire import Api, Call, Download, Pages, given, segment


class RulesApi:
    """What is watched for: those of products, and those organisations add; tried on the past."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def list_product_rules(self, product: str, version: str) -> Pages[RulePage, Rule]:
        """List the rules of a product's version.

        As its section `rules` says, all on one page. Needs `products:read`. Raises NotFound.

        Args:
            product: Name of the product.
            version: A version of the product, such as `1.4.0`.
        """
        call = Call(
            method="GET", path=f"/api/v1/products/{segment(product)}/versions/{segment(version)}/rules", repeatable=True
        )
        return self._api.pages(call, RulePage, Rule)

    def list_rules(self, *, limit: int | None = None, cursor: str | None = None) -> Pages[AddedRulePage, AddedRule]:
        """List added rules.

        The organisation's own, from the oldest on; those of products are with their versions. Needs
        `telemetry:read`.

        Args:
            limit: At most so many on this page (1 to 10000; default: 100).
            cursor: `next_cursor` of the page before.
        """
        call = Call(method="GET", path="/api/v1/rules", query=given(limit=limit, cursor=cursor), repeatable=True)
        return self._api.pages(call, AddedRulePage, AddedRule)

    def create_rule(
        self,
        *,
        name: str,
        product: str,
        rule: Mapping[str, Any],
        maker: str | UnsetType = UNSET,
        units: Sequence[str] | UnsetType = UNSET,
        tags: Sequence[str] | UnsetType = UNSET,
        group: str | UnsetType = UNSET,
        enabled: bool | UnsetType = UNSET,
        idempotency_key: str | None = None,
    ) -> AddedRule:
        """Add a rule.

        For units that lie open to the organisation; where one no longer does, the rule ends for it. 422 lists every
        fault. Needs `control:write`. Raises Conflict, TooLarge.

        Args:
            name: As in `too-hot`; unique in the organisation (at most 64 characters).
            product: The product whose units it is for (at most 64 characters).
            rule: The rule as in the section `rules` of product.yaml (docs/rules.md).
            maker: Whose product, where several makers have one of the name.
            units: Unit ids; empty: whichever (at most 1,000).
            tags: All of them; the maker's alone (at most 32).
            group: A group's id; empty: whichever.
            enabled: Default: true.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST",
            path="/api/v1/rules",
            body=given(name=name, product=product, rule=rule, maker=maker, units=units, tags=tags, group=group)
            | given(enabled=enabled),
            key=idempotency_key,
            keyed=True,
        )
        return self._api.ask(call, AddedRule)

    def try_rules(
        self,
        *,
        product: str,
        from_: str,
        to: str,
        rule: Mapping[str, Any] | UnsetType | None = UNSET,
        rules: Sequence[str] | UnsetType = UNSET,
        version: str | UnsetType = UNSET,
        maker: str | UnsetType = UNSET,
        units: Sequence[str] | UnsetType = UNSET,
        tags: Sequence[str] | UnsetType = UNSET,
        group: str | UnsetType = UNSET,
        idempotency_key: str | None = None,
    ) -> Download:
        """Try rules on what was measured.

        Which alerts there would have been. Changes nothing; close the connection to end it early. Needs
        `telemetry:read`. Raises NotFound, Conflict, TooLarge.

        Args:
            product: At most 64 characters.
            from_: RFC 3339.
            to: RFC 3339.
            rule: A rule as in product.yaml; null: rules of the product.
            rules: Names of the product's rules; empty: all of them (at most 200).
            version: Of the product; empty: the one new units get.
            maker: Whose product, where several makers have one of the name.
            units: Unit ids; empty: whichever (at most 1,000).
            tags: All of them; the maker's alone (at most 32).
            group: A group's id; empty: whichever.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST",
            path="/api/v1/rules/try",
            body=given(product=product, from_=from_, to=to, rule=rule, rules=rules, version=version, maker=maker)
            | given(units=units, tags=tags, group=group),
            key=idempotency_key,
            keyed=True,
            accept="application/x-ndjson",
        )
        return self._api.download_now(call)

    def get_rule(self, rule_id: str) -> AddedRule:
        """Look at an added rule.

        With the versions of the product it does not suit. Needs `telemetry:read`. Raises NotFound.

        Args:
            rule_id: Id of the added rule.
        """
        call = Call(method="GET", path=f"/api/v1/rules/{segment(rule_id)}", repeatable=True)
        return self._api.ask(call, AddedRule)

    def delete_rule(self, rule_id: str, *, if_match: str | None = None, idempotency_key: str | None = None) -> None:
        """Take an added rule away.

        Its versions stay, for the alerts that name them. Needs `control:write`. Raises NotFound, Conflict,
        PreconditionFailed, TooLarge.

        Args:
            rule_id: Id of the added rule.
            if_match: Change only if this is still the entity tag.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="DELETE",
            path=f"/api/v1/rules/{segment(rule_id)}",
            headers={"If-Match": if_match},
            key=idempotency_key,
            keyed=True,
        )
        self._api.tell(call)

    def change_rule(
        self,
        rule_id: str,
        *,
        name: str | UnsetType = UNSET,
        rule: Mapping[str, Any] | UnsetType = UNSET,
        units: Sequence[str] | UnsetType = UNSET,
        tags: Sequence[str] | UnsetType = UNSET,
        group: str | UnsetType = UNSET,
        enabled: bool | UnsetType = UNSET,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> AddedRule:
        """Change an added rule, or switch it on or off.

        Another text or other units make a new version; the alerts it raised before name the version that raised
        them. Needs `control:write`. Raises NotFound, Conflict, PreconditionFailed, TooLarge.

        Args:
            rule_id: Id of the added rule.
            name: As in `too-hot`; unique in the organisation (at most 64 characters).
            rule: The rule as in the section `rules` of product.yaml (docs/rules.md).
            units: Unit ids; empty: whichever (at most 1,000).
            tags: All of them; the maker's alone (at most 32).
            group: A group's id; empty: whichever.
            if_match: Change only if this is still the entity tag.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="PATCH",
            path=f"/api/v1/rules/{segment(rule_id)}",
            headers={"If-Match": if_match},
            body=given(name=name, rule=rule, units=units, tags=tags, group=group, enabled=enabled),
            key=idempotency_key,
            keyed=True,
        )
        return self._api.ask(call, AddedRule)

    def list_rule_versions(self, rule_id: str) -> Pages[RuleVersionPage, RuleVersion]:
        """What an added rule said and says.

        The newest first, all on one page; also of a rule that was taken away. Needs `telemetry:read`. Raises
        NotFound.

        Args:
            rule_id: Id of the added rule.
        """
        call = Call(method="GET", path=f"/api/v1/rules/{segment(rule_id)}/versions", repeatable=True)
        return self._api.pages(call, RuleVersionPage, RuleVersion)

    def list_unit_rules(self, unit: str) -> Pages[UnitRulePage, UnitRule]:
        """What a unit is watched for, and what is raised.

        The product's rules that are told to the asker's side, and those the asker's organisation added; all on one
        page. Needs `telemetry:read`. Raises NotFound.

        Args:
            unit: Id of the unit: 13 characters.
        """
        call = Call(method="GET", path=f"/api/v1/units/{segment(unit)}/rules", repeatable=True)
        return self._api.pages(call, UnitRulePage, UnitRule)
