"""The description: a pure function of model, unit and addresses."""

from __future__ import annotations

from typing import Any

import pytest

from monokoto.connect.fleet import Unit
from monokoto.operate.things import Addresses, Whereabouts, thing_description
from monokoto.settings import ApiSettings, GatewaySettings, Settings

MODEL: dict[str, Any] = {
    "@context": ["https://www.w3.org/2022/wot/td/v1.1"],
    "@type": "tm:ThingModel",
    "title": "Oven",
    "titles": {"de": "Ofen"},
    "version": {"model": "1.0.0"},
    "properties": {
        "heat": {"type": "number", "readOnly": True},
        "target": {"type": "number"},
        "pin": {"type": "string", "writeOnly": True},
        "still": {"type": "number", "readOnly": True, "observable": False},
    },
    "actions": {"ping": {"synchronous": True, "output": {"type": "string"}}, "clean": {}},
    "events": {"done": {}},
}


def unit(**more: Any) -> Unit:
    given = {"name": "", "revision": 3} | more
    return Unit(
        id=99, organisation_id=7, product="oven", version="1.0.0", serial="S1", path="x",
        created_at=1_767_225_600_000_000, updated_at=1_767_225_600_000_000, **given,
    )  # fmt: skip


BOTH = Addresses("https://koto.example", "mqtt://koto.example:1883")


def forms(described: dict[str, Any], group: str, name: str) -> set[tuple[str, str]]:
    """(operation, scheme or subprotocol) of each form."""
    found = set()
    for form in described[group][name]["forms"]:
        how = form.get("subprotocol") or form["href"].partition(":")[0]
        found |= {(op, how) for op in ([form["op"]] if isinstance(form["op"], str) else form["op"])}
    return found


def test_what_cannot_be_done_has_no_form() -> None:
    described = thing_description(MODEL, unit(), BOTH)
    observed = {(op, how) for op in ("observeproperty", "unobserveproperty") for how in ("longpoll", "sse", "mqtt")}
    reading = {("readproperty", "https"), ("readproperty", "mqtt")}
    writing = {("writeproperty", "https"), ("writeproperty", "mqtt")}
    assert forms(described, "properties", "heat") == reading | observed
    assert forms(described, "properties", "target") == reading | writing | observed
    assert forms(described, "properties", "pin") == writing
    assert forms(described, "properties", "still") == {("readproperty", "https")}
    assert described["properties"]["still"]["observable"] is False
    assert described["properties"]["heat"]["observable"] is True


def test_an_action_that_answers_at_once_is_waited_for_and_of_another_comes_its_command() -> None:
    actions = thing_description(MODEL, unit(), BOTH)["actions"]
    ping, clean = actions["ping"]["forms"][0], actions["clean"]["forms"][0]
    assert "answer=output" in ping["href"]
    assert "additionalResponses" not in ping
    assert clean["additionalResponses"] == [{"success": True, "schema": "command"}]
    assert (actions["ping"]["synchronous"], actions["clean"]["synchronous"]) == (True, False)


@pytest.mark.parametrize(
    ("protocol", "schemes", "security"),
    [("", {"https", "mqtt"}, ["key"]), ("http", {"https"}, ["key"]), ("mqtt", {"mqtt"}, ["mqtt"])],
)
def test_forms_of_one_protocol_alone(protocol: str, schemes: set[str], security: list[str]) -> None:
    described = thing_description(MODEL, unit(), BOTH.only(protocol))
    found = {
        form["href"].partition(":")[0]
        for group in ("properties", "actions", "events")
        for one in described[group].values()
        for form in one["forms"]
    }
    assert found == schemes
    assert described["security"] == security
    assert described["security"][0] in described["securityDefinitions"]


def test_a_unit_is_called_by_its_label_its_name_or_its_serial() -> None:
    assert thing_description(MODEL, unit(), BOTH)["title"] == "Oven S1"
    named = thing_description(MODEL, unit(name="Kitchen"), BOTH)
    assert (named["title"], "titles" in named) == ("Kitchen", False)
    assert thing_description(MODEL, unit(name="Kitchen"), BOTH, label="Mine")["title"] == "Mine"


def test_a_token_stands_in_addresses_of_streams_alone() -> None:
    described = thing_description(MODEL, unit(), BOTH, access_token="kotot_x")
    for form in [*described["forms"], *(f for one in described["properties"].values() for f in one["forms"])]:
        assert ("access_token=kotot_x" in form["href"]) == (form.get("subprotocol") == "sse")


def test_addresses_come_from_the_settings_or_from_whoever_asks() -> None:
    plain = Whereabouts.from_settings(Settings(gateway=GatewaySettings(mqtt_port=1884)))
    assert plain.addresses("http://[::1]:8080/") == Addresses("http://[::1]:8080", "mqtt://[::1]:1884")
    gateway = GatewaySettings(certificate_file="c", key_file="k", mqtts_port=8884)
    secure = Whereabouts.from_settings(Settings(api=ApiSettings(public_url="https://koto.example/"), gateway=gateway))
    assert secure.addresses("http://inside:1") == Addresses("https://koto.example", "mqtts://koto.example:8884")
    unknown = Whereabouts.from_settings(Settings(gateway=GatewaySettings(mqtt_port=0)))
    assert unknown.addresses("http://h").mqtt == ""
