"""Checking a folder: golden lists of faults, hostile files, and what a good one becomes.

A golden list is beside its file; after a change that is meant, delete it, run the test, and read what it wrote.
"""

import time
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monokoto.connect.products import CheckedProduct, Folder, check, read_folder
from monokoto.kernel.errors import Invalid, MonokotoError, NotFound, TooLarge
from monokoto.kernel.limits import FAULTS_MAX, FOLDER_BYTES_MAX
from monokoto.kernel.values import Kind

GOLDEN = Path(__file__).parent / "golden"
HEAD = "product: p\nmodel:\n  version: {model: 1.0.0}\n"


def of(text: str) -> CheckedProduct:
    return check(Folder({"product.yaml": text}))


def faults_of(text: str) -> list[str]:
    with pytest.raises(Invalid) as caught:
        of(text)
    return [str(fault) for fault in caught.value.faults]


@pytest.mark.parametrize("file", sorted(GOLDEN.glob("*.yaml")), ids=lambda file: file.stem)
def test_every_fault_is_told_at_once(file: Path) -> None:
    told = "\n".join(faults_of(file.read_text("utf-8"))) + "\n"
    golden = file.with_suffix(".faults")
    if not golden.exists():
        golden.write_text(told, "utf-8")
        pytest.fail(f"wrote {golden.name}: read it, and keep it if it is right")
    assert told == golden.read_text("utf-8")


def test_a_good_product_becomes_its_model() -> None:
    checked = of(
        HEAD.replace("version", "title: Cooker\n  version")
        + """
  properties:
    mode: {enum: [off, warm, 'no'], title: Mode, default: off}
    heat: {type: number, unit: Cel, minimum: 0, exclusiveMaximum: 250, readOnly: true, monokoto:retentionDays: 30}
    count: {type: integer, observable: false}
    lid: {const: true}
    recipe: {type: object, properties: {name: {type: string, maxLength: 40}}, required: [name]}
    steps: {type: array, items: {type: number}, maxItems: 5}
    note: {type: string, maxLength: 100, pattern: '^[a-z]+$', default: abc}
  events: {done: {data: {type: number}, title: Done}, empty: {}}
  actions: {start: {input: {type: object}, output: {type: boolean}}}
"""
    )
    model = checked.compile(7)
    assert (model.organisation_id, model.product, model.version, model.title) == (7, "p", "1.0.0", "Cooker")
    kinds = {name: one.kind for name, one in model.properties.items()}
    assert kinds == {
        "mode": Kind.STRING,
        "heat": Kind.NUMBER,
        "count": Kind.INTEGER,
        "lid": Kind.BOOLEAN,
        "recipe": Kind.OBJECT,
        "steps": Kind.ARRAY,
        "note": Kind.STRING,
    }
    heat, mode = model.properties["heat"], model.properties["mode"]
    assert (heat.unit, heat.minimum, heat.exclusive_maximum, heat.read_only) == ("Cel", 0, 250, True)
    assert (heat.retention_days, heat.observable, model.properties["count"].observable) == (30, True, False)
    # By YAML 1.1 `off` and `no` would be false.
    assert (mode.enum, mode.title) == (("off", "warm", "no"), "Mode")
    assert model.properties["note"].length_max == 100
    assert (model.events["done"].data, model.events["empty"].data) == ({"type": "number"}, None)
    assert model.actions["start"].output == {"type": "boolean"}
    assert checked.notes == ()


def test_references_are_written_out_and_overruled() -> None:
    model = of(
        HEAD
        + """  properties:
    base: {type: number, unit: Cel, minimum: 0}
    other: {tm:ref: "#/properties/base", minimum: 5, unit: null}
    third: {tm:ref: "#/properties/other", title: Third}
"""
    ).compile(1)
    assert model.properties["other"].schema == {"type": "number", "minimum": 5}
    assert model.properties["third"].schema == {"type": "number", "minimum": 5, "title": "Third"}


