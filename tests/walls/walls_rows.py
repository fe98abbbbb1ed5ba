"""What each route is, said by hand: which wall stands before it, which scope opens it, and a request that is right.

A route without a row here fails `test_every_route_has_its_row`. What follows from a row for each of those who ask is worked
out in `walls_rules.py`, never looked up in what the application answers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from walls_asking import Answer
from walls_money import (
    PAYER,
    XML,
    bank_answer,
    browser,
    listening,
    new_account,
    new_entry,
    new_gift,
    new_partner,
    new_passkey,
    new_taken,
    nothing_changes,
    only_own_units,
    only_the_maker_tells,
    only_who_steers_asks,
    partner_body,
    signed_by,
    statement,
    stripe_event,
    untold,
    usage_event,
    waiting_payment,
)
from walls_world import FLAT, SEPA, Asker, World, product_files

from monokoto.kernel.clock import format_instant
from monokoto.kernel.ids import format_id
from monokoto.web import Scope

Given = Any | Callable[[World, Asker], Any]
MERGE = {"content-type": "application/merge-patch+json"}
NDJSON = {"content-type": "application/x-ndjson"}
TEXT = {"content-type": "text/plain"}
STREAM = {"accept": "text/event-stream"}


class Wall(StrEnum):
    """What stands before a route."""

    OPEN = "open"
    """Answered to everybody; where it asks for a secret of its own, with the refusal of a wrong one."""
    TOKEN = "a unit's token"
    KNOWN = "any key or session"
    PERSON = "a person"
    OWN = "the organisation's own"
    """Of things with an id: the organisation's that has it, to all others it is not there."""
    LOOK = "any time of the unit"
    PRESENT = "the unit's present"
    CONTROL = "control of the unit"
    MAKER = "the unit's maker"
    OWNER = "the unit's owner"
    SHARE = "a share's two sides"
    RENTAL = "a rental's two sides"
    NOBODYS = "nobody's"
    """A request about something of somebody else, which nobody may make."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One route, or one way to ask it."""

    wall: Wall
    scope: Scope | None = None
    body: Given = None
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] | Callable[[World, Asker], Mapping[str, str]] = field(default_factory=dict)
    ids: Mapping[str, str] = field(default_factory=dict)
    """Parameter of the path, or `{name}` in the body: name in `World.ids`, or a literal after `=` that is no id."""
    fresh: Callable[[World, Asker], dict[str, str]] | None = None
    """For requests that are to be carried out: something to use up."""
    done: tuple[int, ...] = (200, 201, 202, 204)
    """The statuses of a request that no wall refused."""
    never: str = ""
    """Why no request of the table gets a 2xx."""
    in_handler: bool = False
    """The scope depends on the request, so that the handler asks for it, after it has looked whose the thing is."""
    perhaps: bool = False
    """Whether a request is carried out depends on what happens meanwhile."""
    costly: bool = False
    """The body is made anew only for a request that is to be carried out."""
    outside: int = 0
    """What those are told to whom the thing is not there; 0: that there is no such thing (404). Said too where the body or the
    query names what `owners` have."""
    opens: str = ""
    """The mark the request itself opens to whoever makes it."""
    says: Callable[[World, str, Answer], str] | None = None
    """What is wrong in an answer that no wall refused, for an organisation: many things are answered one by one."""
    besides: Mapping[str, int] = field(default_factory=dict)
    """Who is told something else for a reason of its own, by column."""
    owners: frozenset[str] = frozenset({"maker"})
    """The organisations that have the thing with the id."""
    subjects: tuple[str, ...] = ("subject", "let")
    """Which units it is asked of."""


def unit_row(wall: Wall, scope: Scope, **more: Any) -> Row:
    return Row(wall=wall, scope=scope, **more)


def new_unit(world: World, _asker: Asker) -> dict[str, str]:
    return {"unit": world.new_unit()}


def new_owned(world: World, _asker: Asker) -> dict[str, str]:
    return world.new_owned()


def new_let(world: World, _asker: Asker) -> dict[str, str]:
    return world.new_owned(let=True)


def new_entitlement(world: World, _asker: Asker) -> dict[str, str]:
    body = {"feature": "glow", "unit": world.ids["subject"]}
    return {"entitlement": world.done("POST", "/api/v1/entitlements", world.admins["maker"], body)["id"]}


def new_feature_share(world: World, asker: Asker) -> dict[str, str]:
    unit = new_owned(world, asker)["unit"]
    body = {"feature": "glow", "with_unit": world.ids["subject"]}
    made = world.done("POST", f"/api/v1/units/{unit}/entitlement-shares", world.admins["owner"], body)
    return {"unit": unit, "share": made["id"]}


def new_suspension(world: World, _asker: Asker) -> dict[str, str]:
    made = new_customer(world, _asker)
    body = {**made, "because": "overdue"}
    world.done("POST", "/api/v1/entitlement-suspensions", world.admins["maker"], body)
    return made


def new_credential(world: World, _asker: Asker) -> dict[str, str]:
    subject = world.ids["subject"]
    made = world.done(
        "POST", f"/api/v1/units/{subject}/credentials", world.admins["maker"], {"name": f"c{world.number()}"}
    )
    world.secrets.add(made["token"])
    unit, credential = subject, made["credential"]["id"]
    return {"unit": unit, "credential": credential}


def new_key(world: World, _asker: Asker) -> dict[str, str]:
    made = world.done("POST", "/api/v1/keys", world.admins["maker"], {"name": "short", "scopes": ["units:read"]})
    return {"key": made["key"]["id"]}


def new_member(world: World, _asker: Asker) -> dict[str, str]:
    return {"person": world.new_person("maker", "viewer").person}


def new_invitation(world: World, _asker: Asker) -> dict[str, str]:
    body = {"email": f"guest{world.number()}@example.com", "role": "viewer"}
    return {"invitation": world.done("POST", "/api/v1/invitations", world.admins["maker"], body)["id"]}


def new_webhook(world: World, _asker: Asker) -> dict[str, str]:
    body = {"url": "http://127.0.0.1:9/", "events": ["unit.online"]}
    return {"webhook": world.done("POST", "/api/v1/webhooks", world.admins["maker"], body)["webhook"]["id"]}


def new_receiver(world: World, _asker: Asker) -> dict[str, str]:
    made = world.done("POST", "/api/v1/receivers", world.admins["maker"], _HOOKED)
    world.secrets.add(made["secret"])
    return {"receiver": made["receiver"]["id"]}


def new_route(world: World, _asker: Asker) -> dict[str, str]:
    return {"route": world.done("POST", "/api/v1/notification-routes", world.admins["maker"], _told(world))["id"]}


def new_subscription(world: World, asker: Asker) -> dict[str, str]:
    return {"subscription": world.done("POST", "/api/v1/push-subscriptions", asker, browser(world, asker))["id"]}


def _told(world: World) -> dict[str, Any]:
    return {"name": "short", "steps": [{"receivers": [world.ids["receiver"]]}], "enabled": False}


def new_session(world: World, asker: Asker) -> dict[str, str]:
    """Another session of the same person, to be ended."""
    home = world.organisations[asker.organisation]
    person = next(
        one for one in world.platform.people.members(home.id, limit=1000) if format_id(one.person.id) == asker.person
    )
    made, _ = world.platform.sessions.begin(person.person.id, method="password", address="", agent="another")
    return {"session": format_id(made.id)}


def new_view(world: World, asker: Asker) -> dict[str, str]:
    body = {"name": f"view{world.number()}", "query": "product=lamp", "shared": True}
    return {"view": world.done("POST", "/api/v1/views", asker, body)["id"]}


def new_group(world: World, _asker: Asker) -> dict[str, str]:
    body = {"name": f"group{world.number()}"}
    return {"group": world.done("POST", "/api/v1/groups", world.admins["maker"], body)["id"]}


def new_rule(world: World, _asker: Asker) -> dict[str, str]:
    return {"rule_id": world.done("POST", "/api/v1/rules", world.admins["maker"], rule_body(world, _asker))["id"]}


def rule_body(world: World, _asker: Asker) -> dict[str, Any]:
    return {"name": f"rule{world.number()}", "product": "lamp", "rule": {"when": "target > 5"}}


def window_body(world: World, _asker: Asker) -> dict[str, Any]:
    end = format_instant(world.platform.clock.now() + 3_600_000_000)
    return {"to": end, "selection": {"product": "lamp"}, "reason": "filters"}


def new_window(world: World, asker: Asker) -> dict[str, str]:
    body = window_body(world, asker)
    return {"window": world.done("POST", "/api/v1/maintenance-windows", world.admins["maker"], body)["id"]}


def shelf_body(world: World, _asker: Asker) -> dict[str, Any]:
    return {"until": format_instant(world.platform.clock.now() + 3_600_000_000), "rule": True}


def new_command(world: World, _asker: Asker) -> dict[str, str]:
    subject = world.ids["subject"]
    made = world.done("POST", f"/api/v1/units/{subject}/actions/reset", world.admins["maker"])
    return {"unit": subject, "command": str(made["id"]) if "id" in made else made["href"].split("/")[-1]}


def unconfirmed(world: World, _asker: Asker) -> dict[str, str]:
    subject = world.ids["subject"]
    made = world.done("POST", f"/api/v1/units/{subject}/actions/wipe", world.admins["maker"])
    return {"unit": subject, "command": str(made["id"])}


_SWITCH = {"steps": [{"units": {"product": "lamp"}, "desired": {"target": 1}}]}
_EVENING = {"when": {"at": ["18:30"], "dates": ["2020-01-01"]}, "run": _SWITCH}
"""It never comes."""


def new_scene(world: World, _asker: Asker) -> dict[str, str]:
    body = {"name": f"scene{world.number()}", **_SWITCH}
    return {"scene": world.done("POST", "/api/v1/scenes", world.admins["maker"], body)["scene"]["id"]}


def new_schedule(world: World, _asker: Asker) -> dict[str, str]:
    body = {"name": f"schedule{world.number()}", **_EVENING}
    return {"schedule": world.done("POST", "/api/v1/schedules", world.admins["maker"], body)["id"]}


def customer_body(world: World, _asker: Asker) -> dict[str, Any]:
    return {"name": world.mark(f"customer-{world.number()}", "maker"), "country": "DE", "currency": "EUR"}


def new_customer(world: World, asker: Asker) -> dict[str, str]:
    made = world.done("POST", "/api/v1/customers", world.admins["maker"], customer_body(world, asker))
    return {"customer": made["id"]}


def new_sold(world: World, asker: Asker) -> dict[str, str]:
    body = {**new_customer(world, asker), "product": "lamp", "plan": "flat", "units": [world.ids["free"]]}
    return {"subscription": world.done("POST", "/api/v1/subscriptions", world.admins["maker"], body)["id"]}


