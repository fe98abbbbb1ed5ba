"""A member: a person in an organisation, with a role there."""

from __future__ import annotations

from dataclasses import dataclass

from monokoto.connect.people.person import Person
from monokoto.connect.tenancy import Organisation
from monokoto.kernel.clock import Instant


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody in an organisation."""

    person: Person
    role: str
    since: Instant


@dataclass(frozen=True, slots=True)
class Membership:
    """One of somebody's organisations."""

    organisation: Organisation
    role: str
