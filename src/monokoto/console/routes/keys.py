"""API keys: list, make, revoke."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from monokoto.console.api import Problem, Refused
from monokoto.console.formats import zone_of
from monokoto.console.languages import mark
from monokoto.console.visit import Visit
from monokoto.kernel.clock import MICROSECONDS_PER_SECOND, format_instant
from monokoto.web import Scope

LIFETIMES_DAYS = (30, 90, 365)
REVOKED = mark("The key “%(name)s” is revoked. It opens nothing any more.")
_WHAT = {
    Scope.ADMIN: mark("Everything in the organisation, keys and people included"),
    Scope.PLATFORM: mark("See and make the organisations of the whole platform"),
    Scope.PRODUCTS_READ: mark("See products and their models"),
    Scope.PRODUCTS_WRITE: mark("Apply products"),
    Scope.UNITS_READ: mark("See units"),
    Scope.UNITS_WRITE: mark("Register, change and retire units"),
    Scope.TELEMETRY_READ: mark("See what units measured"),
    Scope.TELEMETRY_WRITE: mark("Import readings"),
    Scope.CONTROL_READ: mark("See twins and commands"),
    Scope.CONTROL_WRITE: mark("Set desired state, invoke actions"),
    Scope.OWNERSHIP_READ: mark("See who owns units"),
    Scope.OWNERSHIP_WRITE: mark("Claim units, hand them on, share and lend them"),
    Scope.PEOPLE_READ: mark("See members"),
    Scope.PEOPLE_WRITE: mark("Invite members, give and take roles"),
    Scope.WEBHOOKS_READ: mark("See webhooks"),
    Scope.WEBHOOKS_WRITE: mark("Make and change webhooks"),
    Scope.AUDIT_READ: mark("Read the audit log"),
    Scope.EARN_READ: mark("See plans, customers, subscriptions, usage and invoices"),
    Scope.EARN_WRITE: mark("Change plans, customers, subscriptions, usage and invoices"),
    Scope.PORTAL_READ: mark("See what we subscribe to, what we use and what it costs"),
    Scope.PORTAL_WRITE: mark("Change what we subscribe to"),
}
"""What each scope opens, for people."""


class KeysController(Controller):
    """`/console/keys`."""

    path = "/keys"

    @get("/")
    async def index(self, visit: NamedDependency[Visit], cursor: FromQuery[str] = "") -> Response[str]:
        """The keys there are, those that still open something first."""
        found = await visit.api.get("/api/v1/keys", cursor=cursor, limit=100)
        items = sorted(found["items"], key=lambda key: (key["revoked_at"] is not None, key["name"].lower()))
        return visit.page("keys/list.html", keys=items, next_cursor=found["next_cursor"])

    @get("/new")
    async def new(self, visit: NamedDependency[Visit]) -> Response[str]:
        """The form."""
        return visit.page("keys/new.html", **_form(visit))

    @post("/new")
    async def make(self, visit: NamedDependency[Visit]) -> Response[str]:
        """Make it, and show its secret this once."""
        body = {
            "name": visit.value("name"),
            "scopes": visit.values("scopes"),
            "expires_at": _expiry(visit),
        }
        try:
            if not body["scopes"]:
                raise Refused(Problem(status=422, code="invalid", detail=visit.say(CHOOSE_ONE)))
            made = await visit.api.post("/api/v1/keys", body)
        except Refused as refused:
            return visit.again("keys/new.html", refused, **_form(visit))
        return visit.page("keys/made.html", status=201, key=made["key"], secret=made["secret"])

    @post("/{key:str}/revoke")
    async def revoke(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[str]:
        """It opens nothing from now on."""
        revoked = await visit.api.delete(f"/api/v1/keys/{key}")
        return visit.go("/console/keys", visit.say(REVOKED, name=revoked["name"]))


CHOOSE_ONE = mark("Choose at least one scope.")


def _form(visit: Visit) -> dict[str, Any]:
    """Only what the visitor holds can be given to a key."""
    return {
        "scopes": [(scope.value, what) for scope, what in _WHAT.items() if visit.may(scope)],
        "lifetimes": LIFETIMES_DAYS,
    }


def _expiry(visit: Visit) -> str | None:
    """The end of the chosen day in the visitor's zone, or so many days from now; None: never."""
    chosen = visit.value("lifetime")
    if chosen.isdecimal() and int(chosen) in LIFETIMES_DAYS:
        return format_instant(visit.formats.now + int(chosen) * 86_400 * MICROSECONDS_PER_SECOND)
    if chosen != "until" or not (day := visit.value("until")):
        return None
    try:
        midnight = datetime.fromisoformat(day).replace(tzinfo=zone_of(visit.formats.zone))
    except ValueError:
        return day  # the API says what is wrong with it
    return format_instant(round((midnight + timedelta(days=1)).timestamp()) * MICROSECONDS_PER_SECOND)
