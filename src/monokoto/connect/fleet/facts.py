"""The facts of the fleet. They make a change felt at once; `ended_since` and `Directory.refresh` mend a lost one."""

from __future__ import annotations

from monokoto.kernel.clock import Instant
from monokoto.kernel.facts import Fact
from monokoto.kernel.ids import OrganisationId

CREDENTIAL_ENDED = "fleet.credential_ended"
UNITS_CHANGED = "fleet.units_changed"


def credential_ended(organisation_id: int, *, credential_id: int, unit_id: int, at: int) -> Fact:
    """A credential opens nothing from now on: it was revoked, or its unit was suspended or retired."""
    return Fact(
        name=CREDENTIAL_ENDED,
        organisation_id=OrganisationId(organisation_id),
        at=Instant(at),
        data={"credential_id": credential_id, "unit_id": unit_id},
    )


def units_changed(organisation_id: int, *, at: int) -> Fact:
    """Units were registered, changed or moved: whoever keeps a directory refreshes it."""
    return Fact(name=UNITS_CHANGED, organisation_id=OrganisationId(organisation_id), at=Instant(at), data={})
