"""Facts of rules."""

from __future__ import annotations

from monokoto.kernel.clock import Instant
from monokoto.kernel.facts import Fact
from monokoto.kernel.ids import OrganisationId

RULES_CHANGED = "rules.changed"
"""What is watched for has changed; data: rule (id)."""


def rules_changed(organisation_id: int, at: Instant, rule_id: int) -> Fact:
    """The fact."""
    return Fact(name=RULES_CHANGED, organisation_id=OrganisationId(organisation_id), at=at, data={"rule": rule_id})
