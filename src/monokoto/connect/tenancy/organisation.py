"""An organisation: whose things these are. Every record belongs to one."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from monokoto.kernel.clock import Instant
from monokoto.kernel.errors import Fault
from monokoto.kernel.ids import OrganisationId
from monokoto.kernel.names import SLUG_RULE, is_slug

TITLE_LENGTH_MAX = 200
_SLUG_LENGTH_MADE = 48  # leaves room for a number behind it


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
    faults += name_faults(name)
    if kind not in set(OrganisationKind):
        faults.append(Fault(place="kind", reason=f"{kind[:40]!r} is none of {', '.join(OrganisationKind)}"))
    return faults


def name_faults(name: str, *, place: str = "name") -> list[Fault]:
    """What keeps a text from being an organisation's name for people."""
    if name.strip() and len(name) <= TITLE_LENGTH_MAX:
        return []
    return [Fault(place=place, reason=f"a name has 1 to {TITLE_LENGTH_MAX} characters")]


def slug_of(name: str) -> str:
    """A slug that resembles a name: `Reisküche GmbH` is `reiskuche-gmbh`; `organisation` where no Latin letter is left."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_SLUG_LENGTH_MADE].strip("-") or "organisation"
