"""Every text of the console in every language, and no text that goes around translation."""

from __future__ import annotations

import importlib.util
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from jinja2 import Environment

from monokoto.console import languages, pages

_SPEC = importlib.util.spec_from_file_location("console_texts", Path(__file__).with_name("texts.py"))
assert _SPEC
assert _SPEC.loader
texts = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(texts)

OTHERS = [language for language in languages.LANGUAGES if language != languages.DEFAULT]
CATALOGUES = [(language, path) for language in OTHERS for path in languages.catalogues(language)]
SHOWN_ATTRIBUTES = {"title", "placeholder", "aria-label", "alt", "aria-description", "aria-roledescription", "label"}
PLAIN = {"Monokoto", "curl", "KB", "CSV", "NDJSON", "Parquet", "JSON", "UTC", "ID", "MQTT", "HTTP", "QR"}
"""What is written alike in every language: names."""


@pytest.mark.parametrize("language", OTHERS)
def test_no_text_lacks_a_translation(language: str) -> None:
    lacks = [message.id for message in texts.lacking(language) if message.id]
    assert not lacks, f"python tests/console/texts.py {language} prints them"


@pytest.mark.parametrize("language", OTHERS)
def test_no_translation_is_left_over(language: str) -> None:
    used = {message.id if isinstance(message.id, str) else message.id[0] for message in texts.texts() if message.id}
    kept = {
        message.id if isinstance(message.id, str) else message.id[0]
        for message in languages.read_catalogue(language)
        if message.id
    }
    assert not kept - used


@pytest.mark.parametrize("language", OTHERS)
def test_a_text_is_translated_in_one_way(language: str) -> None:
    """Of two translations, which one holds would depend on the order of the catalogues, and one page would say it wrongly."""
    seen: dict[object, object] = {}
    for path in languages.catalogues(language):
        with path.open("rb") as file:
            for message in read_po(file, locale=language):
                if message.id:
                    assert seen.setdefault(message.id, message.string) == message.string, f"{message.id} in {path.name}"


@pytest.mark.parametrize(("language", "path"), CATALOGUES, ids=lambda one: getattr(one, "name", one))
def test_translations_are_certain_and_fill_the_same_places(language: str, path: Path) -> None:
    with path.open("rb") as file:
        catalogue = read_po(file, locale=language)
    for message in catalogue:
        if not message.id:
            continue
        assert not message.fuzzy, f"{message.id}: nobody looked at it"
        sources = message.id if isinstance(message.id, tuple) else (message.id,)
        strings = message.string if isinstance(message.string, tuple | list) else (message.string,)
        for string in strings:
            assert _places(string) <= set().union(*map(_places, sources)), f"{message.id}: fills what is not given"
            assert re.findall(r"</?(\w+)", string) == re.findall(r"</?(\w+)", sources[0]), f"{message.id}: tags"


def _places(text: str) -> set[str]:
    return set(re.findall(r"%\((\w+)\)", text))


@pytest.mark.parametrize("path", texts.TEMPLATES, ids=lambda path: path.relative_to(pages.TEMPLATES).as_posix())
def test_no_text_in_a_template_goes_around_translation(path: Path) -> None:
    reader = _ShownText()
    reader.feed(_without_code(path.read_text()))
    assert not reader.found, f"in a translation call, please: {reader.found}"


@pytest.mark.parametrize("path", texts.TEMPLATES, ids=lambda path: path.relative_to(pages.TEMPLATES).as_posix())
def test_templates_have_no_inline_script_or_style(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"\sstyle\s*=", text), "the policy refuses style attributes: a class in the style sheet"
    assert not re.search(r"\son[a-z]+\s*=\s*[\"']", text), "the policy refuses handlers in attributes: a module listens"
    assert not re.search(r"<style|hx-on|hx-vals\s*=\s*[\"']js:", text)
    for script in re.findall(r"<script\b[^>]*>", text):
        assert "src=" in script or 'type="application/json"' in script, "a script of its own file, please"


def _without_code(text: str) -> str:
    """The template's own HTML: expressions become a sign, blocks and translated passages nothing."""
    environment = Environment(extensions=list(pages.EXTENSIONS), trim_blocks=True, lstrip_blocks=True)
    kept, in_trans, in_block = [], False, False
    names: list[str] = []
    for _, kind, value in environment.lex(text):
        if kind == "block_begin":
            in_block, names = True, []
        elif kind == "block_end":
            in_block = False
            in_trans = bool(names) and names[0] == "trans" if names[:1] != ["endtrans"] else False
        elif in_block and kind == "name":
            names.append(value)
        elif kind == "variable_begin":
            kept.append("\x00")
        elif kind == "data" and not in_trans:
            kept.append(value)
    return "".join(kept)


class _ShownText(HTMLParser):
    """Collects what people would read or hear."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"code", "pre", "script"}:
            self._silent += 1
        for name, value in attrs:
            if name in SHOWN_ATTRIBUTES and value:
                self._take(value)

    def handle_endtag(self, tag: str) -> None:
        if tag in {"code", "pre", "script"}:
            self._silent = max(0, self._silent - 1)

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self._take(data)

    def _take(self, text: str) -> None:
        if '="' in text:
            return  # attributes that a block puts together for a tag elsewhere
        words = set(re.findall(r"[^\W\d_]{2,}", text))
        if words - PLAIN:
            self.found.append(text.strip()[:80])
