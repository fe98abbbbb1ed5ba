"""The section `meters` of product.yaml: its check, and what differs between two versions of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from monokoto.connect.products import ABSENT, Bump, Change, ProductModel, Report, Section, change_at, child
from monokoto.earn.metering.meters.meter import Meter
from monokoto.earn.metering.meters.reading import read_meter
from monokoto.kernel.limits import METERS_PER_PRODUCT_MAX

NAME = "meters"
_WORDS = frozenset({"title"})
"""What may change without the usage meaning something else."""


class MetersSection:
    """As `products.SectionChecker`."""

    name = NAME

    def check(self, section: Section) -> None:
        """Every fault goes to the section's report."""
        _read(section.value, section.model, section.report)

    def changes(self, before: Any, after: Any) -> Sequence[Change]:
        """A change for each meter. Money hangs on what a meter means: a changed meaning, or a meter gone, breaks the plans
        that charge for it."""
        olds, news = (value if isinstance(value, Mapping) else {} for value in (before, after))
        found = []
        for name in [*olds, *(name for name in news if name not in olds)]:
            old, new = olds.get(name, ABSENT), news.get(name, ABSENT)
            place = child(child("", NAME), str(name))
            if old is ABSENT:
                found.append(change_at(place, old, new, Bump.MINOR, "a new meter"))
            elif new is ABSENT:
                found.append(change_at(place, old, new, Bump.MAJOR, "nothing is metered by it any more"))
            elif _meaning(old) != _meaning(new):
                found.append(change_at(place, old, new, Bump.MAJOR, "the meter means something else"))
            elif old != new:
                found.append(change_at(place, old, new, Bump.PATCH, "the meter is called something else"))
        return found


def meters_of(document: Mapping[str, Any], model: ProductModel) -> tuple[Meter, ...]:
    """The meters a product's document has.

    Raises:
        Invalid: with every fault.
    """
    section = document.get(NAME)
    if not section:
        return ()
    report = Report()
    found = _read(section, model, report)
    report.raise_if_any(f"The meters of {model.product}")
    return found


def _read(written: Mapping[str, Any], model: ProductModel, report: Report) -> tuple[Meter, ...]:
    place = child("", NAME)
    if len(written) > METERS_PER_PRODUCT_MAX:
        report.add(place, f"has {len(written)} meters; at most {METERS_PER_PRODUCT_MAX}")
        return ()
    meters = [
        read_meter(model, str(name), document, report, child(place, str(name))) for name, document in written.items()
    ]
    return tuple(meter for meter in meters if meter is not None)


def _meaning(written: Any) -> bytes:
    said = {key: value for key, value in written.items() if key not in _WORDS} if isinstance(written, dict) else written
    return msgspec.json.encode(said, order="deterministic")
