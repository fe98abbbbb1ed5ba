"""Checking a mapping against a table of the terms it may hold: every vocabulary here is such a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from monokoto.connect.products.description.reading import is_language
from monokoto.connect.products.description.report import Report, child, suggestion

Check = Callable[["Scope", Any, str], None]
"""Adds to the report what is wrong with a value at a place."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What a check needs to know besides the value."""

    report: Report
    prefixes: frozenset[str] = frozenset()
    """The namespaces whose terms are taken as they are: of TD 1.1, and those the model's `@context` declares."""

    def fault(self, place: str, reason: str) -> None:
        """One more fault."""
        self.report.add(place, reason)


def check_terms(scope: Scope, value: Any, place: str, *, terms: Mapping[str, Check], what: str) -> bool:
    """Whether `value` is a mapping; each of its terms is checked, an unknown one is a fault with the likeliest one named."""
    if not isinstance(value, dict):
        scope.fault(place, f"{what} is a mapping, this is {describe(value)}")
        return False
    for term, member in value.items():
        check = terms.get(term)
        if check is not None:
            check(scope, member, child(place, term))
        else:
            _check_unknown(scope, term, child(place, term), terms, what)
    return True


def _check_unknown(scope: Scope, term: str, place: str, terms: Mapping[str, Check], what: str) -> None:
    prefix, colon, _ = term.partition(":")
    known = [one for one in terms if not one.startswith("@")]
    if not colon or prefix in {"monokoto", "tm"}:
        scope.fault(place, f"{what} has no term `{term[:80]}`{suggestion(term, known)}")
    elif prefix not in scope.prefixes:
        scope.fault(place, f"the prefix `{prefix[:40]}:` is not declared in `@context`")


def describe(value: Any) -> str:
    """What kind of thing a value is, for a sentence."""
    match value:
        case None:
            return "nothing"
        case bool():
            return f"`{'true' if value else 'false'}`"
        case int() | float():
            return f"the number {str(value)[:40]}"
        case str():
            return f"the text {value[:40]!r}"
        case list():
            return "a list" if value else "an empty list"
        case _:
            return "a mapping"


def anything(_scope: Scope, _value: Any, _place: str) -> None:
    """Whatever JSON can say."""


def text(scope: Scope, value: Any, place: str) -> None:
    """A text; a placeholder of the Thing Model (`{{NAME}}`) is refused: a product is applied as it stands."""
    if not isinstance(value, str):
        scope.fault(place, f"must be a text, this is {describe(value)}")
    elif "{{" in value and "}}" in value:
        scope.fault(place, "placeholders ({{...}}) are not filled in here; write what it stands for")


def boolean(scope: Scope, value: Any, place: str) -> None:
    """true or false."""
    if isinstance(value, bool):
        return
    meant = {"yes": "true", "on": "true", "no": "false", "off": "false"}.get(str(value).lower())
    hint = f"; did you mean `{meant}`?" if meant and isinstance(value, str) else ""
    scope.fault(place, f"must be `true` or `false`, this is {describe(value)}{hint}")


def is_number(value: Any) -> bool:
    """Whether it is a JSON number."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def number(scope: Scope, value: Any, place: str) -> None:
    """A number."""
    if not is_number(value):
        scope.fault(place, f"must be a number, this is {describe(value)}")


def count(scope: Scope, value: Any, place: str) -> None:
    """A whole number from 0 on."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        scope.fault(place, f"must be a whole number from 0 on, this is {describe(value)}")


def texts(scope: Scope, value: Any, place: str) -> None:
    """A list of texts, none of them twice."""
    if not isinstance(value, list):
        scope.fault(place, f"must be a list of texts, this is {describe(value)}")
        return
    for index, member in enumerate(value):
        text(scope, member, child(place, index))
    if all(isinstance(member, str) for member in value) and len(set(value)) < len(value):
        scope.fault(place, "names something twice")


def text_or_texts(scope: Scope, value: Any, place: str) -> None:
    """One text or several."""
    (texts if isinstance(value, list) else text)(scope, value, place)


def by_language(scope: Scope, value: Any, place: str) -> None:
    """A text for each language tag."""
    each(text)(scope, value, place)
    for tag in value if isinstance(value, dict) else ():
        if not is_language(tag):
            scope.fault(child(place, tag), f"{tag[:40]!r} is not a language tag such as `de` or `pt-BR`")


def some(check: Check) -> Check:
    """What `check` says, and it must not be empty."""

    def checked(scope: Scope, value: Any, place: str) -> None:
        check(scope, value, place)
        if value in ([], {}):
            scope.fault(place, "is empty; leave it away")

    return checked


def each(check: Check) -> Check:
    """A mapping whose members all pass `check`."""

    def checked(scope: Scope, value: Any, place: str) -> None:
        if not isinstance(value, dict):
            scope.fault(place, f"must be a mapping, this is {describe(value)}")
            return
        for name, member in value.items():
            check(scope, member, child(place, name))

    return checked


def list_of(check: Check) -> Check:
    """A list whose members all pass `check`."""

    def checked(scope: Scope, value: Any, place: str) -> None:
        if not isinstance(value, list):
            scope.fault(place, f"must be a list, this is {describe(value)}")
            return
        for index, member in enumerate(value):
            check(scope, member, child(place, index))

    return checked


def one_of(*words: str) -> Check:
    """One of these words."""

    def checked(scope: Scope, value: Any, place: str) -> None:
        if value not in words:
            scope.fault(
                place, f"must be one of {', '.join(words)}, this is {describe(value)}{suggestion(str(value), words)}"
            )

    return checked
