"""Every blueprint's description, and one of a product that has everything, against the Recommendation's schema and assertions."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import wot_node
import yaml

from monokoto.connect.fleet import Unit
from monokoto.connect.products import check, read_folder
from monokoto.operate.things import Addresses, directory_description, thing_description

ROOT = Path(__file__).resolve().parents[2]
BLUEPRINTS = sorted(path.parent for path in (ROOT / "blueprints").glob("*/product.yaml"))
ADDRESSES = Addresses("https://koto.example", "mqtts://koto.example:8883")
EVERYTHING: dict[str, Any] = {
    "product": "everything",
    "model": {
        "@context": [
            "https://www.w3.org/2022/wot/td/v1.1",
            {"saref": "https://saref.etsi.org/core/", "@language": "en"},
        ],
        "@type": ["tm:ThingModel", "saref:Device"],
        "id": "urn:example:model",
        "title": "Everything",
        "titles": {"en": "Everything", "de": "Alles"},
        "description": "Has each kind of affordance.",
        "version": {"model": "2.1.0"},
        "support": "mailto:help@maker.example",
        "links": [{"rel": "service-doc", "href": "https://maker.example/manual", "type": "text/html"}],
        "tm:optional": ["/properties/level"],
        "properties": {
            "level": {"type": "integer", "minimum": 0, "maximum": 10, "saref:measures": "level"},
            "secret": {"type": "string", "writeOnly": True},
            "constant": {"type": "string", "readOnly": True, "observable": False},
            "place": {"type": "object", "required": ["x"], "properties": {"x": {"type": "number"}}},
            "kept": {"type": "number", "readOnly": True, "monokoto:retentionDays": 7},
        },
        "actions": {
            "measure": {"synchronous": True, "output": {"type": "number"}, "safe": True},
            "move": {"input": {"type": "object", "properties": {"x": {"type": "number"}}}, "idempotent": True},
            "stop": {},
        },
        "events": {"arrived": {"data": {"type": "object"}}, "stuck": {"title": "Stuck"}},
    },
}


def unit(product: str, version: str) -> Unit:
    now = 1_767_225_600_000_000
    return Unit(
        id=987_654_321,
        organisation_id=7,
        product=product,
        version=version,
        serial="SN-1",
        path="0",
        parent_id=5,
        created_at=now,
        updated_at=now,
    )


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Description and model of every product; the title is the model's, whose values a description may not change."""
    folder = tmp_path_factory.mktemp("everything")
    (folder / "product.yaml").write_text(yaml.safe_dump(EVERYTHING))
    found = []
    for one in [*BLUEPRINTS, folder]:
        product = check(read_folder(one))
        model = dict(product.thing_model)
        described = thing_description(model, unit(product.product, product.version), ADDRESSES, label=model["title"])
        found.append({"td": described | {"titles": model["titles"]} if "titles" in model else described, "tm": model})
    return found


def test_they_are_valid_by_the_recommendations_schema(pairs: list[dict[str, Any]]) -> None:
    wot_node.fetched()
    schema = json.loads(
        (wot_node.MODULES / "wot-thing-description-types/schema/td-json-schema-validation.json").read_text()
    )
    validator = jsonschema.Draft7Validator(schema)
    for described in [pair["td"] for pair in pairs] + [directory_description(ADDRESSES)]:
        assert not [f"{list(error.path)}: {error.message[:200]}" for error in validator.iter_errors(described)]
    broken = json.loads(json.dumps(pairs[0]["td"]))
    next(iter(broken["properties"].values()))["forms"][0].pop("href")
    assert list(validator.iter_errors(broken))  # it can fail


@pytest.mark.parametrize(
    "some", [slice(-2, None), pytest.param(slice(-2), marks=pytest.mark.long)], ids=["two", "others"]
)
def test_they_pass_the_playgrounds_checks_and_the_assertions_of_the_recommendation(
    pairs: list[dict[str, Any]], some: slice
) -> None:
    """A second for each: two of them, and in the long form the others."""
    node, looked_at = wot_node.fetched(), pairs[some]
    broken = json.loads(json.dumps(pairs[0]))
    broken["td"]["security"] = ["nothing-of-the-kind"]
    done = subprocess.run(
        [*node, str(wot_node.HERE / "checker.mjs")],
        input=json.dumps([*looked_at, broken]),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    *found, faulty = json.loads(done.stdout)
    assert len(found) == len(looked_at)
    assert [one["faults"] for one in found if one["faults"]] == []
    assert all(one["passed"] > 90 for one in found)
    assert faulty["faults"]  # it can fail
