"""Writes `monokoto.client.types`: a module for each tag, and one for what several tags share."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator

from tools.client.annotations import OPEN_TYPES, annotation, default_of, with_unset
from tools.client.document import SHARED, Document, Schema
from tools.client.names import variable
from tools.client.text import HEADER, docstring, imports

_WIDTH = 120


def type_modules(document: Document) -> dict[str, str]:
    """File name to text."""
    modules: dict[str, list[str]] = {}
    for name, home in document.homes.items():
        modules.setdefault(home, []).append(name)
    found = {f"types/{home}.py": _module(document, home, names) for home, names in sorted(modules.items())}
    return found | {"types/__init__.py": _front_door(modules)}


def _module(document: Document, home: str, names: list[str]) -> str:
    title = "Types of several groups." if home == SHARED else f"Types of `client.{home}`."
    blocks = [_type(document, name) for name in names]
    body = "\n\n".join(blocks)
    outside = sorted(
        name for name, place in document.homes.items() if place == SHARED and home != SHARED and _mentions(body, name)
    )
    lines = [HEADER, docstring(title), "from __future__ import annotations\n", imports(body)]
    if outside:
        lines.append(f"from monokoto.client.types.shared import {', '.join(outside)}")
    return "\n".join(lines) + "\n\n" + body + "\n"


def _mentions(text: str, name: str) -> bool:
    return re.search(rf"\b{name}\b", text) is not None


def _front_door(modules: dict[str, list[str]]) -> str:
    """Several names to a line: one for each would make a file of a thousand lines."""
    lines = [
        HEADER,
        docstring("All types of the API."),
        "from __future__ import annotations\n",
        "# fmt: off\n# isort: off",
    ]
    for home, names in sorted(modules.items()):
        lines.append(f"from monokoto.client.types.{home} import (\n{_wrapped(sorted(names))}\n)")
    everything = sorted(f'"{name}"' for names in modules.values() for name in names)
    lines.append(f"\n__all__ = [\n{_wrapped(everything)}\n]\n# fmt: on\n")
    return "\n".join(lines)


def _wrapped(words: list[str]) -> str:
    return textwrap.fill(", ".join(words) + ",", _WIDTH, initial_indent="    ", subsequent_indent="    ")


def _type(document: Document, name: str) -> str:
    schema = document.schemas[name]
    if "enum" in schema:
        return "\n".join(_enumeration(name, schema))
    if name in OPEN_TYPES:
        return "\n".join(_open_object(document, name, schema))
    return "\n".join(_structure(document, name, schema))


def _enumeration(name: str, schema: Schema) -> Iterator[str]:
    yield f"class {name}(StrEnum):"
    yield docstring(schema.get("description") or name, "    ")
    for value in schema["enum"]:
        # A code list may say O, which looks like a nought.
        yield f"    {_member(value)} = {value!r}" + ("  # noqa: E741" if _member(value) in {"I", "L", "O"} else "")


def _member(value: str) -> str:
    return variable(value.replace(":", "_").replace("-", "_")).upper()


def _structure(document: Document, name: str, schema: Schema) -> Iterator[str]:
    sent, answered = name in document.sent_types, name in document.answered_types
    # A value that is sent leaves out what it was not told; one that came back holds what was left out by default.
    omit = ", omit_defaults=True" if sent and answered else ""
    yield f"class {name}(Struct, frozen=True, kw_only=True{omit}):"
    yield docstring(schema.get("description") or f"{name}.", "    ")
    for member, inner in schema.get("properties", {}).items():
        required = member in schema.get("required", ())
        yield _field(document, member, inner, required=required, sent_only=sent and not answered)
        if inner.get("description"):
            yield docstring(inner["description"], "    ")


def _field(document: Document, member: str, schema: Schema, *, required: bool, sent_only: bool) -> str:
    known, kind = variable(member), annotation(schema)
    renamed = f'name="{member}"' if known != member else ""
    if required:
        return f"    {known}: {kind}" + (f" = field({renamed})" if renamed else "")
    if sent_only:
        kind, default = with_unset(kind), "UNSET"
    else:
        value = default_of(schema, document)
        default = repr(value)
        if value is None and kind != "Any" and "None" not in kind:
            kind += " | None"
    if default == "{}" and kind in document.schemas:
        return f"    {known}: {kind} = field(default_factory={kind})"
    if default.startswith(("[", "{")) and len(default) > 2:  # msgspec takes empty ones as they are
        return f"    {known}: {kind} = field({f'{renamed}, ' if renamed else ''}default_factory=lambda: {default})"
    return f"    {known}: {kind} = " + (f"field({renamed}, default={default})" if renamed else default)


def _open_object(document: Document, name: str, schema: Schema) -> Iterator[str]:
    yield f"class {name}(OpenObject):"
    said = schema.get("description") or f"{name}."
    yield docstring(f"{said}\n\nMembers the question names are read as items.", "    ")
    defaults = {}
    for member, inner in schema["properties"].items():
        yield f"    {variable(member)}: {annotation(inner)}"
        if inner.get("description"):
            yield docstring(inner["description"], "    ")
        if member not in schema.get("required", ()):
            defaults[member] = default_of(inner, document)
    yield f"    defaults: ClassVar[dict[str, Any]] = {defaults!r}"
