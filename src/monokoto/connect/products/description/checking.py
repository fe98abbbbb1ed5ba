"""Checking a folder: every fault at once, with file, line, place and reason."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from monokoto.connect.products.description.compiling import compile_checked
from monokoto.connect.products.description.folder import PRODUCT_FILE, Folder
from monokoto.connect.products.description.references import resolve_references
from monokoto.connect.products.description.report import Note, Report
from monokoto.connect.products.description.sections import Section, SectionCheck
from monokoto.connect.products.description.sharing import check_sharing
from monokoto.connect.products.description.source import parse_yaml
from monokoto.connect.products.description.terms import Check, Scope, check_terms, describe
from monokoto.connect.products.description.thing_model import check_thing_model, complete
from monokoto.connect.products.model import ProductModel
from monokoto.connect.products.simulation import Simulation, parse_simulation
from monokoto.kernel.errors import Fault, Invalid
from monokoto.kernel.names import SLUG_RULE, is_slug

LATER_SECTIONS = ("policies",)
"""Sections whose meaning comes with later slices: kept as they are, said to be unused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedProduct:
    """A folder without a fault."""

    product: str
    version: str
    thing_model: Mapping[str, Any]
    """The Thing Model, complete (context, type, title) and with its references written out."""
    document: Mapping[str, Any]
    """What product.yaml says, all sections, as it says it."""
    files: Mapping[str, str]
    digest: str
    """SHA-256 of the document (and of the files it refers to) in canonical JSON, in hexadecimal: two folders with the same
    one say the same."""
    simulation: Simulation | None = None
    """How its virtual units behave; None when the product does not say."""
    notes: tuple[Note, ...] = ()

    def compile(self, organisation_id: int) -> ProductModel:
        """The compiled model."""
        return compile_checked(organisation_id, self.product, self.thing_model)


def check(folder: Folder, sections: Sequence[SectionCheck] = ()) -> CheckedProduct:
    """Read a folder as a product. A section of a slice above is checked by its checker, where one is handed in.

    Raises:
        Invalid: with all its faults.
    """
    if PRODUCT_FILE not in folder.files:
        raise Invalid(
            f"A product is described in {PRODUCT_FILE}, and it is not there.",
            faults=[Fault(file=PRODUCT_FILE, reason="is missing")],
        )
    report = Report(PRODUCT_FILE)
    document = parse_yaml(folder.files[PRODUCT_FILE], report).value
    # Faults of the text (a name given twice) and faults of what it says are told together.
    thing_model = _check_document(report, document)
    simulation = _check_simulation(report, document, thing_model)
    used = _check_sections(report, document, thing_model, folder, sections)
    report.raise_if_any(folder.name or PRODUCT_FILE)
    return CheckedProduct(
        product=document["product"],
        version=thing_model["version"]["model"],
        thing_model=thing_model,
        document=document,
        files=dict(folder.files),
        digest=digest_of({**document, "files": {name: folder.files[name] for name in used}} if used else document),
        simulation=simulation,
        notes=tuple(sorted(report.notes, key=lambda note: note.line)),
    )


def _check_sections(
    report: Report,
    document: Any,
    thing_model: Mapping[str, Any],
    folder: Folder,
    checkers: Sequence[SectionCheck],
) -> list[str]:
    """The names of the files the sections refer to; their faults are in the report. Only beside a model without faults."""
    if not thing_model:
        return []
    model = compile_checked(0, str(document.get("product", "")), thing_model)
    used: set[str] = set()
    for checker in checkers:
        value = document.get(checker.name)
        if isinstance(value, dict):
            section = Section(value, model, report, folder.files, document)
            checker.check(section)
            used |= section.used
    for name in sorted(set(folder.files) - used - {PRODUCT_FILE}) if checkers else ():
        report.notes.append(Note(text="is referred to by nothing and not used", file=name))
    return sorted(used & set(folder.files))


def digest_of(document: Any) -> str:
    """What two documents have in common when they say the same, whatever their comments and order."""
    return hashlib.sha256(msgspec.json.encode(document, order="deterministic")).hexdigest()


def _check_document(report: Report, document: Any) -> dict[str, Any]:
    """The completed Thing Model of a document; faults are in the report."""
    scope = Scope(report)
    if document is None and len(report):
        return {}
    if not check_terms(scope, document, "", terms=_DOCUMENT, what="a product"):
        return {}
    for section in ("product", "model"):
        if section not in document:
            scope.fault("", f"needs `{section}`")
    given = document.get("model")
    if not isinstance(given, dict):
        return {}
    before = len(report)
    model: dict[str, Any] = resolve_references(report, given, "/model")
    check_thing_model(report, model, "/model")
    if len(report) > before:
        return {}
    return complete(model, str(document.get("product", "")))


def _check_simulation(report: Report, document: Any, thing_model: Mapping[str, Any]) -> Simulation | None:
    """The section's meaning beside a model without faults; a section that is no mapping was a fault before."""
    section = document.get("simulation") if thing_model else None
    if not isinstance(section, dict):
        return None
    model = compile_checked(0, thing_model["title"], thing_model)
    try:
        return parse_simulation(section, model.properties, model.events, model.actions)
    except Invalid as error:
        for fault in error.faults:
            report.add(fault.place, fault.reason)
        return None


def _product(scope: Scope, value: Any, place: str) -> None:
    if not isinstance(value, str):
        scope.fault(place, f"must be a text such as `rice-cooker`, this is {describe(value)}")
    elif not is_slug(value):
        scope.fault(place, f"{value[:80]!r} cannot name a product: {SLUG_RULE}")


def _model(scope: Scope, value: Any, place: str) -> None:
    if not isinstance(value, dict):
        scope.fault(place, f"must be a W3C Thing Model, this is {describe(value)}")


def _mapping(scope: Scope, value: Any, place: str) -> None:
    if not isinstance(value, dict):
        scope.fault(place, f"must be a mapping, this is {describe(value)}")


def _later(scope: Scope, value: Any, place: str) -> None:
    _mapping(scope, value, place)
    if isinstance(value, dict) and value:
        scope.report.note(place, f"`{place[1:]}` is kept with the version but not used yet")


_DOCUMENT: dict[str, Check] = {
    "product": _product,
    "model": _model,
    "simulation": _mapping,
    "rules": _mapping,
    "meters": _mapping,
    "features": _mapping,
    "plans": _mapping,
    "sharing": check_sharing,
    **dict.fromkeys(LATER_SECTIONS, _later),
}
