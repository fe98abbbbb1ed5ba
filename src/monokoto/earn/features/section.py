"""The section `features` of product.yaml: its check, and what differs between two versions of it.

```yaml
features:
  night-programme: {kind: boolean, unlocks: {actions: [startNight]}, sets: {property: quiet, otherwise: false}}
  speed-limit:     {kind: value, type: number, sets: {property: maxSpeed, otherwise: 6}, offline: 30 d}
  washes-included: {kind: metered, meter: washes, overage: true, thresholds: [50%, 80%, 100%, 8]}
  brakes:          {kind: boolean, safety: true}
```
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from monokoto.connect.products import ABSENT, Bump, Change, ProductModel, Report, Section, change_at, child
from monokoto.earn.features.feature import Feature
from monokoto.earn.features.reading import read_feature
from monokoto.kernel.limits import FEATURES_PER_PRODUCT_MAX

NAME = "features"


class FeaturesSection:
    """As `products.SectionChecker`."""

    name = NAME

    def check(self, section: Section) -> None:
        """Every fault goes to the section's report."""
        _read(section.value, section.model, section.document.get("meters"), section.report)

    def changes(self, before: Any, after: Any) -> Sequence[Change]:
        """A new feature is a minor change: what it unlocks was free. One less takes from customers what they have bought:
        a major one."""
        olds, news = (value if isinstance(value, Mapping) else {} for value in (before, after))
        found = []
        for name in [*olds, *(name for name in news if name not in olds)]:
            old, new = olds.get(name, ABSENT), news.get(name, ABSENT)
            if old is ABSENT:
                found.append(change_at(f"/{NAME}/{name}", old, new, Bump.MINOR, "a new feature"))
            elif new is ABSENT:
                found.append(change_at(f"/{NAME}/{name}", old, new, Bump.MAJOR, "nobody can have the feature any more"))
            elif _said(old) != _said(new):
                bump = Bump.MAJOR if _kind(old) != _kind(new) else Bump.PATCH
                found.append(change_at(f"/{NAME}/{name}", old, new, bump, "the feature is another one"))
        return found


def features_of(document: Mapping[str, Any], model: ProductModel) -> Mapping[str, Feature]:
    """The features a product's document has, by name.

    Raises:
        Invalid: with every fault.
    """
    section = document.get(NAME)
    if not section:
        return {}
    report = Report()
    found = _read(section, model, document.get("meters"), report)
    report.raise_if_any(f"The features of {model.product}")
    return found


def _read(value: Any, model: ProductModel, meters: Any, report: Report) -> dict[str, Feature]:
    place = child("", NAME)
    if not isinstance(value, Mapping):
        report.add(place, "is a mapping from a feature's name to what it is")
        return {}
    if len(value) > FEATURES_PER_PRODUCT_MAX:
        report.add(place, f"has {len(value)} features; at most {FEATURES_PER_PRODUCT_MAX}")
        return {}
    known = meters if isinstance(meters, Mapping) else {}
    found: dict[str, Feature] = {}
    setters: dict[str, str] = {}
    for name, one in value.items():
        feature = read_feature(str(name), one, child(place, str(name)), model, known, report)
        if feature is None:
            continue
        if feature.sets is not None:
            other = setters.setdefault(feature.sets.property, feature.name)
            if other != feature.name:
                report.add(child(child(place, str(name)), "sets"), f"sets a property that {other!r} sets already")
        found[feature.name] = feature
    return found


def _kind(value: Any) -> Any:
    return value.get("kind") if isinstance(value, Mapping) else None


def _said(value: Any) -> bytes:
    return msgspec.json.encode(value, order="deterministic")
