"""A rule that is applied or added while units stand where it bites: they are told of at once, not with their next reading."""

from __future__ import annotations

from typing import Any

import httpx

from monokoto.testing import Installation, register, wait_until

PRODUCT = """\
product: oven
model:
  version: {model: 1.0.0}
  properties:
    temperature: {type: number}
"""
RULES = """\
rules:
  hot: {severity: major, when: temperature > 80}
"""


def test_a_rule_begins_with_what_units_reported_last(here: Installation) -> None:
    api = here.organisation("begins")
    api.post("/api/v1/products/apply", {"files": {"product.yaml": PRODUCT}})
    (row,) = register(api, "oven", ["a"])
    unit, bearer = row["unit"], {"authorization": f"Bearer {row['token']}"}
    httpx.post(f"{here.api_url}/api/v1/telemetry", headers=bearer, json={"temperature": 91.5}).raise_for_status()

    def twin() -> dict[str, Any]:
        return api.get(f"/api/v1/units/{unit}/twin")  # type: ignore[no-any-return]

    wait_until(lambda: "91.5" in str(twin()), seconds=60)

    def alert(rule: str) -> dict[str, Any] | None:
        found = api.get("/api/v1/alerts", {"unit": unit, "rule": rule})["items"]
        return found[0] if found else None

    # An added rule, for a product no rule watched until now.
    added = api.post("/api/v1/rules", {"name": "warm", "product": "oven", "rule": {"when": "temperature > 60"}})
    raised = wait_until(lambda: alert(added["id"]), seconds=60)
    evidence = api.get(f"/api/v1/alerts/{raised['id']}")["evidence"]
    assert [(one["name"], one["value"]) for one in evidence] == [("temperature", 91.5)]
    assert evidence[0]["at"] < raised["began_at"]

    # A version with a rule, and the unit moves to it.
    newer = PRODUCT.replace("1.0.0", "1.1.0") + RULES
    api.post("/api/v1/products/apply", {"files": {"product.yaml": newer}})
    api.request("PATCH", f"/api/v1/units/{unit}", json={"version": "1.1.0"})
    wait_until(lambda: alert("oven/hot"), seconds=60)

    # Both end with a reading, and there was one of each.
    httpx.post(f"{here.api_url}/api/v1/telemetry", headers=bearer, json={"temperature": 20}).raise_for_status()
    wait_until(lambda: all(alert(one)["cleared_at"] for one in (added["id"], "oven/hot")), seconds=60)  # type: ignore[index]
    assert len(api.get("/api/v1/alerts", {"unit": unit})["items"]) == 2


def test_a_rule_that_looks_back_begins_with_the_past(here: Installation) -> None:
    api = here.organisation("looksback")
    api.post("/api/v1/products/apply", {"files": {"product.yaml": PRODUCT}})
    (row,) = register(api, "oven", ["a"])
    unit, bearer = row["unit"], {"authorization": f"Bearer {row['token']}"}

    def say(temperature: float) -> None:
        document = {"temperature": temperature}
        httpx.post(f"{here.api_url}/api/v1/telemetry", headers=bearer, json=document).raise_for_status()

    for temperature in (91.5, 92.5, 20):
        say(temperature)
    wait_until(lambda: "20" in str(api.get(f"/api/v1/units/{unit}/twin")), seconds=60)
    rule = {"signals": {"often": {"count": "temperature > 80", "over": "1 h"}}, "when": "often >= 3"}
    added = api.post("/api/v1/rules", {"name": "often", "product": "oven", "rule": rule})
    # Two of the three were said before there was such a rule.
    say(93.5)
    found = wait_until(lambda: api.get("/api/v1/alerts", {"unit": unit, "rule": added["id"]})["items"], seconds=90)
    (alert,) = found
    evidence = api.get(f"/api/v1/alerts/{alert['id']}")["evidence"]
    assert [(one["name"], one["value"]) for one in evidence] == [("often", 3.0)]
