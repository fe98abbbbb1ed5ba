"""What forbids an action: the model's conditions over what the unit reports, and what others say."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from monokoto.connect.fleet import UnitIdentity
from monokoto.connect.products import Folder, ProductModel, check, compile_model
from monokoto.kernel.errors import Invalid
from monokoto.kernel.values import Kind
from monokoto.operate.interlocks import ForbiddenWhen, StateInterlocks, by_rules
from monokoto.operate.twins import Reported, ReportedValue

UNIT = UnitIdentity(101, 7, "oven", "1.0.0", "SN", 0)
PRODUCT = """
product: oven
model:
  version: {model: 1.0.0}
  properties:
    door: {type: string, enum: [open, closed]}
    heat: {type: number}
    firmware: {type: object, properties: {version: {type: string}}}
  actions:
    clean:
      monokoto:forbiddenWhen:
        - {when: CONDITION, reason: The door is open}
        - heat > 200.0
    restart: {}
"""


def product(condition: str = "'door == \"open\"'") -> ProductModel:
    checked = check(Folder({"product.yaml": PRODUCT.replace("CONDITION", condition)}), [ForbiddenWhen()])
    return compile_model(7, "oven", checked.thing_model)


def reported(**values: Any) -> Reported:
    kinds = {str: Kind.STRING, float: Kind.NUMBER, dict: Kind.OBJECT}
    held = {
        name: ReportedValue(
            kind=kinds[type(value)],
            value=msgspec.Raw(msgspec.json.encode(value)) if isinstance(value, dict) else value,
            at=number,
            arrived=9,
        )
        for number, (name, value) in enumerate(values.items(), 1)
    }
    return Reported(revision=9, properties=held)


def reasons(model: ProductModel, state: Reported, action: str = "clean") -> list[tuple[str, Any, Any]]:
    interlocks = StateInterlocks(model_of=lambda *_: model, reported_of=lambda _: state)
    return [(one.reason, dict(one.state), one.since) for one in interlocks.refusals(UNIT, model.actions[action], None)]


def test_a_state_forbids_and_says_what_and_since_when() -> None:
    model = product()
    assert reasons(model, reported(door="closed", heat=20.0)) == []
    assert reasons(model, reported(door="open", heat=20.0)) == [("The door is open", {"door": "open"}, 1)]
    both = reasons(model, reported(door="open", heat=250.0))
    assert [reason for reason, _, _ in both] == ["The door is open", "It is forbidden when heat > 200.0"]
    assert reasons(model, reported(door="open", heat=250.0), "restart") == []


def test_what_is_not_known_is_not_safe_unless_the_condition_says_so() -> None:
    unknown = reasons(product(), reported(heat=20.0))
    assert [reason.startswith("It is not known whether") for reason, _, _ in unknown] == [True]
    careless = product("'has(door) && door == \"open\"'")
    assert reasons(careless, reported(heat=20.0)) == []


def test_a_field_of_an_object_counts() -> None:
    model = product("'firmware.version == \"1.0\"'")
    assert reasons(model, reported(heat=1.0, firmware={"version": "1.1"})) == []
    (found,) = reasons(model, reported(heat=1.0, firmware={"version": "1.0"}))
    assert found[1] == {"firmware": {"version": "1.0"}}


@pytest.mark.parametrize("condition", ["dor == 1", "door == 1", "heat + 1.0", "'door =='"])
def test_what_is_no_condition_over_the_properties_is_a_fault_where_it_stands(condition: str) -> None:
    with pytest.raises(Invalid) as caught:
        product(condition)
    assert {fault.place for fault in caught.value.faults} == {"/model/actions/clean/monokoto:forbiddenWhen/0/when"}


def test_rules_forbid_as_well() -> None:
    model = product()
    interlocks = StateInterlocks(model_of=lambda *_: model, reported_of=lambda _: reported(door="closed", heat=1.0))
    interlocks.also(by_rules(lambda unit_id, action: ["oven/hot"] if (unit_id, action) == (101, "clean") else []))
    assert [one.by for one in interlocks.refusals(UNIT, model.actions["clean"], None)] == ["oven/hot"]
    assert not interlocks.refusals(UNIT, model.actions["restart"], None)


def test_a_rule_that_forbids_is_told_by_the_name_people_gave_it() -> None:
    names = {"0dz3x8k2p5q7r": "too-warm"}
    interlocks = StateInterlocks(model_of=lambda *_: product(), reported_of=lambda _: reported(door="closed", heat=1.0))
    interlocks.also(by_rules(lambda *_: list(names), names.__getitem__))
    (refusal,) = interlocks.refusals(UNIT, product().actions["restart"], None)
    assert (refusal.reason, refusal.by) == ("The rule too-warm is raised and forbids it.", "0dz3x8k2p5q7r")