def test_the_model_is_completed_for_others_to_read() -> None:
    model = of(HEAD + "  properties: {a: {type: number, monokoto:retentionDays: 5}}").thing_model
    assert model["@type"] == "tm:ThingModel"
    assert model["@context"][:2] == ["https://www.w3.org/2019/wot/td/v1", "https://www.w3.org/2022/wot/td/v1.1"]
    assert "monokoto" in model["@context"][2]


def test_later_sections_and_unused_terms_are_noted() -> None:
    checked = of(HEAD + "  forms: [{href: coap://x}]\npolicies: {hot: {}}\nplans: {}\n")
    assert [(note.place, note.line) for note in checked.notes] == [("/model/forms", 4), ("/policies", 5)]
    assert checked.document["policies"] == {"hot": {}}


def test_declared_prefixes_are_kept() -> None:
    text = HEAD + (
        "  '@context': ['https://www.w3.org/2022/wot/td/v1.1', {saref: 'https://w3id.org/saref#'}]\n"
        "  properties: {a: {type: number, '@type': saref:Temperature, saref:accuracy: 1}}\n"
    )
    assert of(text).compile(1).properties["a"].schema["saref:accuracy"] == 1


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("off", "off"),
        ("Yes", "Yes"),
        ("2026-01-01", "2026-01-01"),
        ("0o17", 15),
        ("0x1F", 31),
        ("017", "017"),
        ("1_000", "1_000"),
        ("1:30", "1:30"),
        (".5", 0.5),
        ("-3.", -3.0),
        ("1e3", 1000.0),
        ("~", None),
        ("'5'", "5"),
        ("!!str 5", "5"),
        ("TRUE", True),
        ("|\n    two\n    lines", "two\nlines\n"),
    ],
)
def test_scalars_follow_yaml_1_2(text: str, value: object) -> None:
    document = of(f"{HEAD}rules:\n  x: {text}\n").document
    assert document["rules"]["x"] == value
    assert type(document["rules"]["x"]) is type(value)


@pytest.mark.parametrize(
    ("bomb", "reason"),
    [
        ("a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
            f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(9)
        ), "more than 200000 values"),
        ("[" * 100_000, "nested more than 64 deep"),
        ("- " * 100_000, "nested more than 64 deep"),
        ("{a: " * 5_000, "nested more than 64 deep"),
        ("a: &a [*a]", "before the end of what it names"),
        ("? [a]\n: 1", "a name must be a text"),
        ("*x : 1", "a name must be a text"),
        ("a: \x07", "not YAML"),
        ('a: "\\0"', "U+0000"),
        ('"\\0": a', "U+0000"),
        ("!!python/object/apply:os.system [id]", "is not understood"),
        ("a: !!binary aGk=", "is not understood"),
        ("\ud800", "no Unicode character"),
        ("%YAML 3.0\n---\na: b", "not YAML"),
    ],
)  # fmt: skip
def test_hostile_yaml_is_a_fault_soon(bomb: str, reason: str) -> None:
    began = time.monotonic()
    assert any(reason in fault for fault in faults_of(bomb))
    assert time.monotonic() - began < 5


def test_references_that_multiply_are_bounded() -> None:
    doubling = "".join(
        f'    p{n}: {{type: object, properties: {{a: {{tm:ref: "#/properties/p{n - 1}"}}, '
        f'b: {{tm:ref: "#/properties/p{n - 1}"}}}}}}\n'
        for n in range(1, 40)
    )
    told = faults_of(f"{HEAD}  properties:\n    p0: {{type: number}}\n{doubling}")
    assert any("once its references are written out" in fault for fault in told)


def test_nested_schemas_are_bounded() -> None:
    inner = "{type: number}"
    for _ in range(12):
        inner = "{type: array, items: " + inner + "}"
    assert any("nested more than 12 deep" in fault for fault in faults_of(f"{HEAD}  properties: {{a: {inner}}}"))


def test_faults_past_the_limit_are_counted() -> None:
    told = faults_of(HEAD + "  properties:\n" + "".join(f"    p{n}: {{type: nothing}}\n" for n in range(500)))
    assert len(told) == FAULTS_MAX + 1
    assert "and 300 more faults" in told[-1]


