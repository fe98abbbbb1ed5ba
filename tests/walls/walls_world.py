"""One installation with somebody on every side of a wall, each with a text nobody else may ever read.

Two units were made by `maker`. The *subject* belonged to `past`, was handed on to `owner`, who shares it with `guest` to look
at. The *let* one is `owner`'s too and rented out to `renter`. `other` owns another unit of the same maker; `foreign` is a maker
with products and units of its own; `provider` is a provider, `platform` runs it all.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import re
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from walls_asking import Answer, ask
from walls_money import fill as fill_with_money

from monokoto.assembly import Engines, Platform, open_engines
from monokoto.connect.people.service import insert_member, insert_person
from monokoto.connect.tenancy import OrganisationKind
from monokoto.earn.ledger import Entry, Posting
from monokoto.engines.log import NatsServer
from monokoto.kernel.clock import Instant, format_instant
from monokoto.kernel.ids import UnitId, format_id, parse_id
from monokoto.kernel.money import number
from monokoto.operate.rules import AlertChange, ChangeKind, Evidence, Severity
from monokoto.settings import load_settings
from monokoto.web import Scope, csrf_token

KINDS = {
    "maker": OrganisationKind.MAKER,
    "foreign": OrganisationKind.MAKER,
    "provider": OrganisationKind.PROVIDER,
    "past": OrganisationKind.OWNER,
    "owner": OrganisationKind.OWNER,
    "guest": OrganisationKind.OWNER,
    "renter": OrganisationKind.OWNER,
    "other": OrganisationKind.OWNER,
    "platform": OrganisationKind.PLATFORM,
}
SUBJECT_PARTIES = frozenset({"maker", "past", "owner", "guest"})
LET_PARTIES = frozenset({"maker", "owner", "renter"})
ROLES = (
    *(("maker", role) for role in ("maker-admin", "product-engineer", "operator", "viewer")),
    *(("owner", role) for role in ("owner", "household-member", "viewer")),
    *(("foreign", role) for role in ("maker-admin", "product-engineer", "operator", "viewer")),
    *(("other", role) for role in ("owner", "household-member", "viewer")),
    ("provider", "operator"),
    ("platform", "platform-admin"),
)
PRODUCT = """
product: lamp
meters:
  lit: {{sum: target}}
model:
  title: Lamp {title}
  version: {{model: {version}}}
  properties:
    note: {{type: string, readOnly: true}}
    target: {{type: integer, minimum: 0, maximum: 1000}}
  actions:
    reset: {{}}
    wipe: {{"monokoto:confirm": true}}
  events:
    fault: {{data: {{type: string}}}}
features:
  glow: {{kind: boolean}}
"""
UNLIMITED = {
    f"MONOKOTO_API_{name}": "1000000"
    for name in ("REQUESTS_PER_SECOND", "BURST", "ANONYMOUS_REQUESTS_PER_SECOND", "ANONYMOUS_BURST")
}
FLAT = {"currency": "EUR", "every": "month", "charges": {"base": {"fee": "1.00"}}}
"""A plan."""
NOBODY = "0000000000001"
"""The id of nothing."""
ID = re.compile(r"(?<![0-9a-z])(?=[a-z]*[0-9])[0-9a-hjkmnp-tv-z]{13}(?![0-9a-z])")
"""What reads as an id."""
SEPA = {"iban": "DE89370400440532013000", "creditor_id": "DE98ZZZ09999999999"}
"""By which an issuer takes direct debits."""


def product_files(mark: str, version: str = "1.0.0") -> dict[str, str]:
    """The folder of a product whose title carries a mark."""
    return {"product.yaml": PRODUCT.format(title=mark, version=version)}


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks: a key, a session or nothing at all."""

    name: str
    organisation: str
    """Its name in this world; empty: of none."""
    scopes: frozenset[Scope] = frozenset()
    role: str = ""
    person: str = ""
    """Its id, when a person has signed in."""
    headers: Mapping[str, str] = field(default_factory=dict)
    cookie: str = ""

    @property
    def is_person(self) -> bool:
        """Whether a person has signed in."""
        return bool(self.cookie)

    @property
    def is_known(self) -> bool:
        """Whether anybody is behind it."""
        return bool(self.organisation)


