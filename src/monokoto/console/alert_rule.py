"""The rule behind an alert, as far as the visitor may read it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from monokoto.console.rule_text import as_yaml
from monokoto.console.visit import Visit


async def rule_of_alert(visit: Visit, alert: Mapping[str, Any]) -> dict[str, Any] | None:
    """Its text in the version that raised the alert, and where its page is; None: it is not for the visitor to read."""
    key, version = str(alert["rule"]), str(alert["rule_version"])
    product, _, name = key.partition("/")
    if not name:
        found = await visit.api.part(f"/api/v1/rules/{quote(key, safe='')}/versions")
        items = found.value["items"] if found.value else []
        one = next((one for one in items if str(one["version"]) == version), items[0] if items else None)
        page = f"/console/rules/{quote(key, safe='')}"
        return {"text": as_yaml(one["rule"]), "version": one["version"], "href": page} if one else None
    if visit.may("products:read"):
        path = f"/api/v1/products/{quote(product, safe='')}/versions/{quote(version, safe='')}/rules"
        found = await visit.api.part(path)
        rules = found.value["items"] if found.value else []
    else:
        found = await visit.api.part(f"/api/v1/units/{quote(str(alert['unit']), safe='')}/rules")
        rules = [one["rule"] for one in found.value["items"] if one["key"] == key] if found.value else []
    one = next((one for one in rules if one["name"] == name), None)
    page = f"/console/rules/of/{quote(product, safe='')}/{quote(version, safe='')}/{quote(name, safe='')}"
    href = page if visit.may("products:read") else ""
    return {"text": as_yaml(one["rule"]), "version": version, "href": href} if one else None
