"""What subscriptions ask of parts that stand beside them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from monokoto.earn.calendar import Span


class Owners(Protocol):
    """Whose units are and were. Answers from memory."""

    def owned(self, organisation_id: int, product: str, owner_id: int, span: Span) -> Mapping[int, Sequence[Span]]:
        """By unit when in this time it was the owner's: in order, without overlap."""
        ...

    def owners(self, unit_id: int, span: Span) -> Sequence[tuple[int, Span]]:
        """Who owned a unit when in this time; times in which nobody but its maker had it are left out."""
        ...

    def fleet(self, organisation_id: int, product: str) -> Iterable[int]:
        """All units of a product that are not retired."""
        ...

    def is_unit(self, organisation_id: int, product: str, unit_id: int) -> bool:
        """Whether it is a unit of this maker's product."""
        ...


class Buyers(Protocol):
    """The organisations of the platform, of which some buy."""

    def find(self, reference: str) -> int:
        """The id of the organisation with this slug or id; raises NotFound."""
        ...
