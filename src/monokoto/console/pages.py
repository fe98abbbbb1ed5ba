"""Templates: one Jinja2 environment for each language, escaped by default, with what every page may use.

In a template: `_("…")` and `{% trans %}` for every text; the filters `number`, `instant`, `ago`, `date`, `size`, `percent`,
`compact`, `money(currency)`, `exact`; the functions `asset(name)`, `may(scope)`, `csrf_field()`. A page extends `layout`, which
is the whole page or, when htmx asks for a part, only its content.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from monokoto.console.assets import assets
from monokoto.console.languages import LANGUAGES, translations
from monokoto.console.navigation import navigation
from monokoto.console.rule_text import worded

if TYPE_CHECKING:
    from monokoto.console.visit import Visit

TEMPLATES = Path(__file__).resolve().parent / "templates"
EXTENSIONS = ("jinja2.ext.i18n", "jinja2.ext.do")
_visit: ContextVar[Visit] = ContextVar("visit")
"""Whose page is being made: filters and functions inside macros need it too."""
_FILTERS = (
    "number",
    "instant",
    "instant_text",
    "ago",
    "date",
    "month",
    "size",
    "percent",
    "compact",
    "money",
    "exact",
    "country",
)


def render(template: str, visit: Visit, *, said: str, values: dict[str, Any]) -> str:
    """The template's text for this visitor."""
    token = _visit.set(visit)
    try:
        return environment(visit.formats.language).get_template(template).render(
            layout="part.html" if visit.is_part else "page.html",
            visit=visit,
            who=visit.who,
            nav=navigation(visit),
            language=visit.formats.language,
            languages=LANGUAGES,
            zone=visit.formats.zone,
            theme=visit.theme,
            said=said,
            **{"problem": None, "entered": {}, **values},
        )  # fmt: skip
    finally:
        _visit.reset(token)


@cache
def environment(language: str) -> Environment:
    """The environment that speaks this language."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=EXTENSIONS,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.install_gettext_translations(translations(language), newstyle=True)  # type: ignore[attr-defined]
    made.filters.update({name: _filter(name) for name in _FILTERS})
    made.filters["worded"] = lambda texts, otherwise="": worded(texts, language, otherwise)
    made.globals.update(
        asset=lambda name: assets().url(name),
        may=_may,
        zip=zip,
        csrf_field=_csrf_field,
        offers=_offers,
    )
    return made


def _filter(name: str) -> Callable[..., Any]:
    def write(value: Any, *arguments: Any, **options: Any) -> Any:
        return getattr(_visit.get().formats, name)(value, *arguments, **options)

    return write


def _csrf_field() -> Markup:
    return Markup('<input type="hidden" name="csrf" value="{}">').format(_visit.get().csrf)


def _may(scope: str) -> bool:
    return _visit.get().may(scope)


def _offers(path: str) -> bool:
    return _visit.get().api.offers(path)
