"""The types a condition knows, and which of them a product's properties have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from monokoto.connect.products import ProductModel
from monokoto.kernel.values import JSON_TYPES, Kind


class CelType(StrEnum):
    """A type of a variable or of a result, written as CEL writes it."""

    BOOLEAN = "bool"
    INTEGER = "int"
    NUMBER = "double"
    TEXT = "string"
    INSTANT = "timestamp"
    BOOLEANS = "list(bool)"
    INTEGERS = "list(int)"
    NUMBERS = "list(double)"
    TEXTS = "list(string)"

    @property
    def coded(self) -> bool:
        """Whether a column of it holds numbers of entries in a dictionary, not values."""
        return self is CelType.TEXT or self.element is not None

    @property
    def element(self) -> CelType | None:
        """The type of a list's members; None when it is no list."""
        return _ELEMENTS.get(self)

    @property
    def numeric(self) -> bool:
        """Whether it is a number of either kind."""
        return self in {CelType.NUMBER, CelType.INTEGER}


_ELEMENTS = {
    CelType.BOOLEANS: CelType.BOOLEAN,
    CelType.INTEGERS: CelType.INTEGER,
    CelType.NUMBERS: CelType.NUMBER,
    CelType.TEXTS: CelType.TEXT,
}
_LISTS = {element: of for of, element in _ELEMENTS.items()}
_SCALARS = {
    Kind.NUMBER: CelType.NUMBER,
    Kind.INTEGER: CelType.INTEGER,
    Kind.BOOLEAN: CelType.BOOLEAN,
    Kind.STRING: CelType.TEXT,
}


@dataclass(frozen=True, slots=True)
class Unknown:
    """A condition has no value there: something it needs is not known, or the calculation fails (CEL's errors)."""

    reason: str
    """CEL's own words, for a person."""


def variables_of(model: ProductModel) -> dict[str, CelType]:
    """What conditions over units of this product may name.

    A field of an object property has a dotted name (`firmware.version`). Objects as wholes, lists of objects or lists,
    and fields whose schema says no type cannot be named.
    """
    found: dict[str, CelType] = {}
    for prop in model.properties.values():
        found.update(_named(prop.name, prop.kind, prop.schema))
    return found


def _named(name: str, kind: Kind, schema: Mapping[str, Any]) -> Iterator[tuple[str, CelType]]:
    if kind in _SCALARS:
        yield name, _SCALARS[kind]
    elif kind is Kind.ARRAY:
        element = _SCALARS.get(_kind_of(schema.get("items")) or Kind.OBJECT)
        if element is not None:
            yield name, _LISTS[element]
    else:
        for field, inner in (schema.get("properties") or {}).items():
            inner_kind = _kind_of(inner)
            if inner_kind is not None:
                yield from _named(f"{name}.{field}", inner_kind, inner)


def _kind_of(schema: object) -> Kind | None:
    kind = schema.get("type") if isinstance(schema, Mapping) else None
    return JSON_TYPES.get(kind) if isinstance(kind, str) else None