class World:
    """Everybody, everything, and the way to ask."""

    def __init__(self, platform: Platform, run: Any) -> None:
        self.platform = platform
        self.app = platform.app
        self._run = run
        self.organisations: dict[str, Any] = {}
        self.admins: dict[str, Asker] = {}
        self.people: dict[tuple[str, str], Asker] = {}
        self.ids: dict[str, str] = {}
        """By name: what requests speak about."""
        self.tokens: dict[str, str] = {}
        self.marks: dict[str, frozenset[str]] = {}
        """By text: the organisations that may read it."""
        self.secrets: set[str] = set()
        self.seen: set[str] = set()
        """Ids the application itself has told whoever made something."""
        self.unwalled: dict[str, str] = {}
        """By place in the source: a statement it made without an organisation."""
        self._numbers = itertools.count(1)

    def invoice(self, *, sent: bool = True) -> str:
        """The id of an invoice from `maker` to `owner`, as a document unless it is not sent."""
        maker, number = self.admins["maker"], self.number()
        title = self.mark(f"invoice-{number}", "maker", "owner")
        body = {
            "customer": self.ids["customer"], "currency": "EUR", "key": f"walls-{number}",
            "period": {"from": "2026-01-01T00:00:00Z", "to": "2026-02-01T00:00:00Z"},
            "lines": [{"key": "l", "title": title, "amount": "10.00"}],
        }  # fmt: skip
        made = self.done("POST", "/api/v1/invoices", maker, body)["id"]
        if sent:
            self.done("POST", f"/api/v1/invoices/{made}/finalise", maker)
        return str(made)

    def ask(self, method: str, path: str, asker: Asker | None = None, body: Any = None, **given: Any) -> Answer:
        """One request and its answer."""
        return self.run(self.asking(method, path, asker, body, **given))

    async def asking(
        self,
        method: str,
        path: str,
        asker: Asker | None = None,
        body: Any = None,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        **given: Any,
    ) -> Answer:
        """One request; a body that is not bytes is sent as JSON."""
        sent = dict(asker.headers) if asker else {}
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            sent["content-type"] = "application/json"
        return await ask(
            self.app, method, path, query=query, headers={**sent, **(headers or {})}, body=body or b"", **given
        )

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Let the platform's loop go on until this is done."""
        return self._run(work)

    def done(self, method: str, path: str, asker: Asker, body: Any = None, **given: Any) -> Any:
        """As `ask`, for what must be done; the decoded answer."""
        answer = self.ask(method, path, asker, body, **given)
        assert answer.status < 300, f"{method} {path} by {asker.name}: {answer.status} {answer.text}"
        self.seen.update(ID.findall(answer.text))
        return answer.json() if answer.body else None

    def made_up(self, text: str) -> set[str]:
        """The ids in a text that nothing in this world has."""
        return set(ID.findall(text)) - self.seen - set(self.ids.values())

    def until(self, condition: Callable[[], Any], seconds: float = 30.0) -> Any:
        """The condition's first true value, while the platform goes on. Raises TimeoutError."""
        deadline = time.monotonic() + seconds
        while not (value := condition()):
            if time.monotonic() > deadline:
                raise TimeoutError(f"still {value!r} after {seconds:g} s")
            self.run(asyncio.sleep(0.05))
        return value

    def mark(self, text: str, *readers: str) -> str:
        """A text that only these organisations may ever read."""
        made = f"zq{text.replace('_', '')}qz"
        self.marks[made] = frozenset(readers)
        return made

    # Making more of something, for requests that use it up

    def number(self) -> int:
        """A number nobody had before."""
        return next(self._numbers)

    def new_unit(self) -> str:
        """A unit of the maker's that is nobody else's."""
        body = {"product": "lamp", "serial": f"spare-{self.number()}"}
        made = self.done("POST", "/api/v1/units", self.admins["maker"], body)
        self.secrets.add(made["token"])
        self.platform.directory.refresh()
        return str(made["unit"]["id"])

    def new_owned(self, *, let: bool = False) -> dict[str, str]:
        """As the subject: the owner's, shared with the guest; or as the let one."""
        unit = self.new_unit()
        self.claim(unit, "owner")
        owner = self.admins["owner"]
        if let:
            rental = self.done(
                "POST", f"/api/v1/units/{unit}/rentals", owner,
                {"to": "renter", "end": "2099-01-01T00:00:00Z"},
            )  # fmt: skip
            return {"unit": unit, "rental": rental["id"]}
        share = self.done("POST", f"/api/v1/units/{unit}/shares", owner, {"to": "guest"})
        return {"unit": unit, "share": share["id"]}

    def claim(self, unit: str, organisation: str, label: str = "") -> None:
        """By a fresh code from the box."""
        code = self.done("POST", f"/api/v1/units/{unit}/claim-code", self.admins["maker"])["code"]
        self.secrets.add(code)
        self.done("POST", "/api/v1/claims", self.admins[organisation], {"code": code, "label": label})

    def new_person(self, organisation: str, role: str) -> Asker:
        """A member who has signed in."""
        number, home = self.number(), self.organisations[organisation]
        mark = self.mark(f"person-{number}-of-{organisation}", organisation)
        records = self.platform.engines.records
        with records.write() as connection:
            person_id = insert_person(
                connection,
                email=f"{mark}@example.com",
                name=mark,
                locale=None,
                time_zone=None,
                hashed=None,
                organisation_id=home.id,
                now=self.platform.clock.now(),
            )
            insert_member(connection, home.id, person_id, role, now=self.platform.clock.now())
        _, cookie = self.platform.sessions.begin(
            person_id, method="password", address="127.0.0.1", agent="walls", organisation_id=home.id
        )
        self.secrets.add(cookie)
        return Asker(
            name=f"{role} of {organisation}",
            organisation=organisation,
            role=role,
            person=format_id(person_id),
            headers={"cookie": f"koto_session={cookie}", "x-koto-csrf": csrf_token(cookie)},
            cookie=cookie,
        )

    def key(self, organisation: str, *scopes: Scope) -> Asker:
        """A fresh key with these scopes."""
        home = self.organisations[organisation]
        name = self.mark(f"key-{self.number()}-of-{organisation}", organisation)
        _, secret = self.platform.api_keys.create(home.id, name=name, scopes=scopes)
        self.secrets.add(secret)
        return Asker(
            name=f"{', '.join(scopes)} key of {organisation}",
            organisation=organisation,
            scopes=frozenset(scopes),
            headers={"authorization": f"Bearer {secret}"},
        )


