"""Whoever knows a section of a slice above: checks it, and tells what differs between two versions of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from monokoto.connect.products.changes.change import Change
from monokoto.connect.products.description.sections import SectionCheck


class SectionChecker(SectionCheck, Protocol):
    """What assembly hands to the platform and to `koto check`, so that both say the same of the same folder."""

    def changes(self, before: Any, after: Any) -> Sequence[Change]:
        """What differs between two contents of the section; `ABSENT` where a version has none."""
        ...
