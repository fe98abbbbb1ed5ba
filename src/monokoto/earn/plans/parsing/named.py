"""What a plan may name: meters, features and rules of the same product."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from monokoto.connect.products import suggestion
from monokoto.earn.plans.parsing.reading import Node


@dataclass(frozen=True, slots=True)
class Named:
    """By name what its section says of it. `None`: whatever is named is taken (a version that was checked before)."""

    meters: Mapping[str, Any] | None = None
    features: Mapping[str, Any] | None = None
    rules: Mapping[str, Any] | None = None

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Named:
        """What a product's document has."""
        found = [document.get(name) for name in ("meters", "features", "rules")]
        return cls(*(one if isinstance(one, Mapping) else {} for one in found))


ANYTHING = Named()


def must_be_one_of(node: Node, name: str, known: Mapping[str, Any] | None, what: str) -> bool:
    """Whether the product has something of this name; a fault at the node where not."""
    if known is None or name in known:
        return True
    near = suggestion(name, known)
    told = near or (f"; there are {', '.join(list(known)[:8])}" if known else f"; it has no {what}s")
    node.fault(f"the product has no {what} {name[:80]!r}{told}")
    return False


def said_of(known: Mapping[str, Any] | None, name: str) -> Mapping[str, Any] | None:
    """What is said of it; None where that is not known here, or is no mapping (a fault of its own section)."""
    found = None if known is None else known.get(name)
    return found if isinstance(found, Mapping) else None
