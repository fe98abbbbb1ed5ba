"""The form of a scene: its steps out of what is kept or was typed, their fields by the product's model, and back into a scene.

A step says of which units it asks what. With a product chosen, its action's input or the values to be desired are asked for by
fields of the model; without one, they are written by hand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from monokoto.console.act_lists import words_of
from monokoto.console.api import Fault, Problem, Refused
from monokoto.console.form_values import unreadable, value_of
from monokoto.console.languages import mark
from monokoto.console.schemas import Field, Property, fields_of, properties_of, text_of
from monokoto.console.unit_names import id_of, ids_of
from monokoto.console.visit import Visit

STEPS_MAX = 32
NOT_JSON = mark("This is not JSON.")
DESIRED = "desired"
"""What a step does when it is no action."""
_WAYS = ("filter", "group", "ids")
_PLAIN = ("product", "way", "group", "ids", "tags", "below", "doing", "by_hand", "expires")
Models = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class StepForm:
    """One step as the form shows it; every value is a text."""

    number: int
    """Counted from 0; part of the names of its fields."""
    product: str = ""
    way: str = "filter"
    group: str = ""
    ids: str = ""
    tags: str = ""
    below: str = ""
    doing: str = ""
    """The name of an action, `desired`, or nothing yet."""
    by_hand: str = ""
    """JSON: the input, or what is desired, where no model is at hand."""
    expires: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    """What stands in the fields of the model, by field."""

    @property
    def prefix(self) -> str:
        """What the names of its fields begin with."""
        return f"s{self.number}"

    def fields(self, models: Models) -> list[Field]:
        """The fields its model asks for: of the action's input, or of what can be desired."""
        model = models.get(self.product)
        if model is None:
            return []
        if self.doing == DESIRED:
            return [_desired_field(one, self.values, self.prefix) for one in properties_of(model) if one.writable]
        return fields_of(_input_of(model, self.doing), self.values, name=f"{self.prefix}.input")

    def asks_by_hand(self, models: Models) -> bool:
        """Whether the values are written as JSON."""
        return bool(self.doing) and self.product not in models


def steps_from_form(visit: Visit) -> list[StepForm]:
    """What was typed, whatever of it."""
    numbers = sorted(int(one) for one in set(visit.values("step")) if one.isdecimal() and int(one) < STEPS_MAX)
    return [_step_from_form(visit, old, new) for new, old in enumerate(numbers)]


def _step_from_form(visit: Visit, old: int, new: int) -> StepForm:
    begin = f"s{old}."
    said = {name: visit.value(f"{begin}{name}") for name in _PLAIN}
    values = {
        f"s{new}.{name.removeprefix(begin)}": typed[0]
        for name, typed in visit.form.items()
        if name.startswith((f"{begin}input", f"{begin}desired"))
    }
    said["way"] = said["way"] if said["way"] in _WAYS else "filter"
    return StepForm(number=new, values=values, **said)


def steps_from_scene(scene: Mapping[str, Any], models: Models) -> list[StepForm]:
    """What is kept, as the form shows it."""
    return [_step_from_scene(number, step, models) for number, step in enumerate(scene["steps"])]


def _step_from_scene(number: int, step: Mapping[str, Any], models: Models) -> StepForm:
    units, desired, begin = step["units"], step.get("desired"), f"s{number}"
    product = units.get("product") or _product_with(step, models)
    value = desired if desired is not None else step.get("input")
    way = "group" if units.get("group") else "ids" if units.get("ids") else "filter"
    if product in models:
        model = models[product]
        known = {one.name: one for one in properties_of(model)}
        values = (
            {f"{begin}.desired.{name}": text_of(known[name].schema, one) for name, one in desired.items()}
            if desired is not None and _fits(step, model)
            else _input_texts(_input_of(model, step.get("action", "")), value, f"{begin}.input")
        )
    else:
        values = {}
    return StepForm(
        number=number,
        product=product,
        way=way,
        group=units.get("group", ""),
        ids="\n".join(units.get("ids", [])),
        tags=", ".join(units.get("tags", [])),
        below=units.get("below", ""),
        doing=DESIRED if desired is not None else step.get("action", ""),
        by_hand="" if value is None else msgspec.json.encode(value).decode(),
        expires=str(step.get("expires_seconds") or ""),
        values=values,
    )


def _product_with(step: Mapping[str, Any], models: Models) -> str:
    """A product whose model has what the step asks, to make its fields by; empty: none has."""
    return next((name for name, model in models.items() if _fits(step, model)), "")


def _fits(step: Mapping[str, Any], model: Mapping[str, Any]) -> bool:
    desired = step.get("desired")
    if desired is None:
        return step.get("action") in (model.get("actions") or {})
    writable = {one.name for one in properties_of(model) if one.writable}
    return all(name in writable and value is not None for name, value in desired.items())