async def start(folder: Path, settings: Mapping[str, str] | None = None) -> tuple[NatsServer, Engines, Platform]:
    """The platform's own process, here."""
    server = NatsServer(folder)
    url = await server.start()
    given = {
        "MONOKOTO_DATA_DIR": str(folder),
        "MONOKOTO_LOG_URL": url,
        "MONOKOTO_WEBHOOKS_ALLOW_PRIVATE": "true",
        "MONOKOTO_API_PUBLIC_URL": "https://koto.test",
        **UNLIMITED,
        **(settings or {}),
    }
    loaded = load_settings(None, given)
    engines = await open_engines(loaded)
    platform = Platform(loaded, engines)
    await platform.start()
    return server, engines, platform


def populate(world: World) -> None:
    """Put everybody and everything into it."""
    for name, kind in KINDS.items():
        world.organisations[name] = world.platform.organisations.create(f"Organisation {name}", name, kind)
        scopes = (Scope.ADMIN, Scope.PLATFORM) if name == "platform" else (Scope.ADMIN,)
        world.admins[name] = world.key(name, *scopes)
    for organisation, role in ROLES:
        world.people[organisation, role] = world.new_person(organisation, role)
    _make_units(world)
    _change_hands(world)
    _let_units_speak(world)
    _say_who_is_told(world)
    _raise_alerts(world)
    _fill_the_maker(world)
    _sell(world)
    fill_with_money(world)


