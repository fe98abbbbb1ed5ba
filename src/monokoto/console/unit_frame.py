"""What every page about one unit shows around its own content: the unit, whether it is there, its model, and the tabs."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from litestar import Response

from monokoto.console.api import NotAllowed, NotThere, Part, Problem
from monokoto.console.languages import mark
from monokoto.console.schemas import Property, properties_of
from monokoto.console.visit import Visit

TAB_TARGET = "unit-tab"
"""The element a tab is swapped into; htmx names it in `HX-Target`."""


@dataclass(frozen=True, slots=True)
class Tab:
    """One page about a unit."""

    name: str
    label: str
    scope: str
    """Needed to see it."""
    needs: str = ""
    """A route of the API that it cannot be without."""


TABS = (
    Tab("overview", mark("Now"), "telemetry:read"),
    Tab("charts", mark("Charts"), "telemetry:read"),
    Tab("alerts", mark("Alerts"), "telemetry:read", "/api/v1/units/{unit}/alerts"),
    Tab("twin", mark("Twin"), "telemetry:read"),
    Tab("commands", mark("Commands"), "control:read", "/api/v1/units/{unit}/actions/{action}"),
    Tab("events", mark("Events"), "telemetry:read"),
    Tab("dead-letters", mark("Dead letters"), "telemetry:read"),
    Tab("system", mark("Product system"), "units:read"),
    Tab("software", mark("Software"), "units:read"),
    Tab("entitlements", mark("Features"), "earn:read", "/api/v1/units/{unit}/entitlements"),
    Tab("ownership", mark("Ownership"), "ownership:read", "/api/v1/units/{unit}/ownership"),
    Tab("description", mark("Thing Description"), "units:read", "/api/v1/units/{unit}/td"),
    Tab("audit", mark("Audit"), "audit:read", "/api/v1/audit"),
)
_TABS = {tab.name: tab for tab in TABS}


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitFrame:
    """One unit, ready to be shown; `unit` in templates."""

    unit: Mapping[str, Any]
    presence: Part
    model: Mapping[str, Any]
    """Its Thing Model or Thing Description; empty when neither is open to the visitor."""
    properties: list[Property]
    tab: Tab
    tabs: tuple[Tab, ...]

    @property
    def id(self) -> str:
        """The unit's id."""
        return str(self.unit["id"])

    @property
    def name(self) -> str:
        """What people call it: its name, else its serial."""
        return str(self.unit["name"] or self.unit["serial"])

    @property
    def product_title(self) -> str:
        """What people call its product, as the version it runs has it."""
        return str(self.model.get("title") or self.unit["product"])

    @property
    def base(self) -> str:
        """Address of its first page."""
        return address(self.id)

    @property
    def api(self) -> str:
        """Its address in the API."""
        return f"/api/v1/units/{self.id}"

    def href(self, tab: str) -> str:
        """Address of one of its pages."""
        return self.base if tab == "overview" else f"{self.base}/{tab}"

    @property
    def events(self) -> list[tuple[str, str]]:
        """Names and titles of the events of its model."""
        return [(name, self.event_title(name)) for name in self.model.get("events") or {}]

    def event_title(self, name: str) -> str:
        """What people call an event."""
        event = (self.model.get("events") or {}).get(name) or {}
        return str(event.get("title") or name)

    def property_of(self, name: str) -> Property:
        """A property of the model; one that the model does not know is told by its name."""
        known = next((one for one in self.properties if one.name == name), None)
        return known or Property(name=name, title=name, kind="")


def address(unit_id: str) -> str:
    """Address of a unit's first page."""
    return f"/console/units/{quote(unit_id, safe='')}"


async def load(visit: Visit, unit_id: str, tab: str) -> UnitFrame:
    """The unit and what surrounds it.

    Raises:
        NotThere: there is no such unit for this visitor, or the platform has no such page.
        NotAllowed: the visitor's role may not see this page.
    """
    wanted = _TABS[tab]
    path = f"/api/v1/units/{quote(unit_id, safe='')}"
    unit, presence = await asyncio.gather(visit.api.get(path), visit.api.part(f"{path}/presence"))
    if wanted.needs and not visit.api.offers(wanted.needs):
        raise NotThere(Problem(status=404, code="not-offered"))
    if not visit.may(wanted.scope):
        raise NotAllowed(Problem(status=403, code="forbidden"))
    model = await _model(visit, path, unit)
    return UnitFrame(
        unit=unit,
        presence=presence,
        model=model,
        properties=properties_of(model),
        tab=wanted,
        tabs=tuple(one for one in TABS if visit.may(one.scope) and (not one.needs or visit.api.offers(one.needs))),
    )


async def _model(visit: Visit, path: str, unit: Mapping[str, Any]) -> Mapping[str, Any]:
    """From the product where the visitor may see products; else from the unit's own description."""
    if visit.may("products:read"):
        product, version = quote(unit["product"], safe=""), quote(unit["version"], safe="")
        part = await visit.api.part(f"/api/v1/products/{product}/versions/{version}")
        if part.problem is None:
            model: Mapping[str, Any] = part.value["thing_model"]
            return model
    if visit.api.offers("/api/v1/units/{unit}/td"):
        part = await visit.api.part(f"{path}/td")
        if isinstance(part.value, Mapping):
            return part.value
    return {}


def show(visit: Visit, frame: UnitFrame, *, status: int = 200, **values: Any) -> Response[str]:
    """The unit's page, or the tab alone when only that is asked for."""
    bare = visit.is_part and visit.request.headers.get("hx-target") == TAB_TARGET
    return visit.page(
        f"unit/{frame.tab.name.replace('-', '_')}.html",
        status=status,
        frame_layout="unit/bare.html" if bare else "unit/frame.html",
        unit=frame,
        **values,
    )
