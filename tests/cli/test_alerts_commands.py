"""`koto alerts` and `koto maintenance` against a running installation; alerts are put there as a rule engine would."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait

import pytest
from typer.testing import CliRunner

from monokoto.cli.app import command_of
from monokoto.connect.fleet import Directory
from monokoto.engines.records import open_records
from monokoto.kernel.clock import Instant, SystemClock
from monokoto.kernel.ids import OrganisationId, UnitId, format_id, parse_id
from monokoto.operate.alerts import Alerts, MaintenanceWindows
from monokoto.operate.rules import AlertChange, ChangeKind, Evidence, Severity
from monokoto.testing import Installation, register, wait_until

PRODUCT = """
product: oven
model:
  title: Oven
  version: {model: 1.0.0}
  properties:
    temperature: {type: number}
"""


class Kitchen:
    """An installation with two ovens, and a rule engine's hand in its records."""

    def __init__(self, here: Installation) -> None:
        self.here = here
        api = here.organisation("kitchen")
        api.post("/api/v1/products/apply", {"files": {"product.yaml": PRODUCT}})
        self.units = [row["unit"] for row in register(api, "oven", ["one", "two"])]
        for unit in self.units:  # whoever asks about a unit makes it known
            assert api.get(f"/api/v1/units/{unit}/alerts")["items"] == []
        self.organisation_id = parse_id(api.get("/api/v1/organisation")["id"])
        self.key = api.post("/api/v1/keys", {"name": "cli", "scopes": ["admin"]})["secret"]
        self.api = api
        self.records = open_records("", data_dir=here.data_dir)
        clock, directory = SystemClock(), Directory(self.records)
        directory.refresh()
        windows = MaintenanceWindows(
            self.records, clock, lambda _id, concerned: [parse_id(one) for one in concerned.units]
        )
        self.alerts = Alerts(records=self.records, clock=clock, units=directory, windows=windows)
        self.now = clock.now()

    def tell(self, kind: str, unit: int = 0, began: int = 0, ended: int = 0, rule: str = "oven/hot") -> None:
        at = Instant(self.now + (ended or began))
        change = AlertChange(
            organisation_id=OrganisationId(self.organisation_id),
            unit_id=UnitId(parse_id(self.units[unit])),
            rule=rule,
            rule_version="1.0.0",
            instance=Instant(self.now + began),
            kind=ChangeKind(kind),
            at=at,
            severity=Severity.MAJOR,
            evidence=(Evidence("temperature", at, 93.5),),
        )
        self.alerts.take([change])

    @property
    def later(self) -> int:
        """Microseconds since it all began."""
        return SystemClock().now() - self.now

    def koto(self, *arguments: str, code: int = 0) -> str:
        """A command, in this process: starting one takes longer than all it does."""
        environment = {"MONOKOTO_URL": self.here.api_url, "MONOKOTO_KEY": self.key, "COLUMNS": "200"}
        done = CliRunner().invoke(command_of(arguments[0]), arguments[1:], env=environment)
        assert done.exit_code == code, done.output
        return done.output


@pytest.fixture(scope="module")
def kitchen(shared_installation: Installation) -> Iterator[Kitchen]:
    made = Kitchen(shared_installation)
    yield made
    made.records.close()


def test_an_alert_from_its_beginning_to_its_end(kitchen: Kitchen) -> None:
    kitchen.tell("raised")
    (alert,) = json.loads(kitchen.koto("alerts", "list", "--json"))["items"]
    assert (alert["serial"], alert["state"], alert["severity"]) == ("one", "raised", "major")
    assert alert["id"] in kitchen.koto("alerts", "list", "--severity", "major")
    assert kitchen.koto("alerts", "list", "--severity", "critical").count("oven/hot") == 0
    assert "acknowledged" in kitchen.koto("alerts", "ack", alert["id"])
    kitchen.koto("alerts", "comment", alert["id"], "On my way")
    assert "(shelved)" in kitchen.koto("alerts", "shelve", alert["id"], "--for", "2 h")
    assert "oven/hot" not in kitchen.koto("alerts", "list")
    assert "oven/hot" in kitchen.koto("alerts", "list", "--hidden")
    kitchen.koto("alerts", "shelve", alert["id"], "--undo")
    kitchen.tell("cleared", ended=5_000_000)
    shown = kitchen.koto("alerts", "show", alert["id"])
    for words in (
        "closed",
        "stood for 0:",
        "noticed after 0:",
        "temperature = 93.5",
        "raised",
        "acknowledged",
        "On my way",
        "shelved",
        "unshelved",
        "cleared",
    ):
        assert words in shown, words
    assert "closed" in kitchen.koto("alerts", "list", "--state", "closed")
    assert "oven/hot" in kitchen.koto("alerts", "list", "--groups")
    assert "`2 h`" in kitchen.koto("alerts", "shelve", alert["id"], "--until", "tomorrow", code=3)
    kitchen.koto("alerts", "show", format_id(5), code=4)


