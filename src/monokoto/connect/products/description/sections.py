"""Sections of product.yaml whose meaning belongs to slices above: what a checker of one is handed.

Products know the port only. Whoever reads folders (the platform, `koto check`) is handed the checkers by assembly, so that
both say the same of the same folder.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from monokoto.connect.products.description.report import Report
from monokoto.connect.products.model import ProductModel


@dataclass(slots=True)
class Section:
    """One section of a folder whose model has no fault."""

    value: Mapping[str, Any]
    model: ProductModel
    report: Report
    """Takes faults and notes by place; knows the lines."""
    files: Mapping[str, str]
    """The files beside product.yaml, by name."""
    document: Mapping[str, Any] = field(default_factory=dict)
    """All sections: what one names may stand in another."""
    used: set[str] = field(default_factory=set)
    """Names of the files the section refers to: part of what the version says."""


class SectionCheck(Protocol):
    """Somebody who knows what a section means."""

    @property
    def name(self) -> str:
        """The section's name in product.yaml."""
        ...

    def check(self, section: Section) -> None:
        """Add every fault to the section's report, by JSON pointers from the document's root. Never raises."""
        ...
