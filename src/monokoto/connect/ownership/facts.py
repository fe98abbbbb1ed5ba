"""The fact of ownership. It makes a change felt at once in every process; `Ledger.refresh` by period mends a lost one."""

from __future__ import annotations

from collections.abc import Sequence

from monokoto.kernel.clock import Instant
from monokoto.kernel.facts import Fact
from monokoto.kernel.ids import OrganisationId

OWNERSHIP_CHANGED = "ownership.changed"
_UNITS_TOLD_MAX = 1000


def ownership_changed(organisation_id: int, unit_ids: Sequence[int], *, at: int) -> Fact:
    """Units of this maker changed hands, or were shared or rented out, or no longer are."""
    return Fact(
        name=OWNERSHIP_CHANGED,
        organisation_id=OrganisationId(organisation_id),
        at=Instant(at),
        data={"units": list(unit_ids[:_UNITS_TOLD_MAX])},
    )
