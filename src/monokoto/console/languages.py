"""The languages of the console: which there are, which one a visitor gets, and their catalogues.

English is what the templates say; every other language is a folder of catalogues, `locale/<language>/LC_MESSAGES/*.po`, one
for each area of pages, read and compiled when the first page in that language is made. A test says that none lacks a string.
"""

from __future__ import annotations

import io
from functools import cache
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations

from monokoto.web import preferred_language

LOCALES = Path(__file__).resolve().parent / "locale"
DEFAULT = "en"
LANGUAGES = {"en": "English", "ko": "한국어"}
"""Code → its own name, as the menu shows it."""
LANGUAGE_COOKIE = "koto_language"
"""Where a browser keeps the language its visitor chose."""


def mark(text: str) -> str:
    """Marks a text in a table for translation; the template that shows it asks for the translation."""
    return text


def catalogues(language: str) -> list[Path]:
    """The catalogues of a language."""
    return sorted((LOCALES / language / "LC_MESSAGES").glob("*.po"))


def read_catalogue(language: str) -> Catalog:
    """All catalogues of a language as one."""
    whole = Catalog(locale=language)
    for path in catalogues(language):
        with path.open("rb") as file:
            for message in read_po(file, locale=language):
                if message.id:
                    whole[message.id] = message
    return whole


@cache
def translations(language: str) -> Translations:
    """What turns English into this language; for English it changes nothing."""
    if language == DEFAULT:
        return Translations()
    compiled = io.BytesIO()
    write_mo(compiled, read_catalogue(language))
    compiled.seek(0)
    return Translations(compiled)


def choose(*wishes: str | None, accept: str = "", otherwise: str = DEFAULT) -> str:
    """The first wish that is a language of ours, else the best of an Accept-Language header, else `otherwise`."""
    for wish in wishes:
        if wish and (code := wish.replace("_", "-").split("-")[0].lower()) in LANGUAGES:
            return code
    return preferred_language(accept, LANGUAGES) or otherwise
