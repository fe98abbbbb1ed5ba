"""Rules in a whole installation: what units say becomes alerts, before and after a kill; the past is tried on."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import httpx

from monokoto.cli.client import ApiClient
from monokoto.kernel.clock import format_instant
from monokoto.testing import Installation, register, wait_until

PRODUCT = """\
product: press
model:
  version: {model: 1.0.0}
  properties:
    temperature: {type: number}
    door: {type: string}
  actions: {clean: {}}
rules:
  hot:
    title: Too hot
    severity: major
    when: temperature > 80
    clear: temperature < 75
  ajar:
    signals: {long: {held: 'door == "open"', for: 2 s}}
    when: long
    forbids: [clean]
"""
NOW = time.time_ns() // 1_000


def test_what_units_say_becomes_alerts(here: Installation, tmp_path: Path) -> None:
    api = here.organisation("acme")
    api.post("/api/v1/products/apply", {"files": {"product.yaml": PRODUCT}})
    units = register(api, "press", ["a", "b"])
    one, other = (unit["unit"] for unit in units)
    tokens = {unit["unit"]: unit["token"] for unit in units}

    def say(unit: str, at: int, **values: Any) -> None:
        headers = {"Authorization": f"Bearer {tokens[unit]}"}
        message = {"at": format_instant(at), "values": values}
        assert httpx.post(f"{api.url}/api/v1/telemetry", json=message, headers=headers).status_code == 204

    wait_until(lambda: len(_watched(api, one)) == 2)
    assert {rule["key"]: rule["raised"] for rule in _watched(api, one)} == {"press/hot": None, "press/ajar": None}

    begin = NOW - 3600_000_000
    say(one, begin, temperature=70)
    say(one, begin + 10_000_000, temperature=85)
    say(other, begin, temperature=70)
    (alert,) = wait_until(lambda: _alerts(api))
    assert (alert["unit"], alert["rule"], alert["severity"]) == (one, "press/hot", "major")
    assert _raised(api, one) == {"press/hot": format_instant(begin + 10_000_000)}
    assert _raised(api, other) == {}

    here.kill()
    here.start()
    say(one, begin + 20_000_000, temperature=78)
    say(one, begin + 30_000_000, temperature=60)
    wait_until(lambda: _raised(api, one) == {})
    assert [found["state"] for found in _alerts(api)] != [], "cleared, and not yet acknowledged"

    # Nobody says anything more: it is the clock that finds the door open for too long.
    say(other, time.time_ns() // 1_000, door="open")
    wait_until(lambda: "press/ajar" in _raised(api, other))
    refused = api._http.post(f"/api/v1/units/{other}/actions/clean")
    assert (refused.status_code, "press/ajar" in refused.text) == (409, True)

    added = api.post(
        "/api/v1/rules", {"name": "warm", "product": "press", "units": [one], "rule": {"when": "temperature > 50"}}
    )
    wait_until(lambda: added["id"] in [rule["key"] for rule in _watched(api, one)])
    say(one, NOW, temperature=66)
    wait_until(lambda: added["id"] in _raised(api, one))
    api.delete(f"/api/v1/rules/{added['id']}")
    wait_until(lambda: added["id"] not in _raised(api, one))

    # A reading is stored a moment after it was looked at.
    wait_until(lambda: _try(api, {"rules": ["hot"]}, begin)["readings"] == 6)
    tried = _try(api, {"rules": ["hot"]}, begin)
    assert (tried["type"], tried["complete"], tried["alerts"]) == ("result", True, 1)
    (shown,) = tried["shown"]
    assert (shown["unit"], shown["raised"]) == (one, format_instant(begin + 10_000_000))
    assert shown["cleared"] == format_instant(begin + 30_000_000)
    tried = _try(api, {"rule": {"when": "temperature > 65"}}, begin)
    assert (tried["alerts"], tried["by_unit"]) == (3, {one: 2, other: 1})

    folder = tmp_path / "press"
    folder.mkdir()
    (folder / "product.yaml").write_text(PRODUCT.replace("> 80", "> 65"))
    key = api._http.headers["Authorization"].removeprefix("Bearer ")
    said = here.koto("rules", "try", str(folder), "--rule", "hot", "--days", "1", key=key)
    assert said.stdout.splitlines()[0] == "hot: 3 alerts on 2 of 2 units, 6 readings", said
    listed = here.koto("rules", "list", "--unit", other, key=key)
    assert "press/ajar" in listed.stdout


def _watched(api: ApiClient, unit: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.get(f"/api/v1/units/{unit}/rules")["items"]
    return found


def _raised(api: ApiClient, unit: str) -> dict[str, str]:
    return {rule["key"]: rule["raised"]["since"] for rule in _watched(api, unit) if rule["raised"]}


def _alerts(api: ApiClient) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.get("/api/v1/alerts")["items"]
    return found


def _try(api: ApiClient, what: dict[str, Any], begin: int) -> dict[str, Any]:
    span = {"from": format_instant(begin - 1), "to": format_instant(NOW + 86_400_000_000)}
    with api.stream("POST", "/api/v1/rules/try", json={"product": "press", **span, **what}) as answer:
        lines = [json.loads(line) for line in answer.iter_lines() if line]
    result: dict[str, Any] = lines[-1]
    return result
