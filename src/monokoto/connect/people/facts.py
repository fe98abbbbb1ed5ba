"""The facts of people. They make a change felt at once in every process; sessions are looked up anew every two seconds anyway."""

from __future__ import annotations

from monokoto.kernel.clock import Instant
from monokoto.kernel.facts import Fact
from monokoto.kernel.ids import OrganisationId

MEMBER_CHANGED = "people.member_changed"


def member_changed(organisation_id: int, *, person_id: int, role: str | None, at: int) -> Fact:
    """Somebody became a member, got another role, or (None) is a member no longer."""
    return Fact(
        name=MEMBER_CHANGED,
        organisation_id=OrganisationId(organisation_id),
        at=Instant(at),
        data={"person_id": person_id, "role": role},
    )
