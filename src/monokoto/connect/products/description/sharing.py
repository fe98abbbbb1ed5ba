"""The section `sharing`: whom the data of the product's units are shown to."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from monokoto.connect.products.description.terms import Check, Scope, check_terms, describe


class MakerSees(StrEnum):
    """What the maker sees of the time a unit belongs to somebody else."""

    EVERYTHING = "everything"
    NOTHING = "nothing"


def check_sharing(scope: Scope, value: Any, place: str) -> None:
    """Faults of the section go to the scope's report."""
    if not isinstance(value, dict):
        scope.fault(place, f"must be a mapping, this is {describe(value)}")
        return
    check_terms(scope, value, place, terms=_TERMS, what="`sharing`")


def maker_sees(document: Mapping[str, Any]) -> MakerSees:
    """What a checked document says; EVERYTHING where it says nothing."""
    return MakerSees((document.get("sharing") or {}).get("maker", MakerSees.EVERYTHING))


def _maker(scope: Scope, value: Any, place: str) -> None:
    if value not in set(MakerSees):
        shown = f"{value[:80]!r}" if isinstance(value, str) else describe(value)
        scope.fault(place, f"must be one of {', '.join(MakerSees)}, this is {shown}")


def _later(scope: Scope, value: Any, place: str) -> None:
    scope.report.note(place, f"`{place[1:].replace('/', '.')}` is kept with the version but not used yet")


_TERMS: dict[str, Check] = {
    "maker": _maker,
    **dict.fromkeys(("data_products", "purposes", "benefits"), _later),
}
