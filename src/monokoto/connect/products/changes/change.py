"""One change between two versions of a product: where, of what kind, and how far the version must move for it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from monokoto.connect.products.semver import Bump


class ChangeKind(StrEnum):
    """What became of the thing at the place."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


ABSENT: Any = type("Absent", (), {"__repr__": lambda _self: "absent"})()
"""Stands for "there was nothing": None is a value of JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Something differs at `place` (a JSON pointer into the product)."""

    place: str
    kind: ChangeKind
    bump: Bump
    """The least move of the version that may carry it; MAJOR: it breaks somebody."""
    reason: str
    before: Any = ABSENT
    after: Any = ABSENT


def change_at(place: str, before: Any, after: Any, bump: Bump, reason: str) -> Change:
    """A change whose kind follows from what is absent."""
    kind = ChangeKind.ADDED if before is ABSENT else ChangeKind.REMOVED if after is ABSENT else ChangeKind.CHANGED
    return Change(place=place, kind=kind, bump=bump, reason=reason, before=before, after=after)
