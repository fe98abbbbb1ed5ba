"""Every text of the console as it stands in templates and code; run by itself, it prints what a language lacks."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import write_po

from monokoto.console import languages, pages

CONSOLE = Path(pages.__file__).resolve().parent
TEMPLATES = sorted(pages.TEMPLATES.rglob("*.html"))
_KEYWORDS: dict[str, Any] = {"_": None, "gettext": None, "ngettext": (1, 2), "mark": None}
_OPTIONS = {
    "extensions": ",".join(pages.EXTENSIONS),
    "trim_blocks": "true",
    "lstrip_blocks": "true",
    "newstyle_gettext": "true",
    "silent": "false",
}


def texts() -> Catalog:
    """Every text with its places."""
    found = Catalog()
    for path in [*TEMPLATES, *sorted(CONSOLE.rglob("*.py"))]:
        method = "jinja2.ext:babel_extract" if path.suffix == ".html" else "python"
        with path.open("rb") as file:
            options = _OPTIONS if path.suffix == ".html" else {}
            for line, message, _, _ in extract(method, file, keywords=_KEYWORDS, options=options):
                found.add(message, locations=[(path.relative_to(CONSOLE).as_posix(), line)])
    return found


def lacking(language: str) -> Catalog:
    """What the language's catalogues lack."""
    there = languages.read_catalogue(language)
    lacks = Catalog(locale=language)
    for message in texts():
        if message.id and (there.get(message.id) is None or not _is_translated(there.get(message.id).string)):
            lacks[message.id] = message
    return lacks


def _is_translated(string: Any) -> bool:
    return all(string) if isinstance(string, tuple | list) else bool(string)


if __name__ == "__main__":
    for language in sys.argv[1:] or [one for one in languages.LANGUAGES if one != languages.DEFAULT]:
        write_po(sys.stdout.buffer, lacking(language), omit_header=True)