def purchase_body(world: World, asker: Asker) -> dict[str, Any]:
    """Of what is offered to the owners of lamps, one of whom is a customer already."""
    payer = {"name": world.mark(f"payer-{world.number()}", "maker", asker.organisation), "country": "DE"}
    maker = format_id(world.organisations["maker"].id)
    return {"maker": maker, "product": "lamp", "plan": "offered", "version": 1, "billing": payer}


def new_bought(world: World, _asker: Asker) -> dict[str, str]:
    """The owner's, by a plan it could have chosen by itself."""
    asked = {"customer": world.ids["customer"], "product": "lamp", "plan": "offered", "units": [world.new_unit()]}
    return {"subscription": world.done("POST", "/api/v1/subscriptions", world.admins["maker"], asked)["id"]}


def new_invoice(world: World, _asker: Asker) -> dict[str, str]:
    return {"invoice": world.invoice()}


def new_draft_invoice(world: World, _asker: Asker) -> dict[str, str]:
    return {"invoice": world.invoice(sent=False)}


def lost_invoice(world: World, _asker: Asker) -> dict[str, str]:
    made = world.invoice()
    world.done("POST", f"/api/v1/invoices/{made}/uncollectible", world.admins["maker"], {})
    return {"invoice": made}


def invoice_body(world: World, _asker: Asker) -> dict[str, Any]:
    period = {"from": "2026-01-01T00:00:00Z", "to": "2026-02-01T00:00:00Z"}
    line = {"key": "l", "title": "t", "amount": "1.00"}
    return {
        "customer": world.ids["customer"], "currency": "EUR", "key": f"asked-{world.number()}", "period": period,
        "lines": [line],
    }  # fmt: skip


def product_sales_body(world: World, _asker: Asker) -> dict[str, Any]:
    sale = {"date": "2026-01-05", "product": "washer", "units": 1, "currency": "EUR", "amount": "399.00"}
    return {"sales": [{"key": f"sold-{world.number()}", **sale}]}


def payment_body(world: World, _asker: Asker) -> dict[str, Any]:
    return {"customer": world.ids["customer"], "amount": "1.00", "currency": "EUR", "key": f"paid-{world.number()}"}


def offered(world: World, asker: Asker) -> dict[str, str]:
    unit = world.new_owned()["unit"]
    body = {"to": asker.organisation}
    return {"transfer": world.done("POST", f"/api/v1/units/{unit}/transfer", world.admins["owner"], body)["id"]}


def own_slug(world: World, asker: Asker) -> str:
    return format_id(world.organisations[asker.organisation or "maker"].id)


_APPLY = {"files": product_files("again")}
_TAG = {"kind": "units.tag", "selection": {"product": "lamp"}, "parameters": {"add": ["x"]}, "preview": True}
_HOOKED = {"kind": "webhook", "name": "short", "url": "http://127.0.0.1:9/"}
_HOOK = {"url": "http://127.0.0.1:9/", "events": ["unit.online"]}
NO_CREDENTIAL = {
    "id": "AAAA", "rawId": "AAAA", "type": "public-key",
    "response": {"clientDataJSON": "AAAA", "attestationObject": "AAAA"},
}  # fmt: skip
GIVES_NO_MORE = {"key for people:write": 403}
"""Nobody gives or takes a role that opens more than they hold themselves."""
R, S = Row, Scope
_PLAN = {"product": "=lamp", "plan": "=flat"}
_OWED = {"invoice": "invoice"}
_SOLD = {"subscription": "subscription"}
_PAYS = {"customer": "customer"}
_EACH = frozenset({"everybody"})
_OF_LAMPS = frozenset({"maker", "foreign"})
_BUYERS = frozenset({"owner", "other"})
"""To whom lamps are offered."""
_HAVE_LAMPS = frozenset({"maker", "foreign", "owner", "guest", "renter", "other"})
"""Two makers have a product of this name, with a meter and a plan of one name each."""

_ALERTED = frozenset({"maker", "owner", "guest"})
"""To whom the alert of the requests lies open."""
_LOOKS_ON = {"admin of guest": 403}
_OF_MAKER = dict.fromkeys(
    ("admin of guest", "admin of owner", "owner of owner", "household-member of owner", "viewer of owner"), 403
)
"""An owner may say that they took notice; what the maker makes of its alerts is the maker's."""

