"""What the list of units asks of parts that stand above it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from monokoto.connect.ownership import Ledger
from monokoto.connect.presence import Presence


@dataclass(frozen=True, slots=True)
class KnownUnitSets:
    """As `fleet.UnitSets`."""

    presence: Presence
    ledger: Ledger

    def online(self, organisation_id: int, unit_ids: Sequence[int] | None) -> Sequence[int]:
        """As `UnitSets.online`."""
        return self.presence.connected(organisation_id, unit_ids)

    def owned(self, organisation_id: int) -> Sequence[int]:
        """As `UnitSets.owned`."""
        return self.ledger.owned(organisation_id)
