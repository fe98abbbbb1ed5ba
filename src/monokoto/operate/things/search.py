"""JSONPath (RFC 9535) over Thing Descriptions, in bounded time.

Left out: `match` and `search`, whose expressions could keep us busy for ever, and more than a few of what multiplies the
work (descents, filters, lists of selectors). What is left is linear in the descriptions for each step.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any

from jsonpath import JSONPathEnvironment, JSONPathError

from monokoto.kernel.errors import Fault, Invalid
from monokoto.kernel.limits import JSONPATH_LENGTH_MAX, JSONPATH_MATCHES_MAX

_MULTIPLIERS = (("..", 2, "descents"), ("?", 2, "filters"), (",", 4, "commas"))
_UNBOUNDED = ("match", "search")


class _Environment(JSONPathEnvironment):
    """RFC 9535 and no more, without regular expressions."""

    def setup_function_extensions(self) -> None:
        """Register the functions."""
        super().setup_function_extensions()
        for name in _UNBOUNDED:
            self.function_extensions.pop(name, None)


_ENVIRONMENT = _Environment(strict=True)


def search(query: str, document: Sequence[Any]) -> list[Any]:
    """What the query finds. Raises Invalid when it is none, or asks for more than is found out here."""
    if len(query) > JSONPATH_LENGTH_MAX:
        raise _invalid(f"has at most {JSONPATH_LENGTH_MAX} characters")
    for sign, most, what in _MULTIPLIERS:
        if query.count(sign) > most:
            raise _invalid(f"has at most {most} {what} (`{sign}`)")
    try:
        path = _ENVIRONMENT.compile(query)
        found = [match.obj for match in islice(path.finditer(list(document)), JSONPATH_MATCHES_MAX + 1)]
    except (JSONPathError, RecursionError) as error:
        raise _invalid(_said(error)) from None
    if len(found) > JSONPATH_MATCHES_MAX:
        raise _invalid(f"finds more than {JSONPATH_MATCHES_MAX} values")
    return found


def _said(error: Exception) -> str:
    """What the error says; the library cannot say where an empty query is wrong."""
    try:
        return str(error)[:200]
    except ValueError:
        return "it is no JSONPath, such as `$[?@.title=='Oven']`"


def _invalid(reason: str) -> Invalid:
    return Invalid("This is no JSONPath we can search by.", faults=[Fault(place="query", reason=reason)])