def test_a_maintenance_window_and_the_overview(kitchen: Kitchen) -> None:
    made = kitchen.koto("maintenance", "add", "--reason", "filters", "--for", "1 h", "--unit", "two", "--json")
    window = json.loads(made)["id"]
    assert "filters" in kitchen.koto("maintenance", "list")
    kitchen.tell("raised", unit=1, began=kitchen.later)
    (alert,) = json.loads(kitchen.koto("alerts", "list", "--unit", kitchen.units[1], "--json"))["items"]
    assert (alert["quiet"], alert["maintenance"]) == ("maintenance", window)
    assert kitchen.api.get("/api/v1/fleet/summary")["alerts"] == 1
    kitchen.koto("maintenance", "end", window)
    path = f"/api/v1/alerts/{alert['id']}"
    # The platform's reconciler finds it by period, whoever ended it.
    wait_until(lambda: "maintenance_ended" in [one["what"] for one in kitchen.api.get(path)["timeline"]])
    assert kitchen.api.get(path)["quiet"] is None
    assert window not in kitchen.koto("maintenance", "list")


def test_acknowledged_by_a_job_and_watched_from_where_one_was(kitchen: Kitchen) -> None:
    kitchen.tell("raised", unit=1, began=kitchen.later)
    job = {
        "kind": "alerts.acknowledge", "selection": {"product": "oven"}, "parameters": {"rule": "oven/hot"},
    }  # fmt: skip
    asked = kitchen.api.post("/api/v1/jobs", job)
    wait_until(lambda: kitchen.api.get(f"/api/v1/jobs/{asked['id']}")["state"] == "done")
    assert kitchen.api.get("/api/v1/alerts/counts")["unacknowledged"] == 0


def test_events_go_to_webhooks(kitchen: Kitchen) -> None:
    hook = {"url": "https://example.invalid/hook", "events": ["alert.*"]}
    made = kitchen.api.post("/api/v1/webhooks", hook)["webhook"]["id"]
    kitchen.tell("raised", unit=1, began=kitchen.later)

    def delivered() -> list[str]:
        return [one["type"] for one in kitchen.api.get(f"/api/v1/webhooks/{made}/deliveries")["items"]]

    wait_until(lambda: "alert.raised" in delivered(), seconds=60)
    kitchen.api.delete(f"/api/v1/webhooks/{made}")


def test_watched_live(kitchen: Kitchen) -> None:
    with ThreadPoolExecutor(1) as pool:
        watching = pool.submit(kitchen.koto, "alerts", "watch", "--count", "1", "--json")
        for _ in range(120):  # it may take a while until it listens
            kitchen.tell("raised", began=kitchen.later)
            if wait([watching], timeout=0.5).done:
                break
        assert json.loads(watching.result().splitlines()[0])["rule"] == "oven/hot"


def test_receivers_are_named_as_people_call_them(kitchen: Kitchen) -> None:
    kitchen.koto("receivers", "create", "ops", "--mail", "ops@example.com")
    kitchen.koto("receivers", "create", "boss", "--mail", "boss@example.com")
    kitchen.koto("receivers", "pause", "boss")
    kitchen.koto("receivers", "resume", "boss")
    route = kitchen.koto("routes", "create", "urgent", "--to", "ops", "--then", "600:boss").strip()
    previewed = kitchen.koto("routes", "preview", "--severity", "major", "--unit", "two")
    ops, boss = (next(line for line in previewed.splitlines() if name in line).split() for name in ("ops", "boss"))
    assert (ops[-1], boss[-1]) == ("1", "2")
    assert "`koto receivers list`" in kitchen.koto("receivers", "test", "nobody", code=4)
    kitchen.koto("routes", "delete", route)
    for name in ("ops", "boss"):
        kitchen.koto("receivers", "delete", name)


def test_alerts_of_an_added_rule_are_found_and_shown_by_its_name(kitchen: Kitchen) -> None:
    rule = kitchen.api.post("/api/v1/rules", {"name": "warm", "product": "oven", "rule": {"when": "temperature > 30"}})
    kitchen.tell("raised", began=kitchen.later, rule=rule["id"])
    shown = kitchen.koto("alerts", "list", "--rule", "warm")
    assert "warm" in shown
    assert rule["id"] not in shown
    assert "`koto rules list`" in kitchen.koto("alerts", "list", "--rule", "cold", code=4)
    said = {"when": "temperature > 30", "title": {"en": "Warm at home"}}
    kitchen.api.request("PATCH", f"/api/v1/rules/{rule['id']}", json={"rule": said})
    assert "Warm at home" in kitchen.koto("alerts", "list", "--rule", rule["id"])