def _make_units(world: World) -> None:
    for maker, readers in (("maker", SUBJECT_PARTIES | LET_PARTIES | {"other"}), ("foreign", {"foreign"})):
        admin = world.admins[maker]
        world.done(
            "POST", "/api/v1/products/apply", admin, {"files": product_files(world.mark(f"title-{maker}", *readers))}
        )
        for name, parties in (
            ("subject", SUBJECT_PARTIES), ("let", LET_PARTIES), ("free", {"maker"}), ("others", {"maker", "other"}),
        ):  # fmt: skip
            own = parties if maker == "maker" else {"foreign"}
            mark = world.mark(f"unit-{name}-of-{maker}", *own)
            body = {"product": "lamp", "serial": f"{mark}-s", "name": f"{mark}-n", "tags": [f"{mark}-t"]}
            made = world.done("POST", "/api/v1/units", admin, body)
            key = name if maker == "maker" else f"foreign-{name}"
            world.ids[key], world.tokens[key] = made["unit"]["id"], made["token"]
            world.secrets.add(made["token"])
    world.platform.directory.refresh()


def _change_hands(world: World) -> None:
    """Each owner in turn, with a label and a place of its own, and a reading in its own time."""
    subject, let = world.ids["subject"], world.ids["let"]
    _measured(world, subject, "before-anybody", {"maker"})
    world.claim(subject, "past", world.mark("label-past", "past"))
    past, owner = world.admins["past"], world.admins["owner"]
    place = {"place": world.mark("place-past", "past")}
    world.done("PATCH", f"/api/v1/units/{subject}/ownership", past, place)
    _measured(world, subject, "in-the-past", {"maker", "past"})
    offer = world.done("POST", f"/api/v1/units/{subject}/transfer", past, {"to": "owner"})
    world.done("POST", "/api/v1/transfers/accept", owner, {"transfer": offer["id"]})
    label = {"label": world.mark("label-owner", "owner"), "place": world.mark("place-owner", "owner")}
    world.done("PATCH", f"/api/v1/units/{subject}/ownership", owner, label)
    _measured(world, subject, "before-the-guest", {"maker", "owner"})
    share = {"to": "guest", "label": world.mark("label-share", "guest", "owner")}
    world.ids["share"] = world.done("POST", f"/api/v1/units/{subject}/shares", owner, share)["id"]
    world.claim(let, "owner", world.mark("label-let", "owner"))
    _measured(world, let, "before-the-renter", {"maker", "owner"})
    rental = {"to": "renter", "end": "2099-01-01T00:00:00Z", "label": world.mark("label-rental", "renter", "owner")}
    world.ids["rental"] = world.done("POST", f"/api/v1/units/{let}/rentals", owner, rental)["id"]
    _measured(world, let, "while-rented", {"maker", "renter"})
    world.claim(world.ids["others"], "other", world.mark("label-other", "other"))
    _measured(world, world.ids["others"], "of-the-other", {"maker", "other"})


def _measured(world: World, unit: str, text: str, readers: set[str]) -> None:
    """A reading of now, which only these organisations may read."""
    row = {
        "unit": unit,
        "property": "note",
        "at": format_instant(world.platform.clock.now()),
        "value": world.mark(f"reading-{text}", *readers),
    }
    body = (json.dumps(row) + "\n").encode()
    maker = world.admins["maker"]
    told = world.done("POST", "/api/v1/import", maker, body, query={"format": "ndjson"})
    assert told["readings"] == 1, told


