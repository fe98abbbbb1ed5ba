"""Every blueprint: in order, its Thing Model valid by the Recommendation, its virtual units true to it, its data fitting."""

import csv
import gzip
import json
import os
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from monokoto.connect.products import CheckedProduct, Folder, VirtualUnit, check, read_folder
from monokoto.kernel.clock import MICROSECONDS_PER_SECOND, Instant
from monokoto.kernel.values import Kind

ROOT = Path(__file__).parents[2]
BLUEPRINTS = sorted(file.parent for file in (ROOT / "blueprints").glob("*/product.yaml"))
SHARED = Path(os.environ.get("MONOKOTO_SHARED_DATA") or ROOT.parent / "shared" / "data")
SCHEMA_PACKAGE = "wot-thing-model-types@1.1.0-12-March-2025"
SEED = 20_260_301
each_blueprint = pytest.mark.parametrize("folder", BLUEPRINTS, ids=lambda folder: folder.name)


def needs(file: str) -> Path:
    """The shared file; the test is skipped, visibly, where it is not."""
    path = SHARED / file
    if not path.exists():
        pytest.skip(f"needs the public data set {file}")
    return path


def test_there_are_blueprints() -> None:
    assert {"sensor", "thermostat", "turbofan"} <= {folder.name for folder in BLUEPRINTS}


@each_blueprint
def test_a_blueprint_is_in_order(folder: Path) -> None:
    checked = check(read_folder(folder))
    assert checked.product == folder.name
    assert checked.simulation is not None
    assert checked.notes == ()
    readme = (folder / "README.md").read_text("utf-8")
    assert f"blueprints/{folder.name}" in readme


@each_blueprint
def test_virtual_units_are_true_to_the_model(folder: Path) -> None:
    checked = check(read_folder(folder))
    model = checked.compile(1)
    judges = {name: Draft7Validator(dict(one.schema)) for name, one in model.properties.items()}
    told: set[str] = set()
    assert checked.simulation is not None
    for index in range(4):
        six_hours = 6 * 3600 * MICROSECONDS_PER_SECOND  # a day's profile is walked whole
        unit = VirtualUnit(checked.simulation, seed=SEED, index=index, start=Instant(index * six_hours))
        for _ in range(500):
            moment = unit.tick()
            for name, value in moment.values.items():
                fault = next(judges[name].iter_errors(value), None)
                assert fault is None, (SEED, index, name, value, fault and fault.message)
            for occurrence in moment.events:
                Draft7Validator(dict(model.events[occurrence.name].data or {})).validate(occurrence.data)
            told |= moment.values.keys()
    assert told == set(model.properties)


@pytest.fixture(scope="module")
def recommendation(tmp_path_factory: pytest.TempPathFactory) -> Draft7Validator:
    """The JSON Schema of the TM 1.1 Recommendation, from its package; not part of this repository."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("needs npm to fetch the Recommendation's schema")
    folder = tmp_path_factory.mktemp("schema")
    command = [npm, "pack", SCHEMA_PACKAGE, "--silent", "--pack-destination", str(folder)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    packages = list(folder.glob("*.tgz"))
    if not packages:
        pytest.skip(f"npm could not fetch {SCHEMA_PACKAGE}: {done.stderr.strip()[:200]}")
    with tarfile.open(packages[0]) as package:
        member = package.extractfile("package/schema/tm-json-schema-validation.json")
        assert member is not None
        return Draft7Validator(json.load(member))


@each_blueprint
def test_a_blueprint_is_a_thing_model_of_the_recommendation(folder: Path, recommendation: Draft7Validator) -> None:
    assert faults_by(recommendation, check(read_folder(folder))) == []


RICH = """
product: rich
model:
  "@context": ["https://www.w3.org/2022/wot/td/v1.1", {acme: "https://acme.example/terms#"}]
  "@type": [tm:ThingModel, acme:Machine]
  id: urn:uuid:0804d572-cce8-422a-bb7c-4412fcd56f06
  titles: {de: Maschine}
  version: {model: 1.0.0-rc.1}
  support: mailto:help@acme.example
  created: 2026-01-01T00:00:00Z
  links: [{rel: license, href: "https://acme.example/licence", type: text/html}]
  tm:optional: [/properties/choice, /events/stopped]
  uriVariables: {lang: {type: string}}
  properties:
    choice: {type: string, enum: [a, "on", off], default: a, acme:colour: red}
    any: {oneOf: [{type: object, properties: {x: {type: number}}}, {type: object, required: [y], properties: {y: {const: 5}}}]}
    pair: {type: array, items: [{type: number}, {type: string}], minItems: 2, maxItems: 2}
    copy: {tm:ref: "#/properties/choice", readOnly: true, monokoto:retentionDays: 7}
    picture: {type: string, contentEncoding: base64, contentMediaType: image/png, writeOnly: true}
    level: {type: number, exclusiveMinimum: 0, exclusiveMaximum: 10, multipleOf: 0.25, observable: true}
  actions:
    go: {input: {type: object, properties: {to: {type: array, items: {type: number}}}}, safe: false, idempotent: true,
         synchronous: true, output: {type: "null"}}
  events:
    stopped: {data: {type: integer}, subscription: {type: string}, cancellation: {type: boolean}, dataResponse: {type: string}}
"""


def test_a_rich_model_is_a_thing_model_of_the_recommendation(recommendation: Draft7Validator) -> None:
    assert faults_by(recommendation, check(Folder({"product.yaml": RICH}))) == []


def faults_by(schema: Draft7Validator, checked: CheckedProduct) -> list[str]:
    return [f"{error.json_path}: {error.message[:200]}" for error in schema.iter_errors(dict(checked.thing_model))]


@pytest.mark.shared_data
@pytest.mark.parametrize("part", ["train_FD001", "test_FD001", "train_FD003", "test_FD003"])
def test_the_recorded_engines_fit_the_turbofan(part: str) -> None:
    file = needs(f"cmapss/{part}.csv.gz")
    model = check(read_folder(ROOT / "blueprints" / "turbofan")).compile(1)
    with gzip.open(file, "rt", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert {name for name in rows[0] if name != "unit"} == set(model.properties)
    for name, one in model.properties.items():
        values = {parse(row[name], one.kind) for row in rows}
        validator = Draft7Validator(dict(one.schema))
        for value in (min(values), max(values)):
            assert validator.is_valid(value), (part, name, value)


def parse(text: str, kind: Kind) -> Any:
    return int(text) if kind is Kind.INTEGER else float(text)


@pytest.mark.shared_data
def test_the_recorded_series_fit_the_sensor() -> None:
    file = needs("nab/data/realKnownCause/machine_temperature_system_failure.csv.gz")
    assert set(check(read_folder(ROOT / "blueprints" / "sensor")).compile(1).properties) == {"value"}
    with gzip.open(file, "rt", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert rows[0].keys() == {"timestamp", "value"}
    assert all(isinstance(float(row["value"]), float) for row in rows)
