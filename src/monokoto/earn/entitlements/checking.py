"""Can this be given? All faults at once."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from monokoto.connect.products import suggestion
from monokoto.earn.entitlements.tables import KEY_LENGTH_MAX, NOTE_LENGTH_MAX
from monokoto.earn.features import Feature, FeatureKind
from monokoto.kernel.errors import Fault, Invalid, NotFound
from monokoto.kernel.limits import TEXT_BYTES_MAX

_INSTANT_MAX = 1 << 53
"""Past the year 2200: no instant somebody means."""
_TYPES: Mapping[str, tuple[type, ...]] = {
    "number": (int, float),
    "integer": (int,),
    "string": (str,),
    "boolean": (bool,),
}


def feature_named(features: Mapping[str, Feature], product: str, name: str) -> Feature:
    """The feature of this name; raises NotFound."""
    found = features.get(name)
    if found is None:
        near = suggestion(name, features) or f"; it has {', '.join(features) or 'none'}"
        raise NotFound(f"A {product} has no feature {name[:64]!r}{near}.")
    return found


def check_given(
    feature: Feature,
    value: Any,
    amount: Decimal | None,
    begin: int,
    end: int | None,
    key: str,
    note: str,
    *,
    shared: bool = False,
) -> None:
    """Raises Invalid with every fault."""
    faults = [
        *([] if shared else _value_faults(feature, value, amount)),
        *_wrong(
            ("end", "is not after its begin", end is not None and end <= begin),
            ("begin", "is no instant", not 0 <= begin <= _INSTANT_MAX),
            ("end", "is no instant", end is not None and not 0 <= end <= _INSTANT_MAX),
            ("key", f"has at most {KEY_LENGTH_MAX} printable characters", _bad_text(key, KEY_LENGTH_MAX)),
            ("note", f"has at most {NOTE_LENGTH_MAX} printable characters", _bad_text(note, NOTE_LENGTH_MAX)),
        ),
    ]
    if faults:
        raise Invalid(f"The feature {feature.name} cannot be given so.", faults=faults)


def _value_faults(feature: Feature, value: Any, amount: Decimal | None) -> list[Fault]:
    metered, valued = feature.kind is FeatureKind.METERED, feature.kind is FeatureKind.VALUE
    return _wrong(
        ("amount", "is for metered features", amount is not None and not metered),
        ("amount", "is needed: how much of it", amount is None and metered),
        ("amount", "is more than 0", amount is not None and amount <= 0),
        ("value", "is for features that have one", value is not None and not valued),
        ("value", f"is a {feature.type}", valued and not _fits(value, feature.type)),
        ("value", f"has at most {TEXT_BYTES_MAX} bytes", len(msgspec.json.encode(value)) > TEXT_BYTES_MAX),
    )


def _fits(value: Any, type_: str) -> bool:
    if isinstance(value, bool) and type_ != "boolean":
        return False
    return isinstance(value, _TYPES[type_])


def _bad_text(text: str, longest: int) -> bool:
    return len(text) > longest or not text.isprintable()


def _wrong(*found: tuple[str, str, bool]) -> list[Fault]:
    return [Fault(place=place, reason=reason) for place, reason, is_wrong in found if is_wrong]