def _let_units_speak(world: World) -> None:
    """What units report themselves, what they could not report, what they are told."""
    for name, readers in (
        ("subject", {"maker", "owner", "guest"}), ("let", {"maker", "renter"}), ("others", {"maker", "other"}),
        ("foreign-subject", {"foreign"}),
    ):  # fmt: skip
        headers = {"authorization": f"Bearer {world.tokens[name]}"}
        maker = "foreign" if name.startswith("foreign") else "maker"
        body = {"note": world.mark(f"reported-{name}", *readers), "unknown": world.mark(f"letter-{name}", maker)}
        told = world.ask("POST", "/api/v1/telemetry", None, body, headers=headers)
        assert told.status == 204, told.text
        event = json.dumps(world.mark(f"event-{name}", *readers)).encode()
        sent = {**headers, "content-type": "application/json"}
        assert world.ask("POST", "/api/v1/events/fault", None, event, headers=sent).status == 204
        unit, admin = world.ids[name], world.admins[maker]
        _until(world, admin, f"/api/v1/units/{unit}/twin", "reported", "/api/v1/dead-letters", unit)
    command = world.done("POST", f"/api/v1/units/{world.ids['subject']}/actions/reset", world.admins["owner"])
    world.ids["command"] = re.split("/", command["href"])[-1] if "href" in command else str(command["id"])
    let = world.done("POST", f"/api/v1/units/{world.ids['let']}/actions/reset", world.admins["renter"])
    world.ids["let-command"] = re.split("/", let["href"])[-1] if "href" in let else str(let["id"])


def _until(world: World, admin: Asker, twin: str, part: str, letters: str, unit: str) -> None:
    def there() -> bool:
        reported = world.done("GET", twin, admin)[part]
        found = world.done("GET", letters, admin, query={"unit": unit})["items"]
        events = world.done("GET", f"/api/v1/units/{unit}/events", admin)
        return bool(reported) and bool(found) and bool(events["items"] if isinstance(events, dict) else events)

    world.until(there)


def _raise_alerts(world: World) -> None:
    """What rules would tell: of the past owner's time, of the present one's, and what is the maker's to know alone."""
    maker = world.organisations["maker"]
    now = world.platform.clock.now()
    owned = world.platform.ownerships.ledger.reach(world.organisations["past"].id, parse_id(world.ids["subject"]))
    before = owned.periods[0].begin
    for name, instance, audience, unit, readers in (
        ("alert", now, "both", "subject", {"maker", "owner", "guest"}),
        ("past-alert", before, "both", "subject", {"maker", "past"}),
        ("makers-alert", now + 1, "maker", "subject", {"maker"}), ("let-alert", now, "both", "let", {"maker", "renter"}),
        ("others-alert", now, "owner", "others", {"maker", "other"}),
    ):  # fmt: skip
        change = AlertChange(
            organisation_id=maker.id,
            unit_id=UnitId(parse_id(world.ids[unit])),
            rule="lamp/dark",
            rule_version="1.0.0",
            instance=Instant(instance),
            kind=ChangeKind.RAISED,
            at=Instant(instance),
            severity=Severity.MAJOR,
            evidence=(Evidence("note", Instant(instance), world.mark(name, *readers)),),
            audience=audience,
        )
        (event,) = world.platform.alerts.take([change])
        world.ids[name] = format_id(event.alert_id)
    comment = {"text": world.mark("comment", "maker")}
    world.done("POST", f"/api/v1/alerts/{world.ids['alert']}/comment", world.admins["maker"], comment)
    body = {
        "to": format_instant(now + 3_600_000_000),
        "selection": {"units": [world.ids["free"]]},
        "reason": world.mark("window", "maker"),
    }
    world.ids["window"] = world.done("POST", "/api/v1/maintenance-windows", world.admins["maker"], body)["id"]


def _say_who_is_told(world: World) -> None:
    """In every organisation a receiver and a route to it, before there is anything to tell."""
    for name in KINDS:
        receiver = {"kind": "mail", "name": world.mark(f"receiver-{name}", name), "address": "ops@example.com"}
        made = world.done("POST", "/api/v1/receivers", world.admins[name], receiver)["receiver"]["id"]
        route = {"name": world.mark(f"route-{name}", name), "steps": [{"receivers": [made]}]}
        found = world.done("POST", "/api/v1/notification-routes", world.admins[name], route)["id"]
        if name == "maker":
            world.ids["receiver"], world.ids["notification-route"] = made, found