def _input_of(model: Mapping[str, Any], action: str) -> Mapping[str, Any] | None:
    schema: Mapping[str, Any] | None = ((model.get("actions") or {}).get(action) or {}).get("input")
    return schema


def _input_texts(schema: Mapping[str, Any] | None, value: Any, name: str) -> dict[str, str]:
    """An input as the texts of its fields."""
    if schema is None or value is None:
        return {}
    if isinstance(value, Mapping) and schema.get("properties"):
        found: dict[str, str] = {}
        for key, member in value.items():
            found |= _input_texts(schema["properties"].get(key), member, f"{name}.{key}")
        return found
    return {name: text_of(schema, value)}


def _whole(one: Property) -> dict[str, Any]:
    """One field asks for the whole value: objects as text, so that nothing of them is lost."""
    return {**one.schema, "properties": None, "default": None, "title": one.title}


def _desired_field(one: Property, values: Mapping[str, str], prefix: str) -> Field:
    schema = {key: value for key, value in _whole(one).items() if value is not None}
    [made] = fields_of(schema, values, name=f"{prefix}.desired.{one.name}")
    return replace(made, required=False)


async def scene_body(visit: Visit, steps: Sequence[StepForm], models: Models) -> dict[str, Any]:
    """The scene a filled-in form means; whether it can be is the API's to say.

    Raises:
        Refused: a field cannot be read; at the field.
    """
    stop = visit.value("stop_percent")
    return {
        "title": visit.value("title"),
        "order": visit.value("order") or "sequence",
        "offline": visit.value("offline") or "queue",
        "pace": _whole_number(visit, "pace"),
        "stop_on_failure": {"percent": _whole_number(visit, "stop_percent"), "of": _whole_number(visit, "stop_of") or 1}
        if stop
        else None,
        "steps": [await _step_body(visit, step, models) for step in steps],
    }


async def _step_body(visit: Visit, step: StepForm, models: Models) -> dict[str, Any]:
    body: dict[str, Any] = {"units": await _units_body(visit, step)}
    if step.doing == DESIRED:
        return body | {"desired": _desired(visit, step, models)}
    given = _by_hand(visit, step) if step.asks_by_hand(models) else _input(visit, step, models)
    body |= {"action": step.doing} | ({} if given is None else {"input": given})
    return body | ({"expires_seconds": int(step.expires)} if step.expires.isdecimal() else {})


async def _units_body(visit: Visit, step: StepForm) -> dict[str, Any]:
    if step.way == "group":
        return {"group": step.group}
    if step.way == "ids":
        return {"ids": await ids_of(visit, step.ids, f"{step.prefix}.ids")}
    said = {"product": step.product, "tags": words_of(step.tags), "below": await id_of(visit, step.below)}
    return {name: value for name, value in said.items() if value}


def _desired(visit: Visit, step: StepForm, models: Models) -> Any:
    if step.asks_by_hand(models):
        return _by_hand(visit, step) or {}
    found = {
        one.name: value_of(visit, _whole(one), f"{step.prefix}.desired.{one.name}", step.values)
        for one in properties_of(models[step.product])
        if one.writable
    }
    return {name: value for name, value in found.items() if value is not None}


def _input(visit: Visit, step: StepForm, models: Models) -> Any:
    model = models.get(step.product)
    schema = _input_of(model, step.doing) if model else None
    return value_of(visit, schema, f"{step.prefix}.input", step.values) if schema else None


def _by_hand(visit: Visit, step: StepForm) -> Any:
    if not step.by_hand:
        return None
    try:
        return msgspec.json.decode(step.by_hand)
    except msgspec.MsgspecError:
        raise unreadable(visit, f"{step.prefix}.by_hand", NOT_JSON) from None


def _whole_number(visit: Visit, name: str) -> Any:
    text = visit.value(name)
    return int(text) if text.isdecimal() else text or 0


def placed(problem: Problem) -> Problem:
    """Faults at the fields of the form: the API names `steps/0/input/minutes`, the form `s0.input.minutes`."""
    faults = [Fault(one.reason, _place(one.place)) for one in problem.faults]
    return msgspec.structs.replace(problem, faults=faults)


def _place(place: str) -> str:
    parts = place.strip("/$.").replace("[", "/").replace("]", "").replace(".", "/").split("/")
    if parts[0] == "steps" and len(parts) > 1 and parts[1].isdecimal():
        return ".".join([f"s{parts[1]}", *parts[2:]])
    return place


def again(refused: Refused) -> Refused:
    """A refusal with its faults at the fields of the form."""
    return type(refused)(placed(refused.problem))
