"""Pieces of source text."""

from __future__ import annotations

import re
import textwrap

HEADER = "# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost."
_WIDTH = 120
_SOURCES = {
    "collections.abc": ("Mapping", "Sequence"),
    "enum": ("StrEnum",),
    "typing": ("Any", "ClassVar", "Literal"),
    "msgspec": ("UNSET", "Struct", "UnsetType", "field"),
    "monokoto.client.wire": (
        "Api",
        "AsyncApi",
        "AsyncContent",
        "AsyncDownload",
        "AsyncEvents",
        "AsyncPages",
        "Call",
        "Content",
        "Download",
        "Events",
        "OpenObject",
        "Pages",
        "given",
        "segment",
    ),
}


def sentence(text: str) -> str:
    """With a full stop behind it."""
    text = " ".join(text.split())
    return text if not text or text[-1] in ".:!?" else f"{text}."


def docstring(text: str, indent: str = "") -> str:
    """A docstring, its paragraphs wrapped; lines that begin with blanks keep them."""
    wrapped = [line for paragraph in text.split("\n") for line in _wrapped(paragraph, indent)]
    prefix = "r" if "\\" in text else ""
    body = "\n".join(wrapped).replace('"""', "'''").strip()
    one_line = len(wrapped) == 1 and len(indent) + len(body) + 6 <= _WIDTH
    close = '"""' if one_line else f'\n{indent}"""'
    space = " " if one_line and body.endswith('"') else ""
    return f'{indent}{prefix}"""{body}{space}{close}'


def _wrapped(paragraph: str, indent: str) -> list[str]:
    if not paragraph.strip():
        return [""]
    inner = indent + " " * (len(paragraph) - len(paragraph.lstrip()))
    return textwrap.wrap(
        paragraph.strip(),
        _WIDTH - 3,
        initial_indent=inner,
        subsequent_indent=inner + ("    " if inner != indent else ""),
        break_long_words=False,
        break_on_hyphens=False,
    )


def imports(body: str) -> str:
    """The import lines for the names that occur in a module's text."""
    lines = []
    for module, names in _SOURCES.items():
        used = [name for name in names if re.search(rf"(?<![\w.\"'`]){name}\b", body)]
        if used:
            lines.append(f"from {module} import {', '.join(used)}")
    return "\n".join(lines)