def _sell(world: World) -> None:
    """The owner is a customer of the maker, and subscribed to a plan of the free unit's product."""
    maker, plans = world.admins["maker"], "/api/v1/products/lamp/plans"
    title = {"title": world.mark("plan", "maker", "owner")}
    for name in ("flat", "spare"):
        world.done("PUT", f"{plans}/{name}", maker, {"plan": {**FLAT, **title}})
    # Another maker has a plan of the same name; a present shows its plan to whoever has its code.
    world.done(
        "PUT",
        f"{plans}/flat",
        world.admins["foreign"],
        {"plan": {**FLAT, "title": world.mark("plan-foreign", "foreign")}},
    )
    world.done("PUT", f"{plans}/evening", maker, {"plan": {**FLAT, "offer": {"lasts": "12 h"}}})
    title = {"title": world.mark("offer", "maker", "owner", "other", "guest", "renter")}
    for name in ("offered", "offered-too"):
        world.done("PUT", f"{plans}/{name}", maker, {"plan": {**FLAT, **title, "offer": True}})
    body = {
        "name": world.mark("customer", "maker", "owner"),
        "country": "DE",
        "currency": "EUR",
        "organisation": "owner",
    }
    world.ids["customer"] = world.done("POST", "/api/v1/customers", maker, body)["id"]
    _owed(world, maker)
    asked = {"customer": world.ids["customer"], "product": "lamp", "plan": "flat", "units": [world.ids["free"]]}
    world.ids["subscription"] = world.done("POST", "/api/v1/subscriptions", maker, asked)["id"]


def _fill_the_maker(world: World) -> None:
    """One of everything that has an id of its own; and in every organisation a receiver and an invitation."""
    maker = world.admins["maker"]
    keys = world.done("GET", "/api/v1/keys", maker)["items"]
    world.ids["key"] = keys[0]["id"]
    for name, kind in KINDS.items():
        admin = world.admins[name]
        hook = {"url": "http://127.0.0.1:9/hook", "events": ["*"], "name": world.mark(f"hook-{name}", name)}
        made = world.done("POST", "/api/v1/webhooks", admin, hook)
        world.secrets.add(made["secret"])
        role = {"owner": "owner", "platform": "platform-admin"}.get(str(kind), "maker-admin")
        invited = {"email": f"{world.mark(f'invited-{name}', name)}@example.com", "role": role}
        invitation = world.done("POST", "/api/v1/invitations", admin, invited)
        if name == "maker":
            world.ids["webhook"], world.ids["invitation"] = made["webhook"]["id"], invitation["id"]
    world.ids["job"] = world.done(
        "POST", "/api/v1/jobs", maker,
        {"kind": "units.tag", "selection": {"ids": [world.ids["free"]]}, "parameters": {"add": ["tagged"]}},
    )["id"]  # fmt: skip
    deliveries = f"/api/v1/webhooks/{world.ids['webhook']}/deliveries"
    found = world.until(lambda: world.done("GET", deliveries, maker)["items"])
    world.ids["delivery"] = found[0]["id"]
    told = {"alert": world.ids["alert"]}
    notified = world.until(lambda: world.done("GET", "/api/v1/notifications", maker, query=told)["items"])
    world.ids["notification"] = notified[0]["id"]
    subject = world.ids["subject"]
    credential = world.done("GET", f"/api/v1/units/{subject}/credentials", maker)["items"][0]
    world.ids["credential"] = credential["id"]
    world.ids["person"] = world.people["maker", "viewer"].person
    view = {"name": world.mark("view", "maker"), "query": "product=lamp", "shared": True}
    world.ids["view"] = world.done("POST", "/api/v1/views", maker, view)["id"]
    group = {"name": "group", "title": world.mark("group", "maker"), "filter": {"product": "lamp"}}
    world.ids["group"] = world.done("POST", "/api/v1/groups", maker, group)["id"]
    _entitled(world, maker)
    rule = {"when": "target > 900", "title": world.mark("rule", "maker")}
    body = {"name": "high", "product": "lamp", "rule": rule}
    world.ids["rule"] = world.done("POST", "/api/v1/rules", maker, body)["id"]
    title = world.mark("scene", "maker")
    step = {"units": {"ids": [world.ids["free"]]}, "desired": {"target": 7}}
    scene = world.done("POST", "/api/v1/scenes", maker, {"name": "scene", "title": title, "steps": [step]})
    world.ids["scene"] = scene["scene"]["id"]
    world.ids["run"] = world.done("POST", "/api/v1/scenes/scene/run", maker, {})["id"]
    when = {"at": ["18:30"], "dates": ["2020-01-01"]}
    schedule = {"name": "schedule", "title": world.mark("schedule", "maker"), "scene": "scene", "when": when}
    world.ids["schedule"] = world.done("POST", "/api/v1/schedules", maker, schedule)["id"]
    stranger = world.new_person("maker", "viewer")
    world.ids["session"] = world.done("GET", "/api/v1/session", stranger)["session"]["id"]
    # To whom has lamps already: whoever gets the first one is offered plans from then on.
    offered = {"to": "other"}
    spare = world.new_owned()["unit"]
    world.ids["transfer"] = world.done("POST", f"/api/v1/units/{spare}/transfer", world.admins["owner"], offered)["id"]


