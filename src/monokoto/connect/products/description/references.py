"""`tm:ref`: a definition taken over from another place in the same model (WoT TD 1.1 section 9.3.3).

The members beside `tm:ref` overrule those of what it points to, as in a JSON merge patch (RFC 7396); `null` takes one away.
References into other files are refused: a product is one file.
"""

from __future__ import annotations

from typing import Any

from monokoto.connect.products.description.report import Report, child
from monokoto.kernel.limits import FOLDER_DEPTH_MAX, FOLDER_NODES_MAX

REFERENCE = "tm:ref"


class _TooMuch(Exception):
    """Written out, the model has no end within the limits."""


def resolve_references(report: Report, model: Any, place: str) -> Any:
    """The model with every `tm:ref` written out; one that cannot be is a fault and stays as it is."""
    resolver = _Resolver(report, model)
    try:
        return resolver.walk(model, place, ())
    except _TooMuch:
        report.add(place, f"holds more than {FOLDER_NODES_MAX} values once its references are written out")
        return {}


class _Resolver:
    def __init__(self, report: Report, model: Any) -> None:
        self._report = report
        self._model = model
        self._left = FOLDER_NODES_MAX
        self._beginning = ""

    def walk(self, value: Any, place: str, via: tuple[str, ...]) -> Any:
        self._left -= 1
        if self._left < 0 or len(via) > FOLDER_DEPTH_MAX:
            raise _TooMuch
        if isinstance(value, list):
            return [self.walk(member, child(place, index), via) for index, member in enumerate(value)]
        if not isinstance(value, dict):
            return value
        own = {name: member for name, member in value.items() if name != REFERENCE}
        if REFERENCE not in value:
            return {name: self.walk(member, child(place, name), via) for name, member in own.items()}
        if not via:
            # A fault on the way is told where the way begins.
            self._beginning = child(place, REFERENCE)
        target = self._target(value[REFERENCE], self._beginning, via)
        walked = {
            # A null beside the reference takes a member away: it is no value to walk.
            name: None if member is None else self.walk(member, child(place, name), via)
            for name, member in own.items()
        }
        return _merged(target, walked)

    def _target(self, reference: Any, place: str, via: tuple[str, ...]) -> Any:
        if not isinstance(reference, str) or not reference.startswith("#/"):
            self._report.add(
                place,
                f"{str(reference)[:80]!r} is not a reference within this model, such as `#/properties/temperature`; "
                "references into other files are not followed",
            )
            return {REFERENCE: reference}
        if reference in via:
            self._report.add(place, f"{reference[:80]!r} leads back to itself")
            return {REFERENCE: reference}
        found = self._model
        for part in reference[2:].split("/"):
            name = part.replace("~1", "/").replace("~0", "~")
            if not isinstance(found, dict) or name not in found:
                self._report.add(place, f"{reference[:80]!r} points to nothing in this model")
                return {REFERENCE: reference}
            found = found[name]
        if not isinstance(found, dict):
            self._report.add(place, f"{reference[:80]!r} points to no definition")
            return {REFERENCE: reference}
        return self.walk(found, place, (*via, reference))


def _merged(target: Any, patch: Any) -> Any:
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for name, member in patch.items():
        if member is None:
            merged.pop(name, None)
        else:
            merged[name] = _merged(merged.get(name), member)
    return merged
