"""Does a value fit its property? Two forms of the same rule, held equal by tests.

`typed` gives a msgspec type for the fast path; `Check.accept` decides one decoded value and says why not. A type may refuse
what `accept` takes (the message then goes the slow way and `accept` has the last word), never the reverse: where a type
would take too much (`exact` is False) every value is asked of `accept` after decoding.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Meta

from monokoto.connect.line import refusals
from monokoto.connect.line.refusals import Refused
from monokoto.connect.products import PropertyModel, schema_validator
from monokoto.kernel.limits import INTEGER_MAX, TEXT_BYTES_MAX
from monokoto.kernel.values import Kind

# Keywords that a msgspec type does not carry: the validator judges by them.
_JUDGING_KEYWORDS = frozenset(
    {"enum", "const", "multipleOf", "pattern", "minLength", "maxLength", "oneOf", "allOf", "anyOf", "not", "format"}
)
_NESTING_KEYWORDS = frozenset({"properties", "items", "required", "minItems", "maxItems"})
MISSING = float("nan")


def typed(model: PropertyModel) -> tuple[Any, Any, bool]:
    """The msgspec type of a property, its default when absent, and whether the type decides by itself."""
    judged = _JUDGING_KEYWORDS & model.schema.keys()
    if model.kind in (Kind.NUMBER, Kind.INTEGER):
        bounds: dict[str, Any] = {}
        low, high = model.minimum, model.maximum
        if model.kind is Kind.INTEGER:
            low = max(-INTEGER_MAX, -INTEGER_MAX if low is None else low)
            high = min(INTEGER_MAX, INTEGER_MAX if high is None else high)
        _bound(bounds, "ge", low, "gt", model.exclusive_minimum)
        _bound(bounds, "le", high, "lt", model.exclusive_maximum)
        return (Annotated[float, Meta(**bounds)] if bounds else float), MISSING, not judged
    if model.kind is Kind.BOOLEAN:
        return bool | msgspec.UnsetType, msgspec.UNSET, not judged
    if model.kind is Kind.STRING:
        if model.enum and all(isinstance(item, str) for item in model.enum) and not judged - {"enum"}:
            return Literal[tuple(model.enum)] | msgspec.UnsetType, msgspec.UNSET, True
        short = Annotated[str, Meta(max_length=TEXT_BYTES_MAX // 4)]
        return short | msgspec.UnsetType, msgspec.UNSET, not judged
    return msgspec.Raw | msgspec.UnsetType, msgspec.UNSET, False


def _bound(
    bounds: dict[str, Any], name: str, value: float | None, exclusive_name: str, exclusive: float | None
) -> None:
    # msgspec takes one of the two; the tighter one decides, and at equality the exclusive one is tighter.
    if exclusive is not None and (
        value is None or (exclusive >= value if exclusive_name == "gt" else exclusive <= value)
    ):
        bounds[exclusive_name] = float(exclusive)
    elif value is not None:
        bounds[name] = float(value)


class Check:
    """The rule of one property."""

    def __init__(self, model: PropertyModel) -> None:
        self.model = model
        self.kind = model.kind
        self.type, self.default, self.exact = typed(model)
        schema = {**model.schema, "type": model.schema.get("type", model.kind.name.lower())}
        self._validator = schema_validator(schema) if _needs_validator(model) else None
        self._enum = frozenset(model.enum) if all(isinstance(item, str) for item in model.enum) else None

    def accept(self, value: Any) -> float | str:
        """The value as it is stored: a float for numeric kinds, a text for the others.

        Raises:
            Refused: it does not fit; the detail says what was expected.
        """
        if self.kind is Kind.STRING:
            return self._text(value)
        if self.kind is Kind.BOOLEAN:
            if not isinstance(value, bool):
                raise self._wrong_type(value)
            self._judge(value)
            return float(value)
        if self.kind.numeric:
            return self._number(value)
        return self._json(value)

    @property
    def python_types(self) -> frozenset[type]:
        """The types a decoded value of this numeric kind can have."""
        return frozenset({bool}) if self.kind is Kind.BOOLEAN else frozenset({int, float})

    def fits(self, numbers: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
        """Which of many numbers fit, for numeric kinds whose rule is no more than a range."""
        fine = np.isfinite(numbers)
        model = self.model
        if self.kind is Kind.INTEGER:
            fine &= (np.trunc(numbers) == numbers) & (np.abs(numbers) <= INTEGER_MAX)
        if model.minimum is not None:
            fine &= numbers >= model.minimum
        if model.maximum is not None:
            fine &= numbers <= model.maximum
        if model.exclusive_minimum is not None:
            fine &= numbers > model.exclusive_minimum
        if model.exclusive_maximum is not None:
            fine &= numbers < model.exclusive_maximum
        return fine

    def accept_raw(self, raw: bytes) -> str:
        """The same for an object or array still in JSON; answers it without insignificant white space."""
        return str(self._json(msgspec.json.decode(raw)))

    def _number(self, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._wrong_type(value)
        if self.kind is Kind.INTEGER:
            if isinstance(value, float) and not value.is_integer():
                raise self._wrong_type(value)
            if abs(value) > INTEGER_MAX:
                raise Refused(
                    refusals.OUT_OF_RANGE, f"{self._name} is {value}: past ±2^53 an integer is no longer exact."
                )
        if not math.isfinite(value):
            raise Refused(refusals.OUT_OF_RANGE, f"{self._name} is {value}: not a finite number.")
        model = self.model
        if (
            (model.minimum is not None and value < model.minimum)
            or (model.maximum is not None and value > model.maximum)
            or (model.exclusive_minimum is not None and value <= model.exclusive_minimum)
            or (model.exclusive_maximum is not None and value >= model.exclusive_maximum)
        ):
            raise Refused(refusals.OUT_OF_RANGE, f"{self._name} is {value}: the model allows {self._range()}.")
        self._judge(value)
        return float(value)

    def _text(self, value: Any) -> str:
        if not isinstance(value, str):
            raise self._wrong_type(value)
        if len(value) * 4 > TEXT_BYTES_MAX and len(value.encode(errors="replace")) > TEXT_BYTES_MAX:
            raise Refused(refusals.TOO_LARGE, f"{self._name} has over {TEXT_BYTES_MAX} bytes.")
        if self._enum is not None and self.model.enum:
            if value not in self._enum:
                raise Refused(
                    refusals.NOT_IN_ENUM,
                    f"{self._name} is {value[:40]!r}: the model allows {list(self.model.enum)[:20]}.",
                )
            return value
        self._judge(value)
        return value

    def _json(self, value: Any) -> str:
        expected = dict if self.kind is Kind.OBJECT else list
        if not isinstance(value, expected):
            raise self._wrong_type(value)
        self._judge(value)
        text = msgspec.json.encode(value)
        if len(text) > TEXT_BYTES_MAX:
            raise Refused(refusals.TOO_LARGE, f"{self._name} has {len(text)} bytes, {TEXT_BYTES_MAX} are allowed.")
        return text.decode()

    def _judge(self, value: Any) -> None:
        if self._validator is None:
            return
        error = next(iter(self._validator.iter_errors(value)), None)
        if error is not None:
            place = "/".join(str(step) for step in error.absolute_path)
            reason = _REASON_OF.get(str(error.validator), refusals.WRONG_TYPE)
            raise Refused(reason, f"{self._name}{'/' + place if place else ''}: {error.message[:200]}.")

    @property
    def _name(self) -> str:
        return f"Property {self.model.name!r}"

    def _range(self) -> str:
        model = self.model
        low = model.exclusive_minimum if model.exclusive_minimum is not None else model.minimum
        high = model.exclusive_maximum if model.exclusive_maximum is not None else model.maximum
        return f"{'anything' if low is None else low} to {'anything' if high is None else high} {model.unit}".rstrip()

    def _wrong_type(self, value: Any) -> Refused:
        return Refused(
            refusals.WRONG_TYPE,
            f"{self._name} is {_kind_name(value)} ({str(value)[:40]}): the model wants {self.kind.name.lower()}.",
        )


_REASON_OF: Mapping[str, str] = {
    "enum": refusals.NOT_IN_ENUM,
    "const": refusals.NOT_IN_ENUM,
    "minimum": refusals.OUT_OF_RANGE,
    "maximum": refusals.OUT_OF_RANGE,
    "exclusiveMinimum": refusals.OUT_OF_RANGE,
    "exclusiveMaximum": refusals.OUT_OF_RANGE,
    "multipleOf": refusals.OUT_OF_RANGE,
    "minLength": refusals.OUT_OF_RANGE,
    "maxLength": refusals.OUT_OF_RANGE,
    "minItems": refusals.OUT_OF_RANGE,
    "maxItems": refusals.OUT_OF_RANGE,
    "pattern": refusals.OUT_OF_RANGE,
}


def _needs_validator(model: PropertyModel) -> bool:
    if model.kind in (Kind.OBJECT, Kind.ARRAY):
        return bool(model.schema.keys() & (_NESTING_KEYWORDS | _JUDGING_KEYWORDS))
    return bool(_JUDGING_KEYWORDS & model.schema.keys())


def _kind_name(value: Any) -> str:
    names = {bool: "boolean", int: "integer", float: "number", str: "string", dict: "object", list: "array"}
    return "null" if value is None else names.get(type(value), type(value).__name__)
