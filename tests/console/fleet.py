"""A fleet to look at: units of every blueprint that lived a day already and go on living, and everything people do with them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import yaml
from browser import ROOT, Shown

from monokoto.connect.tenancy import OrganisationKind
from monokoto.testing import Installation, wait_until

FLEET_PAGES = (
    Shown("overview", "/console"),
    Shown("units", "/console/units"),
    Shown("units-none", "/console/units?text=nothing-like-it"),
    Shown("units-change", "/console/units/change?all=1&kind=units.tag"),
    Shown("units-import", "/console/units/import"),
    Shown("products", "/console/products"),
    Shown("product", "/console/products/{product}"),
    Shown("product-diff", "/console/products/{product}/diff"),
    Shown("product-none", "/console/products/none"),
    Shown("apply", "/console/apply"),
    Shown("unit-entitlements", "/console/units/{unit}/entitlements"),
    Shown("unit-new", "/console/units/new?product={product}"),
    Shown("unit", "/console/units/{unit}"),
    Shown("unit-charts", "/console/units/{unit}/charts?range=day&property=temperature&property=humidity&property=mode"),
    Shown("unit-alerts", "/console/units/{unit}/alerts"),
    Shown("unit-twin", "/console/units/{unit}/twin"),
    Shown("unit-commands", "/console/units/{unit}/commands"),
    Shown("unit-events", "/console/units/{unit}/events"),
    Shown("unit-dead-letters", "/console/units/{unit}/dead-letters"),
    Shown("unit-system", "/console/units/{unit}/system"),
    Shown("unit-software", "/console/units/{unit}/software"),
    Shown("unit-ownership", "/console/units/{unit}/ownership"),
    Shown("unit-unowned", "/console/units/{other}/ownership"),
    Shown("unit-description", "/console/units/{unit}/description"),
    Shown("unit-audit", "/console/units/{unit}/audit"),
    Shown("alert", "/console/alerts/{alert}"),
    Shown("rule", "/console/rules/{rule}"),
    Shown("notification-route", "/console/notifications/routes/{route}"),
    Shown("receiver", "/console/notifications/receivers/{receiver}"),
    Shown("job", "/console/jobs/{job}"),
    Shown("commands-all", "/console/commands?status=all"),
    Shown("group", "/console/groups/third-floor"),
    Shown("scene", "/console/scenes/evening"),
    Shown("scene-edit", "/console/scenes/evening/edit"),
    Shown("scene-run", "/console/scene-runs/{run}"),
    Shown("schedule", "/console/schedules/every-evening"),
    Shown("schedule-edit", "/console/schedules/every-evening/edit"),
)
"""The pages about products and units, which need some to look at."""
BLUEPRINTS = ROOT / "blueprints"
PLACES = (
    ("Seoul", 37.566, 126.978), ("Busan", 35.180, 129.076), ("Incheon", 37.456, 126.705), ("Daejeon", 36.350, 127.385),
    ("Jeju", 33.500, 126.530), ("Tokyo", 35.690, 139.692), ("Singapore", 1.290, 103.850), ("Sydney", -33.868, 151.210),
    ("Berlin", 52.520, 13.405), ("Paris", 48.857, 2.352), ("London", 51.507, -0.128), ("Madrid", 40.417, -3.704),
    ("Nairobi", -1.286, 36.817), ("São Paulo", -23.550, -46.633), ("Toronto", 43.653, -79.383), ("Austin", 30.267, -97.743),
)  # fmt: skip
KINDS = (("thermostat", "TH", 24), ("sensor", "SE", 8), ("turbofan", "TF", 4))
"""Product, what its serials begin with, how many."""
BOOST = {"minutes": 20, "target": 23}
DAY_MINUTES = 24 * 60
STEP = "2m"
"""How often a unit measured on the day before; now it does every few seconds."""
NAMES = ("Living room", "Meeting room 3", "Reception", "서버실", "회의실 2층", "Warehouse north", "Lobby", "안방")


@dataclass
class Fleet:
    """What is there, by the names that paths of pages need."""

    here: Installation
    admin: httpx.Client
    names: dict[str, str]


@contextmanager
def fleet(here: Installation, admin: httpx.Client, *, minutes: int = DAY_MINUTES) -> Iterator[Fleet]:
    """Furnish an installation; its units live until the block ends."""
    for product, _, _ in KINDS:
        apply(admin, product)
    _more_versions(admin)
    units = {product: _register(admin, product, prefix, count) for product, prefix, count in KINDS}
    _live(here, units, begun=datetime.now(UTC) - timedelta(minutes=minutes), minutes=minutes)
    names = _people_do(here, admin, units)
    children = [_stay(here, product, rows) for product, rows in units.items()]
    try:
        wait_until(lambda: admin.get("/api/v1/presence", params={"limit": 1}).json()["online"] > 20, seconds=60)
        # Only now: who is not connected is left out of the scene, and a rule sees what comes after it.
        names |= {"run": _scene(admin)} | _watch(admin)
        yield Fleet(here, admin, names)
    finally:
        for child in children:
            child.terminate()
        for child in children:
            child.wait(30)


def apply(admin: httpx.Client, product: str) -> None:
    """A blueprint as it is."""
    text = (BLUEPRINTS / product / "product.yaml").read_text("utf-8")
    admin.post("/api/v1/products/apply", json={"files": {"product.yaml": text}}).raise_for_status()


def _more_versions(admin: httpx.Client) -> None:
    """A second version of the first product, and one folder that was refused."""
    text = (BLUEPRINTS / "thermostat" / "product.yaml").read_text("utf-8")
    more = "    co2: {type: integer, minimum: 0, maximum: 5000, unit: ppm, readOnly: true, title: CO2}\n    humidity:"
    newer = text.replace("{model: 1.0.0}", "{model: 1.1.0}").replace("    humidity:", more, 1)
    admin.post("/api/v1/products/apply", json={"files": {"product.yaml": newer}}).raise_for_status()
    admin.post("/api/v1/products/apply", json={"files": {"product.yaml": "product: ["}})


def _register(admin: httpx.Client, product: str, prefix: str, count: int) -> list[dict[str, str]]:
    """Named, tagged, on the map; the second of them is a part of the first."""
    rows: list[dict[str, str]] = []
    for number in range(1, count + 1):
        place, latitude, longitude = PLACES[number % len(PLACES)]
        body: dict[str, Any] = {
            "product": product,
            "serial": f"{prefix}-{number:04d}",
            "name": NAMES[number % len(NAMES)] if number % 3 else "",
            "tags": ["pilot", "third floor"][: number % 3],
            "parent": rows[0]["id"] if rows and number < 4 else "",
        }
        if number % 5:
            spread = number / 40
            body["location"] = {"latitude": latitude + spread, "longitude": longitude - spread, "place": place}
        if product == "thermostat" and number % 4 == 0:
            body["version"] = "1.0.0"
        made = admin.post("/api/v1/units", json=body).raise_for_status().json()
        rows.append({"id": made["unit"]["id"], "serial": body["serial"], "token": made["token"]})
    return rows


def _live(here: Installation, units: dict[str, list[dict[str, str]]], *, begun: datetime, minutes: int) -> None:
    """The day before, as fast as it goes."""
    for product, rows in units.items():
        folder = _folder(here, product, "past", {"every": STEP, "start": begun.strftime("%Y-%m-%dT%H:%M:%SZ")})
        done = here.koto(*_simulate(here, folder, product, rows), "--minutes", str(minutes), "--speed", "max")
        assert done.returncode == 0, done.stderr + done.stdout


def _stay(here: Installation, product: str, rows: list[dict[str, str]]) -> subprocess.Popen[str]:
    """Go on living, all but the last two of them."""
    folder = _folder(here, product, "now", {"every": "4s", "offline": None})
    command = [sys.executable, "-m", "monokoto.cli", *_simulate(here, folder, product, rows[:-2])]
    return subprocess.Popen(command, env=here.environment, stdout=subprocess.DEVNULL, text=True)


def _folder(here: Installation, product: str, name: str, changed: dict[str, Any]) -> Path:
    document = yaml.safe_load((BLUEPRINTS / product / "product.yaml").read_text("utf-8"))
    simulation = {**document["simulation"], **changed}
    document["simulation"] = {name: value for name, value in simulation.items() if value is not None}
    folder = here.folder / f"{product}-{name}"
    folder.mkdir()
    (folder / "product.yaml").write_text(yaml.safe_dump(document, sort_keys=False, allow_unicode=True))
    return folder


def _simulate(here: Installation, folder: Path, product: str, rows: Sequence[dict[str, str]]) -> list[str]:
    credentials = folder / "tokens.ndjson"
    credentials.write_text("".join(json.dumps(row) + "\n" for row in rows))
    url = f"mqtt://127.0.0.1:{here.mqtt_port}"
    return ["simulate", str(folder), "--units", str(len(rows)), "--url", url, "--credentials", str(credentials)]


def _people_do(here: Installation, admin: httpx.Client, units: dict[str, list[dict[str, str]]]) -> dict[str, str]:
    """Keys, invitations, receivers, jobs, owners, wishes, commands, refusals."""
    first, other = units["thermostat"][0], units["thermostat"][4]
    for name, scopes in (("Billing export", ["telemetry:read"]), ("Line 4", ["units:write", "telemetry:write"])):
        admin.post("/api/v1/keys", json={"name": name, "scopes": scopes}).raise_for_status()
    key = admin.post("/api/v1/keys", json={"name": "Old script", "scopes": ["admin"]}).json()["key"]
    admin.delete(f"/api/v1/keys/{key['id']}")
    for email, role in (("jun@example.org", "operator"), ("sora@example.org", "viewer")):
        admin.post("/api/v1/invitations", json={"email": email, "role": role}).raise_for_status()
    admin.post(
        "/api/v1/webhooks", json={"url": "https://example.org/monokoto", "name": "Service desk", "events": ["*"]}
    )
    unit = f"/api/v1/units/{first['id']}"
    desired = admin.patch(f"{unit}/twin/desired", json={"target": 22.5, "mode": "heat"})
    for answer in (desired, admin.post(f"{unit}/actions/restart"), admin.post(f"{unit}/actions/boost", json=BOOST)):
        answer.raise_for_status()
    with httpx.Client(base_url=here.api_url, headers={"Authorization": f"Bearer {first['token']}"}) as device:
        for wrong in ({"temperature": "warm"}, {"humidity": 400}, {"colour": "red"}):
            device.post("/api/v1/telemetry", json=wrong)
    code = admin.post(f"{unit}/claim-code").raise_for_status().json()["code"]
    with here.organisation("kim-family", kind=OrganisationKind.OWNER) as owner:
        owner.post("/api/v1/claims", {"code": code, "label": "Living room"})
    return {"unit": first["id"], "other": other["id"], "product": "thermostat", "job": _job(admin)}


def _watch(admin: httpx.Client) -> dict[str, str]:
    """Rules, who is told by which route, the alerts they found, and a window in which nobody is told."""
    receiver = {"name": "Service desk", "kind": "mail", "address": "desk@example.org"}
    told = admin.post("/api/v1/receivers", json=receiver).raise_for_status().json()["receiver"]["id"]
    steps = [{"receivers": [told]}, {"receivers": [told], "after_seconds": 600, "repeats": 2}]
    route = admin.post("/api/v1/notification-routes", json={"name": "Everything", "steps": steps})
    rules = {
        "warm-room": {"title": {"en": "A warm room", "ko": "따뜻한 방"}, "severity": "major", "when": "temperature > 20.0"},
        "dry-air": {"title": {"en": "The air is dry", "ko": "공기가 건조합니다"}, "severity": "info", "when": "humidity < 45.0"},
    }  # fmt: skip
    made = [
        admin.post("/api/v1/rules", json={"name": name, "product": "thermostat", "rule": rule})
        .raise_for_status()
        .json()
        for name, rule in rules.items()
    ]
    until = (datetime.now(UTC) + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M:%SZ")
    window = {"reason": "New valves", "to": until, "selection": {"tags": ["third floor"]}}
    admin.post("/api/v1/maintenance-windows", json=window).raise_for_status()

    def found() -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = (
            admin.get("/api/v1/alerts", params={"rule": made[0]["id"]}).json().get("items", [])
        )
        return items

    wait_until(lambda: len(found()) > 3, seconds=60, every=0.5)
    first, second, *_ = found()
    admin.post(f"/api/v1/alerts/{second['id']}/acknowledge")
    admin.post(f"/api/v1/alerts/{first['id']}/comment", json={"text": "On my way"})
    return {
        "alert": first["id"],
        "rule": made[0]["id"],
        "route": route.raise_for_status().json()["id"],
        "receiver": told,
    }


def _scene(admin: httpx.Client) -> str:
    """A group, a scene for it, its first run, and when it comes again."""
    group = {"title": "Third floor", "filter": {"product": "thermostat", "tags": ["third floor"]}}
    steps = [
        {"units": {"group": "third-floor"}, "desired": {"target": 19, "mode": "heat"}},
        {"units": {"product": "thermostat", "tags": ["pilot"]}, "action": "boost", "input": BOOST},
    ]
    when = {"at": ["18:30"], "days": ["mon", "tue", "wed", "thu", "fri"]}
    schedule = {"title": "Every evening", "when": when, "scene": "evening", "timezone": "Asia/Seoul"}
    for path, body in (
        ("groups/third-floor", group),
        ("scenes/evening", {"title": "Evening", "steps": steps, "offline": "skip"}),
        ("schedules/every-evening", schedule),
    ):
        admin.put(f"/api/v1/{path}", json=body).raise_for_status()
    return str(admin.post("/api/v1/scenes/evening/run", json={}).raise_for_status().json()["id"])


def _job(admin: httpx.Client) -> str:
    body = {"kind": "units.tag", "selection": {"product": "thermostat"}, "parameters": {"add": ["winter"]}}
    answer = admin.post("/api/v1/jobs", json=body)
    return str(answer.raise_for_status().json()["id"])
