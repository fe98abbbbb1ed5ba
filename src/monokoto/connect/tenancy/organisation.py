"""An organisation: whose things these are. Every record belongs to one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from monokoto.kernel.clock import Instant
from monokoto.kernel.errors import Fault
from monokoto.kernel.ids import OrganisationId
from monokoto.kernel.names import SLUG_RULE, is_slug

TITLE_LENGTH_MAX = 200


class OrganisationKind(StrEnum):
    """Which side of the market it stands on."""

    MAKER = "maker"
    OWNER = "owner"
    PROVIDER = "provider"
    PLATFORM = "platform"


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """A maker, an owner, a provider, or the platform's own."""

    id: OrganisationId
    slug: str
    """Its name in addresses and on the command line; unique on the platform, never changed."""
    name: str
    kind: OrganisationKind
    created_at: Instant


def faults_of(*, name: str, slug: str, kind: str) -> list[Fault]:
    """What keeps these from naming an organisation."""
    faults = []
    if not is_slug(slug):
        faults.append(Fault(place="slug", reason=f"{slug[:80]!r} is not a slug: {SLUG_RULE}"))
    if not name.strip() or len(name) > TITLE_LENGTH_MAX:
        faults.append(Fault(place="name", reason=f"a name has 1 to {TITLE_LENGTH_MAX} characters"))
    if kind not in set(OrganisationKind):
        faults.append(Fault(place="kind", reason=f"{kind[:40]!r} is none of {', '.join(OrganisationKind)}"))
    return faults
