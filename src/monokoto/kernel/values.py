"""The kinds a property's value can have. A reading is a number or a text; the kind says how to read it back."""

from __future__ import annotations

from enum import IntEnum


class Kind(IntEnum):
    """How a value is stored: the first three in the `number` column, the others as text."""

    NUMBER = 1
    INTEGER = 2
    BOOLEAN = 3
    STRING = 4
    OBJECT = 5
    ARRAY = 6

    @property
    def numeric(self) -> bool:
        """Whether the value lives in the `number` column (a boolean is 0 or 1)."""
        return self <= Kind.BOOLEAN


JSON_TYPES = {
    "number": Kind.NUMBER,
    "integer": Kind.INTEGER,
    "boolean": Kind.BOOLEAN,
    "string": Kind.STRING,
    "object": Kind.OBJECT,
    "array": Kind.ARRAY,
}
"""JSON Schema's `type` to our kind."""