def _entitled(world: World, maker: Asker) -> None:
    """Something given, something shared, somebody suspended."""
    subject = world.ids["subject"]
    given = {"feature": "glow", "unit": subject, "note": world.mark("note-entitlement", "maker")}
    world.ids["entitlement"] = world.done("POST", "/api/v1/entitlements", maker, given)["id"]
    shared = {"feature": "glow", "with_unit": world.new_owned()["unit"]}
    path = f"/api/v1/units/{subject}/entitlement-shares"
    world.ids["feature_share"] = world.done("POST", path, world.admins["owner"], shared)["id"]
    customer = {"name": world.mark("customer-suspended", "maker"), "country": "DE", "currency": "EUR"}
    world.ids["suspended"] = world.done("POST", "/api/v1/customers", maker, customer)["id"]
    suspended = {"customer": world.ids["suspended"], "because": world.mark("because-suspended", "maker")}
    world.done("POST", "/api/v1/entitlement-suspensions", maker, suspended)


def _owed(world: World, maker: Asker) -> None:
    """The owner was sent an invoice, and paid some of it."""
    place = {"city": "Berlin", "street": world.mark("street-issuer", "maker", "owner")}
    body = {"name": "Lamps", "country": "DE", "vat_id": "DE136695976", "address": place, **SEPA}
    world.done("PUT", "/api/v1/issuer", maker, body)
    for name in set(KINDS) - {"maker"}:
        issuer = {"name": world.mark(f"issuer-{name}", name), "country": "DE"}
        world.done("PUT", "/api/v1/issuer", world.admins[name], issuer)
    rules = [{"category": "O", "reason": world.mark("reason-tax", "maker", "owner")}]
    world.done("PUT", "/api/v1/tax-rules", maker, {"rules": rules})
    world.ids["invoice"] = world.invoice()
    paid = {"customer": world.ids["customer"], "amount": "1.00", "currency": "EUR", "key": "walls"}
    world.ids["payment"] = world.done("POST", "/api/v1/payments", maker, paid)["id"]
    mandate = {"reference": "M-1", "signed_at": "2026-01-01T00:00:00Z", "iban": "DE89370400440532013000"}
    world.done("PUT", f"/api/v1/customers/{world.ids['customer']}/mandates/sepa", maker, mandate)
    euros = [Posting("revenue:lamp", number("0.10"), "EUR"), Posting("payable:city", number("-0.10"), "EUR")]
    share = Entry(key="shared", at=world.platform.engines.clock.now(), title="Shared", postings=tuple(euros))
    with world.platform.engines.records.write() as connection:
        world.platform.ledger.post(connection, world.organisations["maker"].id, share)
