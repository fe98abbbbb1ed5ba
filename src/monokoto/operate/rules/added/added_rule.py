"""A rule an organisation added: what it says (in versions that never change), and which units it is for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from monokoto.kernel.clock import Instant
from monokoto.kernel.ids import OrganisationId, RuleId, UnitId, format_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """The units a rule is for: those of a product its organisation has within reach at the time, and of them those that
    have all of this."""

    maker_id: OrganisationId
    """Whose product it is."""
    product: str
    units: tuple[UnitId, ...] = ()
    """Empty: whichever."""
    tags: tuple[str, ...] = ()
    """All of them; a maker's tags alone are known here."""
    group: int = 0
    """Members of this group; 0: of whichever, or none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddedRule:
    """A rule with its present version."""

    id: RuleId
    organisation_id: OrganisationId
    name: str
    """Unique within the organisation."""
    enabled: bool
    watched: Watched
    document: Mapping[str, Any]
    """The rule as it is written in product.yaml, in JSON."""
    version: int
    """Counts what it says and whom it is for; the alerts name it."""
    revision: int
    """Counts every change; the entity tag."""
    created_at: Instant
    updated_at: Instant
    deleted_at: Instant | None = None

    @property
    def key(self) -> str:
        """What its alerts call it."""
        return format_id(self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleVersion:
    """What a rule said once."""

    version: int
    watched: Watched
    document: Mapping[str, Any]
    created_at: Instant
    actor_id: int
    """The person or key that wrote it."""
