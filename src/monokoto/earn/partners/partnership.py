"""Which organisation a partner of a maker's plans is, so that it sees what it is owed itself."""

from __future__ import annotations

from dataclasses import dataclass

from monokoto.kernel.clock import Instant
from monokoto.kernel.ids import OrganisationId


@dataclass(frozen=True, slots=True, kw_only=True)
class Partnership:
    """A maker said: my partner of this name is that organisation. It sees the statements of that name, whole, and no others."""

    organisation_id: OrganisationId
    """The maker's."""
    partner: str
    """As plans name it."""
    partner_organisation_id: OrganisationId
    created_at: Instant
