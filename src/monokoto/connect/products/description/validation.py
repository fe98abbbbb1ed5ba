"""Judging values by a data schema, in time linear in the value.

`jsonschema` knows the vocabulary but evaluates `pattern` with Python's backtracking `re`, which a unit's text could keep
busy for minutes. Patterns here are RE2's (https://github.com/google/re2/wiki/Syntax), which pyarrow carries: linear, no
look-around and no back-references. Refused: a package of its own for RE2 (one more binary), and guessing which
expressions are harmless.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema import Draft7Validator, ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import extend

from monokoto.kernel.limits import PATTERN_LENGTH_MAX


def pattern_fault(pattern: str) -> str:
    """Why a pattern cannot be used; empty when it can."""
    if len(pattern) > PATTERN_LENGTH_MAX:
        return f"the pattern has {len(pattern)} characters, more than {PATTERN_LENGTH_MAX}"
    try:
        pattern_matches(pattern, "")
    except ValueError as error:
        return f"is not a pattern: {str(error).removeprefix('Invalid regular expression: ')[:200]}"
    return ""


def pattern_matches(pattern: str, value: str) -> bool:
    """Whether the pattern is found anywhere in the value (as JSON Schema has it). Raises ValueError on a bad pattern."""
    # Imported when first needed: the gateway reads products and never judges a text, and pyarrow is 40 MB of memory.
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.compute as pc  # noqa: PLC0415

    try:
        found: bool = pc.match_substring_regex(pa.scalar(value, pa.string()), pattern).as_py()
    except (pa.ArrowInvalid, UnicodeError) as error:
        raise ValueError(str(error)) from None
    return found


def schema_validator(schema: Mapping[str, Any]) -> Validator:
    """A validator for one data schema; `iter_errors(value)` tells what does not fit."""
    validator: Validator = _LinearValidator(dict(schema))
    return validator


def _pattern(_validator: Any, pattern: str, value: Any, _schema: Any) -> Iterator[ValidationError]:
    if isinstance(value, str) and not pattern_matches(pattern, value):
        yield ValidationError(f"{value!r} does not match {pattern!r}")


_LinearValidator: Any = extend(Draft7Validator, {"pattern": _pattern})  # type: ignore[no-untyped-call]