def test_too_many_properties_and_too_large_files_are_refused(tmp_path: Path) -> None:
    many = HEAD + "  properties:\n" + "".join(f"    p{n}: {{type: number}}\n" for n in range(1001))
    assert any("more than 1000" in fault for fault in faults_of(many))
    with pytest.raises(TooLarge):
        Folder({"product.yaml": "#" * (FOLDER_BYTES_MAX + 1)})
    (tmp_path / "product.yaml").write_bytes(b"#" * (FOLDER_BYTES_MAX + 1))
    with pytest.raises(TooLarge):
        read_folder(tmp_path)


def test_a_folder_is_read_from_disk(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        read_folder(tmp_path)
    (tmp_path / "product.yaml").write_bytes(b"\xef\xbb\xbf" + HEAD.encode())
    (tmp_path / "README.md").write_text("not read")
    assert check(read_folder(tmp_path)).product == "p"
    assert read_folder(tmp_path / "product.yaml") == read_folder(tmp_path)
    (tmp_path / "product.yaml").write_bytes(b"\xff")
    with pytest.raises(Invalid, match="UTF-8"):
        read_folder(tmp_path)
    (tmp_path / "product.yaml").unlink()
    (tmp_path / "product.yaml").symlink_to("/dev/zero")
    with pytest.raises(NotFound):
        read_folder(tmp_path)


def test_five_hundred_properties_are_checked_within_a_second() -> None:
    text = HEAD + "  properties:\n" + "".join(
        f"    p{n}: {{type: number, title: 'Property {n}', unit: Cel, minimum: 0, maximum: 100, default: 5}}\n"
        f"    q{n}: {{type: string, enum: [a, b, c], pattern: '^[a-z]$'}}\n"
        for n in range(250)
    )  # fmt: skip
    began = time.process_time()
    assert len(of(text).compile(1).properties) == 500
    assert time.process_time() - began < 1


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
terms = st.sampled_from(
    [
        "type",
        "title",
        "unit",
        "enum",
        "const",
        "default",
        "oneOf",
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "multipleOf",
        "minLength",
        "pattern",
        "items",
        "minItems",
        "properties",
        "required",
        "readOnly",
        "writeOnly",
        "observable",
        "tm:ref",
        "monokoto:retentionDays",
        "input",
        "output",
        "data",
        "safe",
    ]
)
words = st.sampled_from(
    ["number", "integer", "string", "object", "array", "boolean", "null", "#/properties/a", "[", 1, -1]
)
likely = st.recursive(
    words | json_values,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(terms, inner, max_size=4),
    max_leaves=15,
)
groups = st.dictionaries(st.sampled_from(["a", "b", "at", "x/y"]) | st.text(max_size=5), likely, max_size=4)
models = st.fixed_dictionaries(
    {},
    optional={
        "version": likely | st.just({"model": "1.0.0"}),
        "properties": groups | likely,
        "actions": groups | likely,
        "events": groups | likely,
        "@context": likely,
        "tm:optional": likely,
        "links": likely,
        "forms": likely,
        "title": likely,
    },
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
@given(model=models | likely, simulation=likely, rules=json_values)
def test_no_structure_crashes_the_check(model: object, simulation: object, rules: object) -> None:
    document = {"product": "p", "model": model, "simulation": simulation, "rules": rules}
    try:
        checked = of(yaml.safe_dump(document, allow_unicode=True))
    except Invalid as error:
        assert error.faults
        assert all(fault.reason for fault in error.faults)
    else:
        assert set(checked.compile(1).properties) == set(checked.thing_model.get("properties", {}))


@settings(max_examples=150, deadline=None, print_blob=True)
@given(st.text() | st.text(alphabet="{}[]:,-?&*!|>'\"%@`#\n ab1~<", max_size=60))
def test_no_text_crashes_the_check(text: str) -> None:
    for candidate in (text, HEAD + text, f"{HEAD}  properties:\n    a: {text}"):
        try:
            of(candidate)
        except MonokotoError as error:
            assert error.faults