ROWS: dict[str, Row] = {
    # What everybody may ask
    "GET /": R(wall=Wall.OPEN),
    "GET /healthz": R(wall=Wall.OPEN),
    "GET /readyz": R(wall=Wall.OPEN, done=(200, 503)),
    "GET /metrics": R(wall=Wall.OPEN),
    "GET /ping": R(wall=Wall.OPEN),
    "GET /.well-known/wot": R(wall=Wall.OPEN),
    "GET /openapi": R(wall=Wall.OPEN),
    "GET /openapi/openapi.json": R(wall=Wall.OPEN),
    "GET /openapi/openapi.yml": R(wall=Wall.OPEN),
    "GET /openapi/openapi.yaml": R(wall=Wall.OPEN),
    "GET /openapi/{path}": R(wall=Wall.OPEN, ids={"path": "=nothing"}, done=(404,), never="there is no such page"),
    # Doors, each with a secret of its own
    "POST /api/v1/session": R(
        wall=Wall.OPEN, body={"email": "nobody@example.com", "password": "not the password"}, done=(401, 429),
        never="nobody has this password",
    ),
    "POST /api/v1/first-run": R(
        wall=Wall.OPEN, done=(404, 409, 422), never="the link is made up",
        body={"token": "x" * 40, "organisation": "X", "name": "X", "email": "x@example.com", "password": "correct horse x"},
    ),
    "POST /api/v1/password/forgotten": R(wall=Wall.OPEN, body={"email": "nobody@example.com"}, done=(202, 204)),
    "POST /api/v1/password/reset": R(
        wall=Wall.OPEN, body={"token": "x" * 40, "password": "correct horse battery"}, done=(404,), never="the link is made up",
    ),
    "POST /api/v1/sign-up": R(
        wall=Wall.OPEN, body={"email": "nobody@example.com"}, done=(403,), never="this platform is not open for sign-up",
    ),
    "POST /api/v1/invitations/accept": R(
        wall=Wall.OPEN, body={"token": "x" * 40, "name": "X", "password": "correct horse battery"}, done=(404,),
        never="the link is made up",
    ),
    "POST /api/v1/invitations/offer": R(wall=Wall.OPEN, body={"token": "x" * 40}, done=(404,), never="the link is made up"),
    # Units
    "POST /api/v1/telemetry": R(wall=Wall.TOKEN, body={}),
    "POST /api/v1/columns": R(wall=Wall.TOKEN, body={"at": [], "values": {}}),
    "POST /api/v1/events/{event}": R(wall=Wall.TOKEN, body="x", ids={"event": "=fault"}),
    "POST /write": R(wall=Wall.TOKEN, body=b"m note=\"x\"", headers=TEXT),
    "POST /api/v2/write": R(wall=Wall.TOKEN, body=b"m note=\"x\"", headers=TEXT),
    "POST /api/v1/{token}/telemetry": R(
        wall=Wall.NOBODYS, body={}, ids={"token": "=not-a-token"}, done=(401,), never="the token in the path is made up",
    ),
    "POST /api/v1/{token}/attributes": R(
        wall=Wall.NOBODYS, body={}, ids={"token": "=not-a-token"}, done=(401,), never="the token in the path is made up",
    ),
    # People
    "GET /api/v1/session": R(wall=Wall.PERSON),
    "DELETE /api/v1/session": R(wall=Wall.PERSON),
    "POST /api/v1/session/organisation": R(wall=Wall.PERSON, body=lambda w, a: {"organisation": own_slug(w, a)}),
    "POST /api/v1/session/organisation #of others": R(
        wall=Wall.NOBODYS, body=lambda w, a: {"organisation": format_id(w.organisations["guest"].id)},
    ),
    "GET /api/v1/sessions": R(wall=Wall.PERSON),
    "DELETE /api/v1/sessions/{session}": R(wall=Wall.PERSON, ids={"session": "session"}, fresh=new_session),
    "DELETE /api/v1/sessions/{session} #of somebody else": R(
        wall=Wall.NOBODYS, ids={"session": "session"},
    ),
    "POST /api/v1/password/change": R(
        wall=Wall.PERSON, body={"old": "not the password", "new": "correct horse battery"}, done=(401, 429),
        never="nobody here has a password",
    ),
    "GET /api/v1/me": R(wall=Wall.PERSON),
    "PATCH /api/v1/me": R(wall=Wall.PERSON, body={"time_zone": "Asia/Seoul"}),
    "GET /api/v1/passkeys/relying-party": R(wall=Wall.OPEN, done=(200, 409)),
    "POST /api/v1/passkeys/authentication/options": R(wall=Wall.OPEN, done=(200, 201), body={}),
    "POST /api/v1/passkeys/authentication": R(
        wall=Wall.OPEN, done=(401, 422), body={"credential": {}}, never="no device is here that could prove itself",
    ),
    "POST /api/v1/passkeys/registration/options": R(wall=Wall.PERSON),
    "POST /api/v1/passkeys/registration": R(
        wall=Wall.PERSON, body={"credential": NO_CREDENTIAL}, done=(401, 404, 422), never="no device is here that could make one",
    ),
    "GET /api/v1/passkeys": R(wall=Wall.PERSON),
    "PATCH /api/v1/passkeys/{passkey}": R(
        wall=Wall.PERSON, ids={"passkey": "passkey"}, body={"name": "x"}, fresh=new_passkey,
    ),
    "PATCH /api/v1/passkeys/{passkey} #of somebody else": R(
        wall=Wall.NOBODYS, ids={"passkey": "passkey"}, body={"name": "x"}, owners=frozenset(),
    ),
    "DELETE /api/v1/passkeys/{passkey}": R(
        wall=Wall.PERSON, ids={"passkey": "passkey"}, fresh=new_passkey,
    ),
    "DELETE /api/v1/passkeys/{passkey} #of somebody else": R(
        wall=Wall.NOBODYS, ids={"passkey": "passkey"}, owners=frozenset(),
    ),
    "GET /api/v1/providers": R(wall=Wall.OPEN),
    "POST /api/v1/providers/{provider}/sign-in": R(
        wall=Wall.OPEN, ids={"provider": "=nobody"}, body={}, done=(404,), never="no provider is set here",
    ),
    "POST /api/v1/providers/{provider}/sign-in/answer": R(
        wall=Wall.OPEN, ids={"provider": "=nobody"}, body={"state": "x"}, done=(401, 404), never="no provider is set here",
    ),
    "POST /api/v1/providers/{provider}/link": R(
        wall=Wall.PERSON, ids={"provider": "=nobody"}, body={}, done=(404,), never="no provider is set here",
    ),
    "POST /api/v1/providers/{provider}/link/answer": R(
        wall=Wall.PERSON, ids={"provider": "=nobody"}, body={"state": "x"}, done=(401, 404), never="no provider is set here",
    ),
    "GET /api/v1/provider-accounts": R(wall=Wall.PERSON),
    "DELETE /api/v1/provider-accounts/{account}": R(
        wall=Wall.PERSON, ids={"account": "account"}, fresh=new_account,
    ),
    "DELETE /api/v1/provider-accounts/{account} #of somebody else": R(
        wall=Wall.NOBODYS, ids={"account": "account"}, owners=frozenset(),
    ),
    "GET /api/v1/roles": R(wall=Wall.KNOWN),
    "GET /api/v1/organisation": R(wall=Wall.KNOWN),
    "GET /api/v1/members": R(wall=Wall.OWN, scope=S.PEOPLE_READ),
    "GET /api/v1/members/{person}": R(wall=Wall.OWN, scope=S.PEOPLE_READ, ids={"person": "person"}),
    "PATCH /api/v1/members/{person}": R(wall=Wall.OWN, scope=S.PEOPLE_WRITE, ids={"person": "person"}, besides=GIVES_NO_MORE,
        body=lambda w, a: {"role": _some_role(w, a)},
    ),
    "DELETE /api/v1/members/{person}": R(
        wall=Wall.OWN, scope=S.PEOPLE_WRITE, ids={"person": "person"}, fresh=new_member, besides=GIVES_NO_MORE,
    ),
    "GET /api/v1/invitations": R(wall=Wall.OWN, scope=S.PEOPLE_READ),
    "POST /api/v1/invitations": R(
        wall=Wall.OWN, scope=S.PEOPLE_WRITE, besides=GIVES_NO_MORE,
        body=lambda w, a: {"email": f"new{w.number()}@example.com", "role": _some_role(w, a)},
    ),
    "DELETE /api/v1/invitations/{invitation}": R(
        wall=Wall.OWN, scope=S.PEOPLE_WRITE, ids={"invitation": "invitation"}, fresh=new_invitation,
    ),
    "GET /api/v1/organisations": R(wall=Wall.OWN, scope=S.PLATFORM),
    "POST /api/v1/organisations": R(
        wall=Wall.OWN, scope=S.PLATFORM, body=lambda w, a: {"name": "New", "slug": f"new-{w.number()}", "kind": "maker"},
    ),
    "GET /api/v1/keys": R(wall=Wall.OWN, scope=S.ADMIN),
    "POST /api/v1/keys": R(wall=Wall.OWN, scope=S.ADMIN, body={"name": "more", "scopes": ["units:read"]}),
    "DELETE /api/v1/keys/{key}": R(wall=Wall.OWN, scope=S.ADMIN, ids={"key": "key"}, fresh=new_key),
    # Products: two makers have one of this name
    "GET /api/v1/products": R(wall=Wall.OWN, scope=S.PRODUCTS_READ),
    "GET /api/v1/products/{product}": R(
        wall=Wall.OWN, scope=S.PRODUCTS_READ, ids={"product": "=lamp"}, owners=frozenset({"maker", "foreign"}),
    ),
    "GET /api/v1/products/{product}/versions": R(
        wall=Wall.OWN, scope=S.PRODUCTS_READ, ids={"product": "=lamp"}, owners=frozenset({"maker", "foreign"}),
    ),
    "GET /api/v1/products/{product}/versions/{version}": R(
        wall=Wall.OWN, scope=S.PRODUCTS_READ, ids={"product": "=lamp", "version": "=1.0.0"},
        owners=frozenset({"maker", "foreign"}),
    ),
    "GET /api/v1/products/{product}/versions/{version}/changes": R(
        wall=Wall.OWN, scope=S.PRODUCTS_READ, ids={"product": "=lamp", "version": "=1.0.0"}, query={"since": "1.0.0"},
        owners=frozenset({"maker", "foreign"}),
    ),
    "POST /api/v1/products/check": R(wall=Wall.OWN, scope=S.PRODUCTS_READ, body=_APPLY),
    "POST /api/v1/products/diff": R(wall=Wall.OWN, scope=S.PRODUCTS_READ, body=_APPLY),
    "POST /api/v1/products/apply": R(
        wall=Wall.OWN, scope=S.PRODUCTS_WRITE,
        body=lambda w, a: {"files": {"product.yaml": product_files("x")["product.yaml"].replace("lamp", f"p{w.number()}")}},
    ),
    # Units
    "GET /api/v1/units": R(wall=Wall.OWN, scope=S.UNITS_READ),
    "POST /api/v1/units": R(
        wall=Wall.OWN, scope=S.UNITS_WRITE, body=lambda w, a: {"product": "lamp", "serial": f"r{w.number()}"},
        done=(201,), owners=_OF_LAMPS, outside=422,
    ),
    "POST /api/v1/units #as a part": R(
        wall=Wall.OWN, scope=S.UNITS_WRITE, done=(201,), outside=422,
        body=lambda w, a: {"product": "lamp", "serial": f"part{w.number()}", "parent": w.ids["free"]},
    ),
    "POST /api/v1/units/import": R(
        wall=Wall.OWN, scope=S.UNITS_WRITE, headers=NDJSON,
        body=lambda w, a: f'{{"product": "lamp", "serial": "i{w.number()}"}}\n'.encode(), done=(200, 422),
    ),
    "POST /api/v1/units/upgrade": R(
        wall=Wall.OWN, scope=S.UNITS_WRITE, body={"product": "lamp", "version": "1.0.0"}, done=(200,), owners=_OF_LAMPS,
        outside=422,
    ),
    "POST /api/v1/claim-codes": R(wall=Wall.OWN, scope=S.UNITS_WRITE, body={"serial_prefix": "none"}),
    "GET /api/v1/units/{unit}": unit_row(Wall.LOOK, S.UNITS_READ),
    "PATCH /api/v1/units/{unit}": unit_row(Wall.MAKER, S.UNITS_WRITE, body={"tags": ["t"]}, fresh=new_unit),
    "DELETE /api/v1/units/{unit}": unit_row(Wall.MAKER, S.UNITS_WRITE, fresh=new_unit),
    "GET /api/v1/units/{unit}/children": unit_row(Wall.LOOK, S.UNITS_READ),
    "GET /api/v1/units/{unit}/tree": unit_row(Wall.LOOK, S.UNITS_READ),
    "GET /api/v1/units/{unit}/credentials": unit_row(Wall.MAKER, S.UNITS_READ),
    "POST /api/v1/units/{unit}/credentials": unit_row(Wall.MAKER, S.UNITS_WRITE, body={}, fresh=new_unit),
    "DELETE /api/v1/units/{unit}/credentials/{credential}": unit_row(
        Wall.MAKER, S.UNITS_WRITE, ids={"credential": "credential"}, fresh=new_credential, subjects=("subject",),
    ),
    "POST /api/v1/units/{unit}/credentials/{credential}/rotate": unit_row(
        Wall.MAKER, S.UNITS_WRITE, ids={"credential": "credential"}, body={}, fresh=new_credential, subjects=("subject",),
    ),
    "GET /api/v1/units/{unit}/presence": unit_row(Wall.PRESENT, S.UNITS_READ),
    "GET /api/v1/presence": R(wall=Wall.OWN, scope=S.UNITS_READ),
    # Entitlements
    "GET /api/v1/entitlement-keys": R(wall=Wall.OPEN),
    "POST /api/v1/entitlement-keys": R(wall=Wall.OWN, scope=S.PLATFORM),
    "GET /api/v1/entitlements": R(wall=Wall.OWN, scope=S.EARN_READ),
    "POST /api/v1/entitlements": R(
        wall=Wall.OWN, scope=S.EARN_WRITE, body=lambda w, a: {"feature": "glow", "unit": w.ids["subject"]},
        done=(201,), outside=404,
    ),
    **{
        f"POST /api/v1/entitlements #for a {holder}": R(
            wall=Wall.OWN, scope=S.EARN_WRITE, ids={holder: holder}, done=(201,),
            body={"feature": "glow", "product": "lamp", holder: f"{{{holder}}}"},
        )
        for holder in ("customer", "subscription")
    },
    "GET /api/v1/entitlements/{entitlement}": R(wall=Wall.OWN, scope=S.EARN_READ, ids={"entitlement": "entitlement"}),
    "DELETE /api/v1/entitlements/{entitlement}": R(
        wall=Wall.OWN, scope=S.EARN_WRITE, ids={"entitlement": "entitlement"}, fresh=new_entitlement,
    ),
    "POST /api/v1/entitlements/{entitlement}/hand-on": R(
        wall=Wall.OWN, scope=S.EARN_WRITE, ids={"entitlement": "entitlement"}, fresh=new_entitlement,
        body=lambda w, a: {"unit": w.ids["let"]},
    ),
    "GET /api/v1/entitlement-suspensions": R(wall=Wall.OWN, scope=S.EARN_READ),
    "POST /api/v1/entitlement-suspensions": R(
        wall=Wall.OWN, scope=S.EARN_WRITE, ids=_PAYS, fresh=new_customer, body={"customer": "{customer}", "because": "b"},
    ),
    "DELETE /api/v1/entitlement-suspensions/{customer}": R(
        wall=Wall.OWN, scope=S.EARN_WRITE, ids={"customer": "suspended"}, fresh=new_suspension,
    ),
    "GET /api/v1/entitlement-thresholds": R(wall=Wall.OWN, scope=S.EARN_READ),
    "GET /api/v1/units/{unit}/entitlements": unit_row(Wall.PRESENT, S.UNITS_READ),
    "GET /api/v1/units/{unit}/entitlements/{feature}": unit_row(Wall.PRESENT, S.UNITS_READ, ids={"feature": "=glow"}),
    "GET /api/v1/units/{unit}/entitlement-token": unit_row(Wall.CONTROL, S.CONTROL_READ, done=(200, 404), subjects=("subject",)),
    "POST /api/v1/units/{unit}/entitlement-shares": unit_row(
        Wall.OWNER, S.PORTAL_WRITE, body=lambda w, a: {"feature": "glow", "with_unit": w.ids["subject"]}, fresh=new_owned,
        subjects=("subject",),
    ),
    "DELETE /api/v1/units/{unit}/entitlement-shares/{share}": unit_row(
        Wall.OWNER, S.PORTAL_WRITE, ids={"share": "feature_share"}, fresh=new_feature_share, subjects=("subject",),
    ),
    # Ownership
    "POST /api/v1/claims": R(
        wall=Wall.OWN, scope=S.OWNERSHIP_WRITE, body={"code": "0000-0000-0000-0000"}, done=(404, 422, 429),
        never="the code is made up",
    ),
    "GET /api/v1/transfers": R(wall=Wall.OWN, scope=S.OWNERSHIP_READ),
    "POST /api/v1/transfers/accept": R(
        wall=Wall.OWN, scope=S.OWNERSHIP_WRITE, ids={"transfer": "transfer"}, body={"transfer": "{transfer}"}, fresh=offered,
        owners=frozenset({"other"}), done=(200, 201),
    ),
    "POST /api/v1/transfers/accept #of somebody else": R(
        wall=Wall.NOBODYS, scope=S.OWNERSHIP_WRITE, body=lambda w, a: {"transfer": w.ids["transfer"]},
        owners=frozenset({"other"}),
    ),
    "POST /api/v1/units/{unit}/claim-code": unit_row(Wall.MAKER, S.UNITS_WRITE, fresh=new_unit),
    "GET /api/v1/units/{unit}/ownership": unit_row(Wall.LOOK, S.OWNERSHIP_READ),
    "PATCH /api/v1/units/{unit}/ownership": unit_row(Wall.OWNER, S.OWNERSHIP_WRITE, body={"label": "l"}, fresh=new_owned),
    "DELETE /api/v1/units/{unit}/ownership": unit_row(Wall.OWNER, S.OWNERSHIP_WRITE, fresh=new_owned),
    "POST /api/v1/units/{unit}/transfer": unit_row(Wall.OWNER, S.OWNERSHIP_WRITE, body={"to": "other"}, fresh=new_owned),
    "DELETE /api/v1/units/{unit}/transfer": unit_row(Wall.OWNER, S.OWNERSHIP_WRITE, fresh=new_owned),
    "GET /api/v1/units/{unit}/shares": unit_row(Wall.LOOK, S.OWNERSHIP_READ),
    "POST /api/v1/units/{unit}/shares": unit_row(Wall.OWNER, S.OWNERSHIP_WRITE, body={"to": "other"}, fresh=new_owned),
    "DELETE /api/v1/units/{unit}/shares/{share}": unit_row(
        Wall.SHARE, S.OWNERSHIP_WRITE, ids={"share": "share"}, fresh=new_owned, subjects=("subject",),
    ),
    "GET /api/v1/units/{unit}/rentals": unit_row(Wall.LOOK, S.OWNERSHIP_READ),
    "POST /api/v1/units/{unit}/rentals": unit_row(
        Wall.OWNER, S.OWNERSHIP_WRITE, body={"to": "other", "end": "2098-01-01T00:00:00Z"}, fresh=new_owned,
    ),
    "DELETE /api/v1/units/{unit}/rentals/{rental}": unit_row(
        Wall.RENTAL, S.OWNERSHIP_WRITE, ids={"rental": "rental"}, fresh=new_let, subjects=("let",),
    ),
    # What units measured
    "GET /api/v1/units/{unit}/history": unit_row(Wall.LOOK, S.TELEMETRY_READ, query={"from": "-1d"}),
    "GET /api/v1/units/{unit}/events": unit_row(Wall.LOOK, S.TELEMETRY_READ),
    "GET /api/v1/history": R(wall=Wall.OWN, scope=S.TELEMETRY_READ, query={"product": "lamp", "from": "-1d"}),
    "GET /api/v1/history #of a unit": unit_row(Wall.LOOK, S.TELEMETRY_READ, query={"unit": "{unit}", "from": "-1d"}),
    "POST /api/v1/history": R(wall=Wall.OWN, scope=S.TELEMETRY_READ, body={"product": "lamp", "from": "-1d"}),
    "POST /api/v1/history #of a unit": unit_row(
        Wall.LOOK, S.TELEMETRY_READ, body=lambda w, a: {"units": ["{unit}"], "from": "-1d"},
    ),
    "GET /api/v1/export": R(wall=Wall.OWN, scope=S.TELEMETRY_READ, query={"product": "lamp", "from": "-1d", "format": "ndjson"}),
    "GET /api/v1/export #of a unit": unit_row(
        Wall.LOOK, S.TELEMETRY_READ, query={"unit": "{unit}", "from": "-1d", "format": "csv"},
    ),
    "POST /api/v1/import": R(
        wall=Wall.OWN, scope=S.TELEMETRY_WRITE, query={"format": "ndjson"}, headers=NDJSON, body=b"",
    ),
    "GET /api/v1/dead-letters": R(wall=Wall.OWN, scope=S.TELEMETRY_READ),
    "GET /api/v1/dead-letters #of a unit": unit_row(Wall.MAKER, S.TELEMETRY_READ, query={"unit": "{unit}"}),
    "GET /api/v1/dead-letters/counts": R(wall=Wall.OWN, scope=S.TELEMETRY_READ),
    "GET /api/v1/dead-letters/counts #of a unit": unit_row(Wall.MAKER, S.TELEMETRY_READ, query={"unit": "{unit}"}),
    "GET /api/v1/latest": R(wall=Wall.OWN, scope=S.TELEMETRY_READ, query={"product": "lamp"}),
    "POST /api/v1/latest": R(wall=Wall.OWN, scope=S.TELEMETRY_READ, body={"product": "lamp"}),
    # Twins
    "GET /api/v1/units/{unit}/twin": unit_row(Wall.LOOK, S.TELEMETRY_READ),
    "GET /api/v1/units/{unit}/twin/desired": unit_row(Wall.PRESENT, S.TELEMETRY_READ),
    "PUT /api/v1/units/{unit}/twin/desired": unit_row(Wall.CONTROL, S.CONTROL_WRITE, body={"target": 6}),
    "PATCH /api/v1/units/{unit}/twin/desired": unit_row(
        Wall.CONTROL, S.CONTROL_WRITE, body=b'{"target": 7}', headers=MERGE,
    ),
    "GET /api/v1/units/{unit}/twin/desired/revisions": unit_row(Wall.LOOK, S.TELEMETRY_READ),
    "GET /api/v1/units/{unit}/twin/stream": unit_row(Wall.PRESENT, S.TELEMETRY_READ),
    "GET /api/v1/twins/stream": R(wall=Wall.OWN, scope=S.TELEMETRY_READ),
    "GET /api/v1/twins/rebuild": R(wall=Wall.OWN, scope=S.ADMIN, done=(200, 404), perhaps=True),
    "POST /api/v1/twins/rebuild": R(wall=Wall.OWN, scope=S.ADMIN, done=(200, 202, 403, 409)),
    # Actions
    "GET /api/v1/units/{unit}/actions": unit_row(Wall.LOOK, S.CONTROL_READ),
    "GET /api/v1/units/{unit}/actions/{action}": unit_row(Wall.LOOK, S.CONTROL_READ, ids={"action": "=reset"}),
    "POST /api/v1/units/{unit}/actions/{action}": unit_row(Wall.CONTROL, S.CONTROL_WRITE, ids={"action": "=reset"}),
    "GET /api/v1/units/{unit}/actions/{action}/{command}": unit_row(
        Wall.LOOK, S.CONTROL_READ, ids={"action": "=reset", "command": "command"}, subjects=("subject",), done=(200, 404),
    ),
    "DELETE /api/v1/units/{unit}/actions/{action}/{command}": unit_row(
        Wall.CONTROL, S.CONTROL_WRITE, ids={"action": "=reset", "command": "command"}, fresh=new_command,
        subjects=("subject",), done=(200, 204, 409),
    ),
    "POST /api/v1/units/{unit}/actions/{action}/{command}/confirm": unit_row(
        Wall.CONTROL, S.CONTROL_WRITE, ids={"action": "=wipe", "command": "command"}, fresh=unconfirmed,
        subjects=("subject",), done=(200,),
    ),
    "GET /api/v1/commands": R(wall=Wall.OWN, scope=S.CONTROL_READ),
    # Each item is refused by itself: the walls before a unit are those of its own row.
    "POST /api/v1/commands": R(
        wall=Wall.OWN, scope=S.CONTROL_WRITE, body={"items": [{"unit": "{unit}", "action": "reset"}]}, done=(200,),
        says=only_who_steers_asks,
    ),
    # Things
    "GET /api/v1/units/{unit}/td": unit_row(Wall.PRESENT, S.UNITS_READ),
    "GET /api/v1/units/{unit}/thing-model": unit_row(Wall.PRESENT, S.UNITS_READ),
    "GET /api/v1/units/{unit}/properties": unit_row(Wall.PRESENT, S.TELEMETRY_READ),
    "PUT /api/v1/units/{unit}/properties": unit_row(Wall.CONTROL, S.CONTROL_WRITE, body={"target": 8}),
    "GET /api/v1/units/{unit}/properties/{name}": unit_row(
        Wall.PRESENT, S.TELEMETRY_READ, ids={"name": "=note"}, done=(200, 404),
    ),
    "PUT /api/v1/units/{unit}/properties/{name}": unit_row(
        Wall.CONTROL, S.CONTROL_WRITE, ids={"name": "=target"}, body=9,
    ),
    "GET /api/v1/units/{unit}/properties/{name}/observe": unit_row(
        Wall.PRESENT, S.TELEMETRY_READ, ids={"name": "=note"}, headers=STREAM,
    ),
    "GET /api/v1/units/{unit}/observe": unit_row(Wall.PRESENT, S.TELEMETRY_READ, headers=STREAM),
    "GET /api/v1/units/{unit}/events/{name}/subscribe": unit_row(
        Wall.PRESENT, S.TELEMETRY_READ, ids={"name": "=fault"}, headers=STREAM,
    ),
    "GET /api/v1/units/{unit}/subscribe": unit_row(Wall.PRESENT, S.TELEMETRY_READ, headers=STREAM),
    "POST /api/v1/access-tokens": R(wall=Wall.OWN, scope=S.TELEMETRY_READ, body={}),
    "GET /api/v1/things": R(wall=Wall.OWN, scope=S.UNITS_READ),
    "GET /api/v1/things/{thing}": unit_row(Wall.PRESENT, S.UNITS_READ),
    "GET /api/v1/things/events": R(wall=Wall.OWN, scope=S.UNITS_READ, headers=STREAM),
    "GET /api/v1/things/events/{kind}": R(wall=Wall.OWN, scope=S.UNITS_READ, headers=STREAM, ids={"kind": "=thing_created"},
                                          owners=frozenset({"everybody"})),
    "GET /api/v1/search/jsonpath": R(wall=Wall.OWN, scope=S.UNITS_READ, query={"query": "$[*]"}),
    # Who did what
    "GET /api/v1/audit": R(wall=Wall.OWN, scope=S.AUDIT_READ),
    "GET /api/v1/audit #of a unit": R(wall=Wall.OWN, scope=S.AUDIT_READ, query={"subject": "unit:{subject}"}),
    "GET /api/v1/audit/export": R(wall=Wall.OWN, scope=S.AUDIT_READ),
    # Work on many units
    "GET /api/v1/jobs/kinds": R(wall=Wall.KNOWN),
    "GET /api/v1/jobs": R(wall=Wall.OWN, scope=S.UNITS_READ),
    "POST /api/v1/jobs": R(wall=Wall.OWN, scope=S.UNITS_WRITE, body=_TAG, in_handler=True, done=(200, 422)),
    "POST /api/v1/jobs #a look at a unit": R(
        wall=Wall.LOOK, scope=S.UNITS_WRITE, in_handler=True, done=(200,),
        body=lambda w, a: {**_TAG, "selection": {"ids": ["{unit}"]}},
    ),
    "GET /api/v1/jobs/{job}": R(wall=Wall.OWN, scope=S.UNITS_READ, ids={"job": "job"}),
    "GET /api/v1/jobs/{job}/items": R(wall=Wall.OWN, scope=S.UNITS_READ, ids={"job": "job"}),
    "GET /api/v1/jobs/{job}/stream": R(wall=Wall.OWN, scope=S.UNITS_READ, ids={"job": "job"}),
    "POST /api/v1/jobs/{job}/cancel": R(
        wall=Wall.OWN, scope=S.UNITS_WRITE, ids={"job": "job"}, in_handler=True, done=(200, 409), never="the job is done",
    ),
    "POST /api/v1/jobs/{job}/undo": R(
        wall=Wall.OWN, scope=S.UNITS_WRITE, ids={"job": "job"}, in_handler=True, done=(200, 409), perhaps=True,
    ),
    "GET /api/v1/fleet/summary": R(wall=Wall.OWN, scope=S.UNITS_READ),
    "GET /api/v1/fleet/map": R(wall=Wall.OWN, scope=S.UNITS_READ),
    "GET /api/v1/views": R(wall=Wall.OWN, scope=S.UNITS_READ),
    "POST /api/v1/views": R(
        wall=Wall.OWN, scope=S.UNITS_READ, body=lambda w, a: {"name": f"v{w.number()}", "query": "product=lamp"},
    ),
    "GET /api/v1/views/{view}": R(wall=Wall.OWN, scope=S.UNITS_READ, ids={"view": "view"}),
    "PATCH /api/v1/views/{view}": R(
        wall=Wall.OWN, scope=S.UNITS_READ, ids={"view": "view"}, body={"shared": True}, fresh=new_view,
    ),
    "DELETE /api/v1/views/{view}": R(wall=Wall.OWN, scope=S.UNITS_READ, ids={"view": "view"}, fresh=new_view),
    # Groups of units
    "GET /api/v1/groups": R(wall=Wall.OWN, scope=S.UNITS_READ),
    "POST /api/v1/groups": R(wall=Wall.OWN, scope=S.CONTROL_WRITE, body=lambda w, a: {"name": f"g{w.number()}"}),
    "POST /api/v1/groups #with a unit": R(
        wall=Wall.OWN, scope=S.CONTROL_WRITE, done=(201,), owners=_ALERTED, outside=404,
        body=lambda w, a: {"name": f"g{w.number()}", "units": [w.ids["subject"]]},
    ),
    "GET /api/v1/groups/{group}": R(wall=Wall.OWN, scope=S.UNITS_READ, ids={"group": "group"}),
    "PUT /api/v1/groups/{group}": R(
        wall=Wall.OWN, scope=S.CONTROL_WRITE, ids={"group": "=everybodys"}, body={}, owners=frozenset({"everybody"}),
    ),
    "DELETE /api/v1/groups/{group}": R(wall=Wall.OWN, scope=S.CONTROL_WRITE, ids={"group": "group"}, fresh=new_group),
    "GET /api/v1/groups/{group}/members": R(wall=Wall.OWN, scope=S.UNITS_READ, ids={"group": "group"}),
    "POST /api/v1/groups/{group}/members": R(
        wall=Wall.OWN, scope=S.CONTROL_WRITE, ids={"group": "group"}, body={}, fresh=new_group,
    ),
    # Rules
    "GET /api/v1/rules": R(wall=Wall.OWN, scope=S.TELEMETRY_READ),
    # Whoever has no lamp at present cannot add a rule for lamps.
    "POST /api/v1/rules": R(
        wall=Wall.OWN, scope=S.CONTROL_WRITE, body=rule_body, done=(201,), owners=_HAVE_LAMPS, outside=422,
    ),
    "GET /api/v1/rules/{rule_id}": R(wall=Wall.OWN, scope=S.TELEMETRY_READ, ids={"rule_id": "rule"}),
    "PATCH /api/v1/rules/{rule_id}": R(
        wall=Wall.OWN, scope=S.CONTROL_WRITE, ids={"rule_id": "rule"}, body={"enabled": True}, fresh=new_rule,
    ),
    "DELETE /api/v1/rules/{rule_id}": R(wall=Wall.OWN, scope=S.CONTROL_WRITE, ids={"rule_id": "rule"}, fresh=new_rule),
    # Whoever has no lamp at present has nothing to try it on.
    "POST /api/v1/rules/try": R(
        wall=Wall.OWN, scope=S.TELEMETRY_READ, done=(200,), owners=_HAVE_LAMPS, outside=422,
        body={
            "product": "lamp", "rule": {"when": "target > 5"}, "from": "2026-01-01T00:00:00Z", "to": "2026-01-02T00:00:00Z",
        },
    ),
    "GET /api/v1/rules/{rule_id}/versions": R(wall=Wall.OWN, scope=S.TELEMETRY_READ, ids={"rule_id": "rule"}),
    "GET /api/v1/products/{product}/versions/{version}/rules": R(
        wall=Wall.OWN, scope=S.PRODUCTS_READ, ids={"product": "=lamp", "version": "=1.0.0"},
        owners=frozenset({"maker", "foreign"}),
    ),
    "GET /api/v1/units/{unit}/rules": unit_row(Wall.PRESENT, S.TELEMETRY_READ),
    # Plans, customers, subscriptions
    "GET /api/v1/plans": R(wall=Wall.OWN, scope=S.EARN_READ),
    "GET /api/v1/products/{product}/plans/{plan}": R(
        wall=Wall.OWN, scope=S.EARN_READ, ids=_PLAN, owners=_OF_LAMPS,
    ),
    "GET /api/v1/products/{product}/plans/{plan}/versions": R(
        wall=Wall.OWN, scope=S.EARN_READ, ids=_PLAN, owners=_OF_LAMPS,
    ),
    "PUT /api/v1/products/{product}/plans/{plan}": R(
        wall=Wall.OWN, scope=S.EARN_WRITE, ids={"product": "=lamp", "plan": "=own"}, body={"plan": FLAT},
        owners=frozenset({"maker", "foreign"}),
    ),
    "POST /api/v1/products/{product}/plans/{plan}/preview": R(
        wall=Wall.OWN, scope=S.EARN_READ, ids=_PLAN, body={"units": 2}, owners=_OF_LAMPS,
    ),
    "POST /api/v1/products/{product}/plans/{plan}/retire": R(
        wall=Wall.OWN, scope=S.EARN_WRITE, ids={"product": "=lamp", "plan": "=spare"},
    ),
    "GET /api/v1/customers": R(wall=Wall.OWN, scope=S.EARN_READ),
    "POST /api/v1/customers": R(
        wall=Wall.OWN, scope=S.EARN_WRITE, body={"name": "x", "country": "DE", "currency": "EUR"},
    ),
    "GET /api/v1/customers/{customer}": R(wall=Wall.OWN, scope=S.EARN_READ, ids={"customer": "customer"}),
    "PATCH /api/v1/customers/{customer}": R(
        wall=Wall.OWN, scope=S.EARN_WRITE, ids={"customer": "customer"}, body={"terms_days": 7},
    ),
    "POST /api/v1/customers/{customer}/archive": R(
        wall=Wall.OWN, scope=S.EARN_WRITE, ids={"customer": "customer"}, fresh=new_customer,
    ),
    "GET /api/v1/customer-usage": R(
        wall=Wall.OWN, scope=S.EARN_READ, query={"meter": "lamp/lit"}, done=(200,), owners=_OF_LAMPS, outside=404,
    ),
    "GET /api/v1/subscriptions": R(wall=Wall.OWN, scope=S.EARN_READ),
    "POST /api/v1/subscriptions": R(
        wall=Wall.OWN, scope=S.EARN_WRITE, ids=_PAYS, fresh=new_customer, done=(201,),
        body=lambda w, a: {"customer": "{customer}", "product": "lamp", "plan": "flat", "units": [w.ids["free"]]},
    ),
    "POST /api/v1/subscriptions #for a unit of another maker": R(
        wall=Wall.OWN, scope=S.EARN_WRITE, ids=_PAYS, fresh=new_customer, done=(422,), never="the unit is another maker's",
        body=lambda w, a: {"customer": "{customer}", "product": "lamp", "plan": "flat", "units": [w.ids["foreign-free"]]},
    ),
    "POST /api/v1/subscriptions/move": R(
        wall=Wall.OWN, scope=S.EARN_WRITE, body={"product": "lamp", "plan": "flat", "preview": True}, done=(200,),
        owners=_OF_LAMPS, outside=404,
    ),
    "GET /api/v1/subscriptions/{subscription}": R(
        wall=Wall.OWN, scope=S.EARN_READ, ids=_SOLD,
    ),
    "GET /api/v1/subscriptions/{subscription}/events": R(
        wall=Wall.OWN, scope=S.EARN_READ, ids=_SOLD,
    ),
    "GET /api/v1/subscriptions/{subscription}/units": R(
        wall=Wall.OWN, scope=S.EARN_READ, ids=_SOLD,
    ),
    "POST /api/v1/subscriptions/{subscription}/units": R(
        wall=Wall.OWN, scope=S.EARN_WRITE, ids=_SOLD, fresh=new_sold, body={},
    ),
    "POST /api/v1/subscriptions/{subscription}/units #a unit of another maker": R(
        wall=Wall.OWN, scope=S.EARN_WRITE, ids=_SOLD, fresh=new_sold, body=lambda w, a: {"add": [w.ids["foreign-subject"]]},
        done=(422,), never="the unit is another maker's",
    ),
    "POST /api/v1/subscriptions/{subscription}/change": R(
        wall=Wall.OWN, scope=S.EARN_WRITE, ids=_SOLD, fresh=new_sold, body={"plan": "flat"},
    ),
    "POST /api/v1/subscriptions/{subscription}/end": R(
        wall=Wall.OWN, scope=S.EARN_WRITE, ids=_SOLD, fresh=new_sold, body={"at": "now"},
    ),
    "POST /api/v1/subscriptions/{subscription}/withdraw": R(
        wall=Wall.OWN, scope=S.EARN_WRITE, ids=_SOLD, fresh=new_sold, done=(200, 409), perhaps=True,
    ),
    "POST /api/v1/subscriptions/{subscription}/suspend": R(
        wall=Wall.OWN, scope=S.EARN_WRITE, ids=_SOLD, fresh=new_sold, body={},
    ),
    "POST /api/v1/subscriptions/{subscription}/resume": R(
        wall=Wall.OWN, scope=S.EARN_WRITE, ids=_SOLD, fresh=new_sold, done=(200, 409), perhaps=True,
    ),
    "POST /api/v1/subscriptions/{subscription}/coupons": R(
        wall=Wall.OWN, scope=S.EARN_WRITE, ids=_SOLD, fresh=new_sold, body={"name": "half", "percent": 50},
    ),
    "GET /api/v1/my/subscriptions": R(wall=Wall.OWN, scope=S.PORTAL_READ),
    "GET /api/v1/my/subscriptions/{subscription}": R(
        wall=Wall.OWN, scope=S.PORTAL_READ, ids=_SOLD, owners=frozenset({"owner"}),
    ),
    "GET /api/v1/my/subscriptions/{subscription}/plan": R(
        wall=Wall.OWN, scope=S.PORTAL_READ, ids=_SOLD, owners=frozenset({"owner"}),
    ),
    "GET /api/v1/my/subscriptions/{subscription}/units": R(
        wall=Wall.OWN, scope=S.PORTAL_READ, ids=_SOLD, owners=frozenset({"owner"}),
    ),
    "GET /api/v1/my/offers": R(wall=Wall.OWN, scope=S.PORTAL_READ),
    "POST /api/v1/my/subscriptions": R(
        wall=Wall.OWN, scope=S.PORTAL_WRITE, body=purchase_body, done=(201, 409), perhaps=True, owners=_BUYERS, outside=404,
    ),
    "POST /api/v1/my/subscriptions/{subscription}/change": R(
        wall=Wall.OWN, scope=S.PORTAL_WRITE, ids=_SOLD, owners=frozenset({"owner"}), fresh=new_bought,
        body={"plan": "offered-too", "version": 1},
    ),
    "POST /api/v1/my/subscriptions/{subscription}/end": R(
        wall=Wall.OWN, scope=S.PORTAL_WRITE, ids=_SOLD, owners=frozenset({"owner"}), fresh=new_bought, body={},
    ),
    "GET /api/v1/my/billing": R(wall=Wall.OWN, scope=S.PORTAL_READ),
    "PATCH /api/v1/my/billing/{maker}": R(
        wall=Wall.OWN, scope=S.PORTAL_WRITE, ids={"maker": "organisation-foreign"}, owners=frozenset({"owner"}),
        body={"email": "bills@example.org"},
    ),
    "GET /api/v1/my/partnerships": R(wall=Wall.OWN, scope=S.PORTAL_READ),
    "GET /api/v1/my/partnerships/{maker}/{partner}/statement": R(
        wall=Wall.OWN, scope=S.PORTAL_READ, ids={"maker": "organisation-maker", "partner": "=city"},
        owners=frozenset({"owner"}),
        query={"currency": "EUR", "from": "2026-01-01T00:00:00Z", "to": "2026-02-01T00:00:00Z"},
    ),
    "GET /api/v1/my/credit": R(wall=Wall.OWN, scope=S.PORTAL_READ),
    "GET /api/v1/my/shares": R(wall=Wall.OWN, scope=S.PORTAL_READ),
    "GET /api/v1/my/gifts": R(wall=Wall.OWN, scope=S.PORTAL_READ),
    "POST /api/v1/my/gifts": R(
        wall=Wall.OWN, scope=S.PORTAL_WRITE, body=purchase_body, done=(201, 409), perhaps=True, owners=_BUYERS, outside=404,
    ),
    "POST /api/v1/my/gifts/{gift}/withdraw": R(
        wall=Wall.OWN, scope=S.PORTAL_WRITE, ids={"gift": "gift"}, owners=frozenset({"owner"}), fresh=new_gift, done=(200,),
    ),
    # Whoever has the code sees what it opens, and of the units it could be for their own.
    "POST /api/v1/my/gifts/look": R(
        wall=Wall.OWN, scope=S.PORTAL_WRITE, body=lambda w, a: {"code": w.ids["open-code"]}, done=(200,), says=only_own_units,
        opens="title-maker",
    ),
    "POST /api/v1/my/gifts/look #a made-up code": R(
        wall=Wall.OWN, scope=S.PORTAL_WRITE, body={"code": "0000-0000-0000-0000"}, done=(404,), never="this code opens nothing",
    ),
    "POST /api/v1/my/gifts/take": R(
        wall=Wall.OWN, scope=S.PORTAL_WRITE, ids={"code": "open-code"}, owners=frozenset({"owner"}), outside=422, fresh=new_taken,
        body={"code": "{code}", "unit": "{unit}", "billing": PAYER}, done=(201,),
    ),
    # Invoices, payments, the ledger
    "GET /api/v1/issuer": R(wall=Wall.OWN, scope=S.EARN_READ),
    "PUT /api/v1/issuer": R(
        wall=Wall.OWN, scope=S.EARN_WRITE,
        body={"name": "Lamps", "country": "DE", "vat_id": "DE136695976", "address": {"city": "Berlin"}, **SEPA},
    ),
    "GET /api/v1/number-series": R(wall=Wall.OWN, scope=S.EARN_READ),
    "GET /api/v1/tax-rules": R(wall=Wall.OWN, scope=S.EARN_READ),
    "PUT /api/v1/tax-rules": R(
        wall=Wall.OWN, scope=S.EARN_WRITE, body={"rules": [{"category": "O", "reason": "Small business"}]},
    ),
    "GET /api/v1/invoices": R(wall=Wall.OWN, scope=S.EARN_READ),
    "POST /api/v1/invoices": R(wall=Wall.OWN, scope=S.EARN_WRITE, body=invoice_body, done=(201,), outside=404),
    "GET /api/v1/invoices/{invoice}": R(wall=Wall.OWN, scope=S.EARN_READ, ids=_OWED),
    "GET /api/v1/invoices/{invoice}/dunning": R(wall=Wall.OWN, scope=S.EARN_READ, ids=_OWED),
    "GET /api/v1/invoices/{invoice}/dunning-pause": R(wall=Wall.OWN, scope=S.EARN_READ, ids=_OWED),
    "PUT /api/v1/invoices/{invoice}/dunning-pause": R(wall=Wall.OWN, scope=S.EARN_WRITE, ids=_OWED, body={"because": "asked"}),
    "DELETE /api/v1/invoices/{invoice}/dunning-pause": R(wall=Wall.OWN, scope=S.EARN_WRITE, ids=_OWED),
    "PUT /api/v1/invoices/{invoice}/lines": R(
        wall=Wall.OWN, scope=S.EARN_WRITE, ids=_OWED, fresh=new_draft_invoice, body={"lines": []},
    ),
    "POST /api/v1/invoices/{invoice}/finalise": R(wall=Wall.OWN, scope=S.EARN_WRITE, ids=_OWED, fresh=new_draft_invoice),
    "POST /api/v1/invoices/{invoice}/void": R(
        wall=Wall.OWN, scope=S.EARN_WRITE, ids=_OWED, fresh=new_invoice, body={}, done=(200, 409),
    ),
    "POST /api/v1/invoices/{invoice}/uncollectible": R(
        wall=Wall.OWN, scope=S.EARN_WRITE, ids=_OWED, fresh=new_invoice, body={}, done=(200, 409),
    ),
    "POST /api/v1/invoices/{invoice}/reinstate": R(wall=Wall.OWN, scope=S.EARN_WRITE, ids=_OWED, fresh=lost_invoice),
    "POST /api/v1/invoices/{invoice}/credit-notes": R(
        wall=Wall.OWN, scope=S.EARN_WRITE, ids=_OWED, fresh=new_invoice, body=lambda w, a: {"key": f"note-{w.number()}"},
    ),
    "GET /api/v1/my/invoices": R(wall=Wall.OWN, scope=S.PORTAL_READ),
    "GET /api/v1/my/invoices/{invoice}": R(
        wall=Wall.OWN, scope=S.PORTAL_READ, ids=_OWED, owners=frozenset({"owner"}),
    ),
    # Billing
    "GET /api/v1/billing/runs": R(wall=Wall.OWN, scope=S.EARN_READ),
    "POST /api/v1/billing/runs": R(wall=Wall.OWN, scope=S.EARN_WRITE),
    "POST /api/v1/plans/simulations": R(
        wall=Wall.OWN, scope=S.EARN_READ, body={"product": "lamp", "plan": "flat"}, done=(200,), owners=_OF_LAMPS, outside=404,
    ),
    "POST /api/v1/plans/simulations/steps": R(
        wall=Wall.OWN, scope=S.EARN_READ, body={"product": "lamp", "plan": "flat"}, done=(200,), owners=_OF_LAMPS, outside=404,
    ),
    "GET /api/v1/subscriptions/{subscription}/next-invoice": R(wall=Wall.OWN, scope=S.EARN_READ, ids=_SOLD),
    "GET /api/v1/my/subscriptions/{subscription}/next-invoice": R(
        wall=Wall.OWN, scope=S.PORTAL_READ, ids=_SOLD, owners=frozenset({"owner"}),
    ),
    "GET /api/v1/invoices/{invoice}/document.pdf": R(wall=Wall.OWN, scope=S.EARN_READ, ids=_OWED),
    "GET /api/v1/invoices/{invoice}/document.xml": R(
        wall=Wall.OWN, scope=S.EARN_READ, ids=_OWED, done=(200, 422), never="the customer has no electronic address",
    ),
    "GET /api/v1/invoices/{invoice}/usage": R(
        wall=Wall.OWN, scope=S.EARN_READ, ids=_OWED, query={"line": "l"}, done=(200, 409),
        never="the line charges for no usage",
    ),
    "GET /api/v1/my/invoices/{invoice}/document.pdf": R(
        wall=Wall.OWN, scope=S.PORTAL_READ, ids=_OWED, owners=frozenset({"owner"}),
    ),
    "GET /api/v1/my/invoices/{invoice}/document.xml": R(
        wall=Wall.OWN, scope=S.PORTAL_READ, ids=_OWED, owners=frozenset({"owner"}), done=(200, 422),
        never="the customer has no electronic address",
    ),
    "GET /api/v1/my/invoices/{invoice}/usage": R(
        wall=Wall.OWN, scope=S.PORTAL_READ, ids=_OWED, owners=frozenset({"owner"}), query={"line": "l"}, done=(200, 409),
        never="the line charges for no usage",
    ),
    "GET /api/v1/payments": R(wall=Wall.OWN, scope=S.EARN_READ),
    "POST /api/v1/payments": R(wall=Wall.OWN, scope=S.EARN_WRITE, body=payment_body, done=(201,), outside=404),
    "POST /api/v1/payments/collect": R(
        wall=Wall.OWN, scope=S.EARN_WRITE, done=(201, 409), outside=404,
        body=lambda w, a: {"invoice": w.ids["invoice"], "method": "sandbox", "key": f"c{w.number()}"},
    ),
    "GET /api/v1/payments/{payment}": R(wall=Wall.OWN, scope=S.EARN_READ, ids={"payment": "payment"}),
    "POST /api/v1/payments/{payment}/outcome": R(
        wall=Wall.OWN, scope=S.EARN_WRITE, ids={"payment": "payment"}, fresh=waiting_payment, body={"state": "failed"},
    ),
    "POST /api/v1/refunds": R(
        wall=Wall.OWN, scope=S.EARN_WRITE, done=(201,), outside=409,
        body=lambda w, a: payment_body(w, a) | {"customer": w.ids["credited"]},
    ),
    "POST /api/v1/top-ups": R(
        wall=Wall.OWN, scope=S.EARN_WRITE, done=(201,), outside=404,
        body=lambda w, a: payment_body(w, a) | {"method": "sandbox"},
    ),
    "POST /api/v1/payouts": R(
        wall=Wall.OWN, scope=S.EARN_WRITE, done=(409,), never="nothing is payable to a partner here",
        body={"partner": "city", "amount": "1000.00", "currency": "EUR", "key": "p"},
    ),
    "GET /api/v1/customers/{customer}/credit": R(wall=Wall.OWN, scope=S.EARN_READ, ids={"customer": "customer"}),
    "GET /api/v1/customers/{customer}/mandates/{method}": R(
        wall=Wall.OWN, scope=S.EARN_READ, ids={"customer": "customer", "method": "=sepa"},
    ),
    "PUT /api/v1/customers/{customer}/mandates/{method}": R(
        wall=Wall.OWN, scope=S.EARN_WRITE, ids={"customer": "customer", "method": "=stripe"},
        body={"reference": "pm_1", "signed_at": "2026-01-01T00:00:00Z"},
    ),
    "DELETE /api/v1/customers/{customer}/mandates/{method}": R(
        wall=Wall.OWN, scope=S.EARN_WRITE, ids={"customer": "customer", "method": "=stripe"},
    ),
    "GET /api/v1/payment-providers/{method}": R(
        wall=Wall.OWN, scope=S.EARN_READ, ids={"method": "=stripe"}, done=(200, 404), perhaps=True, owners=_EACH,
    ),
    "PUT /api/v1/payment-providers/{method}": R(
        wall=Wall.OWN, scope=S.EARN_WRITE, ids={"method": "=stripe"}, body={"key": "sk_test_walls"}, owners=_EACH,
    ),
    "DELETE /api/v1/payment-providers/{method}": R(
        wall=Wall.OWN, scope=S.EARN_WRITE, ids={"method": "=stripe"}, owners=_EACH,
    ),
    "POST /api/v1/payment-events/stripe/{seller}": R(
        wall=Wall.OPEN, ids={"seller": "organisation-foreign"}, body=stripe_event, headers=signed_by("foreign"), fresh=listening,
        done=(200,), says=nothing_changes,
    ),
    "POST /api/v1/payment-events/stripe/{seller} #signed for another seller": R(
        wall=Wall.OPEN, ids={"seller": "organisation-maker"}, body=stripe_event, headers=signed_by("foreign"), fresh=listening,
        done=(400,), never="the seller's Stripe did not sign it",
    ),
    "GET /api/v1/payment-files": R(wall=Wall.OWN, scope=S.EARN_READ),
    "POST /api/v1/payment-files": R(
        wall=Wall.OWN, scope=S.EARN_WRITE, body={"kind": "pain.008"}, fresh=waiting_payment, done=(201,), outside=409,
    ),
    "GET /api/v1/payment-files/{file}": R(
        wall=Wall.OWN, scope=S.EARN_READ, ids={"file": "file"},
    ),
    "POST /api/v1/payment-files/{file}/answers": R(
        wall=Wall.OWN, scope=S.EARN_WRITE, ids={"file": "file"}, body=bank_answer, headers=XML,
    ),
    "GET /api/v1/bank-statements": R(wall=Wall.OWN, scope=S.EARN_READ),
    "POST /api/v1/bank-statements": R(
        wall=Wall.OWN, scope=S.EARN_WRITE, body=statement, headers=XML,
    ),
    "GET /api/v1/bank-entries": R(wall=Wall.OWN, scope=S.EARN_READ),
    "POST /api/v1/bank-entries/{entry}/assignment": R(
        wall=Wall.OWN, scope=S.EARN_WRITE, ids={"entry": "entry"}, fresh=new_entry, body={"nothing_of_ours": "a gift"},
    ),
    **{
        f"POST /api/v1/bank-entries/{{entry}}/assignment #to the {name} of somebody else": R(
            wall=Wall.NOBODYS, scope=S.EARN_WRITE, ids={"entry": "foreign-entry", name: name}, body={name: f"{{{name}}}"},
        )
        for name in ("invoice", "customer")
    },
    "GET /api/v1/dunning": R(wall=Wall.OWN, scope=S.EARN_READ),
    "GET /api/v1/dunning-policy": R(wall=Wall.OWN, scope=S.EARN_READ),
    "PUT /api/v1/dunning-policy": R(
        wall=Wall.OWN, scope=S.EARN_WRITE, body={"steps": [{"after_days": 300, "act": "notice"}]},
    ),
    "GET /api/v1/reports/recurring": R(wall=Wall.OWN, scope=S.EARN_READ),
    "GET /api/v1/reports/revenue": R(wall=Wall.OWN, scope=S.EARN_READ, query={"by": "product"}),
    "GET /api/v1/reports/cohorts": R(wall=Wall.OWN, scope=S.EARN_READ),
    "GET /api/v1/reports/{report}/file": R(
        wall=Wall.OWN, scope=S.EARN_READ, ids={"report": "=revenue"}, owners=frozenset({"everybody"})
    ),
    "GET /api/v1/reports/recurring/customers": R(
        wall=Wall.OWN, scope=S.EARN_READ, query={"month": "2026-01", "currency": "EUR"}
    ),
    "GET /api/v1/reports/revenue/documents": R(
        wall=Wall.OWN, scope=S.EARN_READ, query={"month": "2026-01", "currency": "EUR"}
    ),
    "GET /api/v1/reports/deferred": R(wall=Wall.OWN, scope=S.EARN_READ),
    "GET /api/v1/reports/deferred/documents": R(
        wall=Wall.OWN, scope=S.EARN_READ, query={"month": "2026-01", "currency": "EUR"}
    ),
    "GET /api/v1/product-sales": R(wall=Wall.OWN, scope=S.EARN_READ),
    "POST /api/v1/product-sales": R(wall=Wall.OWN, scope=S.EARN_WRITE, body=product_sales_body),
    "GET /api/v1/partners": R(wall=Wall.OWN, scope=S.EARN_READ),
    "GET /api/v1/partner-organisations": R(wall=Wall.OWN, scope=S.EARN_READ),
    "PUT /api/v1/partner-organisations/{partner}": R(
        wall=Wall.OWN, scope=S.EARN_WRITE, ids={"partner": "=everybodys"}, body=partner_body,
        owners=frozenset({"everybody"}),
    ),
    "DELETE /api/v1/partner-organisations/{partner}": R(
        wall=Wall.OWN, scope=S.EARN_WRITE, ids={"partner": "partner"}, fresh=new_partner,
    ),
    "GET /api/v1/partners/{partner}/statement": R(
        wall=Wall.OWN, scope=S.EARN_READ, query={"currency": "EUR", "from": "2026-01-01T00:00:00Z", "to": "2026-02-01T00:00:00Z"},
        ids={"partner": "=city"},
    ),
    "GET /api/v1/ledger/entries": R(wall=Wall.OWN, scope=S.EARN_READ),
    "GET /api/v1/ledger/export": R(wall=Wall.OWN, scope=S.EARN_READ),
    "GET /api/v1/ledger/balances": R(wall=Wall.OWN, scope=S.EARN_READ),
    "GET /api/v1/ledger/audit": R(wall=Wall.OWN, scope=S.EARN_READ),
    # Alerts
    "GET /api/v1/alerts": R(wall=Wall.OWN, scope=S.TELEMETRY_READ),
    "GET /api/v1/alerts/counts": R(wall=Wall.OWN, scope=S.TELEMETRY_READ),
    "GET /api/v1/alerts/groups": R(wall=Wall.OWN, scope=S.TELEMETRY_READ),
    "GET /api/v1/alerts/stream": R(wall=Wall.OWN, scope=S.TELEMETRY_READ, headers=STREAM),
    "GET /api/v1/alerts/{alert}": R(wall=Wall.OWN, scope=S.TELEMETRY_READ, ids={"alert": "alert"}, owners=_ALERTED),
    **{
        f"POST /api/v1/alerts/{{alert}}/{act}": R(
            wall=Wall.OWN, scope=S.CONTROL_WRITE, ids={"alert": "alert"}, owners=_ALERTED, body=body, besides=besides,
            done=(200, 403),
        )
        for act, body, besides in (
            ("acknowledge", None, _LOOKS_ON), ("unacknowledge", None, _LOOKS_ON),
            ("comment", {"text": "seen"}, _LOOKS_ON), ("assign", {"person": None}, _OF_MAKER),
            ("shelve", shelf_body, _OF_MAKER), ("unshelve", None, _OF_MAKER), ("clear", None, _OF_MAKER),
        )
    },
    "GET /api/v1/units/{unit}/alerts": unit_row(Wall.LOOK, S.TELEMETRY_READ),
    "GET /api/v1/maintenance-windows": R(wall=Wall.OWN, scope=S.TELEMETRY_READ),
    "POST /api/v1/maintenance-windows": R(wall=Wall.OWN, scope=S.CONTROL_WRITE, body=window_body),
    "POST /api/v1/maintenance-windows #of a unit": unit_row(
        Wall.LOOK, S.CONTROL_WRITE, body=lambda w, a: {**window_body(w, a), "selection": {"units": ["{unit}"]}}, done=(201,),
    ),
    "GET /api/v1/maintenance-windows/{window}": R(wall=Wall.OWN, scope=S.TELEMETRY_READ, ids={"window": "window"}),
    "DELETE /api/v1/maintenance-windows/{window}": R(
        wall=Wall.OWN, scope=S.CONTROL_WRITE, ids={"window": "window"}, fresh=new_window,
    ),
    # What units used
    "GET /api/v1/meters": R(wall=Wall.OWN, scope=S.EARN_READ),
    "GET /api/v1/usage": R(
        wall=Wall.OWN, scope=S.EARN_READ, query={"meter": "lamp/lit"}, done=(200,), owners=_OF_LAMPS, outside=404,
    ),
    "GET /api/v1/usage #of a unit": unit_row(Wall.MAKER, S.EARN_READ, query={"meter": "lamp/lit", "unit": "{unit}"}),
    "GET /api/v1/usage-rows": R(
        wall=Wall.OWN, scope=S.EARN_READ, query={"meter": "lamp/lit"}, done=(200,), owners=_OF_LAMPS, outside=404,
    ),
    # Each event is refused by itself.
    "POST /api/v1/usage-events": R(
        wall=Wall.OWN, scope=S.EARN_WRITE, body=usage_event, done=(200,), says=only_the_maker_tells,
    ),
    "GET /api/v1/usage-corrections": R(wall=Wall.OWN, scope=S.EARN_READ),
    "POST /api/v1/usage-corrections": R(
        wall=Wall.OWN, scope=S.EARN_WRITE, outside=422, done=(201,),
        body=lambda w, a: {"corrections": [{"meter": "lamp/lit", "reason": "r", "row": w.ids["row"], "value": str(w.number())}]},
    ),
    "POST /api/v1/usage-corrections #nobody told": R(
        wall=Wall.OWN, scope=S.EARN_WRITE, outside=422, done=(201,),
        body=lambda w, a: {"corrections": [{**untold(w), "unit": w.ids["subject"]}]},
    ),
    "GET /api/v1/units/{unit}/usage": unit_row(Wall.LOOK, S.PORTAL_READ, query={"meter": "lit"}),
    "GET /api/v1/units/{unit}/usage-rows": unit_row(Wall.LOOK, S.PORTAL_READ, query={"meter": "lit"}),
    # Scenes and schedules
    "GET /api/v1/scenes": R(wall=Wall.OWN, scope=S.CONTROL_READ),
    "POST /api/v1/scenes": R(
        wall=Wall.OWN, scope=S.CONTROL_WRITE, body=lambda w, a: {"name": f"s{w.number()}", **_SWITCH},
    ),
    "GET /api/v1/scenes/{scene}": R(wall=Wall.OWN, scope=S.CONTROL_READ, ids={"scene": "scene"}),
    "PUT /api/v1/scenes/{scene}": R(
        wall=Wall.OWN, scope=S.CONTROL_WRITE, ids={"scene": "=everybodys"}, body=_SWITCH, owners=frozenset({"everybody"}),
    ),
    "DELETE /api/v1/scenes/{scene}": R(wall=Wall.OWN, scope=S.CONTROL_WRITE, ids={"scene": "scene"}, fresh=new_scene),
    "POST /api/v1/scenes/{scene}/run": R(
        wall=Wall.OWN, scope=S.CONTROL_WRITE, ids={"scene": "scene"}, body={"preview": True}, done=(200, 201),
    ),
    "GET /api/v1/scene-runs": R(wall=Wall.OWN, scope=S.CONTROL_READ),
    "GET /api/v1/scene-runs/{run}": R(wall=Wall.OWN, scope=S.CONTROL_READ, ids={"run": "run"}),
    "GET /api/v1/scene-runs/{run}/items": R(wall=Wall.OWN, scope=S.CONTROL_READ, ids={"run": "run"}),
    "POST /api/v1/scene-runs/{run}/cancel": R(
        wall=Wall.OWN, scope=S.CONTROL_WRITE, ids={"run": "run"}, done=(200, 409), perhaps=True,
    ),
    "POST /api/v1/scene-runs/{run}/undo": R(
        wall=Wall.OWN, scope=S.CONTROL_WRITE, ids={"run": "run"}, done=(200, 409), perhaps=True,
    ),
    "GET /api/v1/schedules": R(wall=Wall.OWN, scope=S.CONTROL_READ),
    "POST /api/v1/schedules": R(
        wall=Wall.OWN, scope=S.CONTROL_WRITE, body=lambda w, a: {"name": f"h{w.number()}", **_EVENING},
    ),
    "POST /api/v1/schedules #of a scene": R(
        wall=Wall.OWN, scope=S.CONTROL_WRITE, done=(201,), outside=422,
        body=lambda w, a: {"name": f"h{w.number()}", "when": _EVENING["when"], "scene": "scene"},
    ),
    "GET /api/v1/schedules/{schedule}": R(wall=Wall.OWN, scope=S.CONTROL_READ, ids={"schedule": "schedule"}),
    "GET /api/v1/schedules/{schedule}/next": R(wall=Wall.OWN, scope=S.CONTROL_READ, ids={"schedule": "schedule"}),
    "PUT /api/v1/schedules/{schedule}": R(
        wall=Wall.OWN, scope=S.CONTROL_WRITE, ids={"schedule": "=everybodys"}, body=_EVENING,
        owners=frozenset({"everybody"}),
    ),
    "PATCH /api/v1/schedules/{schedule}": R(
        wall=Wall.OWN, scope=S.CONTROL_WRITE, ids={"schedule": "schedule"}, body={"enabled": False}, fresh=new_schedule,
    ),
    "DELETE /api/v1/schedules/{schedule}": R(
        wall=Wall.OWN, scope=S.CONTROL_WRITE, ids={"schedule": "schedule"}, fresh=new_schedule,
    ),
    # Who is told of alerts
    "POST /api/v1/receivers": R(wall=Wall.OWN, scope=S.WEBHOOKS_WRITE, body=_HOOKED),
    "GET /api/v1/receivers": R(wall=Wall.OWN, scope=S.WEBHOOKS_READ),
    "GET /api/v1/receivers/{receiver}": R(wall=Wall.OWN, scope=S.WEBHOOKS_READ, ids={"receiver": "receiver"}),
    "PATCH /api/v1/receivers/{receiver}": R(
        wall=Wall.OWN, scope=S.WEBHOOKS_WRITE, ids={"receiver": "receiver"}, body={"time_zone": "Asia/Seoul"},
    ),
    "DELETE /api/v1/receivers/{receiver}": R(
        wall=Wall.OWN, scope=S.WEBHOOKS_WRITE, ids={"receiver": "receiver"}, fresh=new_receiver,
    ),
    "POST /api/v1/receivers/{receiver}/secret": R(
        wall=Wall.OWN, scope=S.WEBHOOKS_WRITE, ids={"receiver": "receiver"}, fresh=new_receiver,
    ),
    "POST /api/v1/receivers/{receiver}/test": R(wall=Wall.OWN, scope=S.WEBHOOKS_WRITE, ids={"receiver": "receiver"}),
    "POST /api/v1/notification-routes": R(
        wall=Wall.OWN, scope=S.WEBHOOKS_WRITE, body=lambda w, a: _told(w), done=(201,), outside=422,
    ),
    "GET /api/v1/notification-routes": R(wall=Wall.OWN, scope=S.WEBHOOKS_READ),
    "GET /api/v1/notification-routes/{route}": R(wall=Wall.OWN, scope=S.WEBHOOKS_READ, ids={"route": "notification-route"}),
    "PATCH /api/v1/notification-routes/{route}": R(
        wall=Wall.OWN, scope=S.WEBHOOKS_WRITE, ids={"route": "notification-route"}, body={"what": ["raised"]},
    ),
    "DELETE /api/v1/notification-routes/{route}": R(
        wall=Wall.OWN, scope=S.WEBHOOKS_WRITE, ids={"route": "notification-route"}, fresh=new_route,
    ),
    "POST /api/v1/notification-routes/preview": R(wall=Wall.OWN, scope=S.WEBHOOKS_READ, body={"severity": "critical"}),
    "GET /api/v1/notifications": R(wall=Wall.OWN, scope=S.WEBHOOKS_READ),
    "GET /api/v1/notifications/{notification}": R(
        wall=Wall.OWN, scope=S.WEBHOOKS_READ, ids={"notification": "notification"},
    ),
    "POST /api/v1/notifications/{notification}/retry": R(
        wall=Wall.OWN, scope=S.WEBHOOKS_WRITE, ids={"notification": "notification"}, done=(200, 409), perhaps=True,
    ),
    "GET /api/v1/push-subscriptions/key": R(wall=Wall.KNOWN),
    "GET /api/v1/push-subscriptions": R(wall=Wall.PERSON),
    "POST /api/v1/push-subscriptions": R(wall=Wall.PERSON, body=browser),
    "DELETE /api/v1/push-subscriptions/{subscription}": R(
        wall=Wall.PERSON, ids={"subscription": "push-subscription"}, fresh=new_subscription,
    ),
    "DELETE /api/v1/push-subscriptions/{subscription} #of somebody else": R(
        wall=Wall.NOBODYS, ids={"subscription": "push-subscription"}, owners=frozenset(),
    ),
    # Receivers of events
    "GET /api/v1/webhooks/events": R(wall=Wall.KNOWN),
    "GET /api/v1/webhooks": R(wall=Wall.OWN, scope=S.WEBHOOKS_READ),
    "POST /api/v1/webhooks": R(wall=Wall.OWN, scope=S.WEBHOOKS_WRITE, body=_HOOK),
    "GET /api/v1/webhooks/{webhook}": R(wall=Wall.OWN, scope=S.WEBHOOKS_READ, ids={"webhook": "webhook"}),
    "PATCH /api/v1/webhooks/{webhook}": R(
        wall=Wall.OWN, scope=S.WEBHOOKS_WRITE, ids={"webhook": "webhook"}, body={"events": ["*"]},
    ),
    "DELETE /api/v1/webhooks/{webhook}": R(wall=Wall.OWN, scope=S.WEBHOOKS_WRITE, ids={"webhook": "webhook"}, fresh=new_webhook),
    "GET /api/v1/webhooks/{webhook}/deliveries": R(wall=Wall.OWN, scope=S.WEBHOOKS_READ, ids={"webhook": "webhook"}),
    "GET /api/v1/webhooks/{webhook}/deliveries/{delivery}": R(
        wall=Wall.OWN, scope=S.WEBHOOKS_READ, ids={"webhook": "webhook", "delivery": "delivery"},
    ),
    "POST /api/v1/webhooks/{webhook}/deliveries/{delivery}/replay": R(
        wall=Wall.OWN, scope=S.WEBHOOKS_WRITE, ids={"webhook": "webhook", "delivery": "delivery"}, done=(200, 202, 409),
        perhaps=True,
    ),
    "POST /api/v1/webhooks/{webhook}/ping": R(wall=Wall.OWN, scope=S.WEBHOOKS_WRITE, ids={"webhook": "webhook"}),
    "POST /api/v1/webhooks/{webhook}/replay": R(
        wall=Wall.OWN, scope=S.WEBHOOKS_WRITE, ids={"webhook": "webhook"}, body={"since": "2020-01-01T00:00:00Z"},
    ),
    "POST /api/v1/webhooks/{webhook}/secret": R(wall=Wall.OWN, scope=S.WEBHOOKS_WRITE, ids={"webhook": "webhook"}, body={}),
}  # fmt: skip


def _some_role(world: World, asker: Asker) -> str:
    kind = str(world.organisations[asker.organisation or "maker"].kind)
    return {"owner": "household-member", "platform": "platform-admin"}.get(kind, "viewer")
