"""Roles: named sets of scopes, as one table. A role is held in one organisation, and only in one of a kind that knows it.

Refused: roles made by customers. What a role opens would then depend on the installation, and a new scope would have to be
given to every one of them; whoever needs another set of scopes makes an API key with it.
"""

from __future__ import annotations

from dataclasses import dataclass

from monokoto.connect.tenancy import OrganisationKind
from monokoto.kernel.errors import Fault, Invalid
from monokoto.web import Caller, Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """What its holder may do in the organisation it is held in."""

    name: str
    what: str
    scopes: frozenset[Scope]
    kinds: frozenset[OrganisationKind]
    """In organisations of these kinds it may be held."""

    @property
    def administers(self) -> bool:
        """Whether it opens everything in the organisation; each organisation keeps at least one such member."""
        return Scope.ADMIN in self.scopes


_READS = (Scope.PRODUCTS_READ, Scope.UNITS_READ, Scope.TELEMETRY_READ, Scope.CONTROL_READ, Scope.OWNERSHIP_READ)
_TABLE = (
    ("platform-admin", "Runs the platform: sees and makes organisations",
     (Scope.PLATFORM, Scope.ADMIN), (OrganisationKind.PLATFORM,)),
    ("maker-admin", "Everything in the organisation, people and keys included",
     (Scope.ADMIN,), (OrganisationKind.MAKER, OrganisationKind.PROVIDER)),
    ("product-engineer", "Products, units and what they report and do",
     (Scope.PRODUCTS_WRITE, Scope.UNITS_WRITE, Scope.TELEMETRY_WRITE, Scope.CONTROL_WRITE, Scope.WEBHOOKS_WRITE,
      Scope.AUDIT_READ, Scope.OWNERSHIP_READ, Scope.PEOPLE_READ), (OrganisationKind.MAKER,)),
    ("operator", "Registers and controls units",
     (Scope.PRODUCTS_READ, Scope.UNITS_WRITE, Scope.TELEMETRY_READ, Scope.CONTROL_WRITE, Scope.OWNERSHIP_READ,
      Scope.WEBHOOKS_READ), (OrganisationKind.MAKER, OrganisationKind.PROVIDER)),
    ("accountant", "Plans, customers, invoices, payments and the books; reads what they are worked out from",
     (Scope.PRODUCTS_READ, Scope.UNITS_READ, Scope.TELEMETRY_READ, Scope.EARN_WRITE, Scope.PORTAL_READ),
     (OrganisationKind.MAKER, OrganisationKind.PROVIDER)),
    ("auditor", "Reads what is charged and booked, down to the readings, and who did what; changes nothing",
     (Scope.PRODUCTS_READ, Scope.UNITS_READ, Scope.TELEMETRY_READ, Scope.EARN_READ, Scope.PORTAL_READ, Scope.AUDIT_READ),
     (OrganisationKind.MAKER, OrganisationKind.PROVIDER)),
    ("viewer", "Looks, and changes nothing",
     _READS, (OrganisationKind.MAKER, OrganisationKind.PROVIDER, OrganisationKind.OWNER)),
    ("owner", "Everything about the units the organisation owns, people and keys included",
     (Scope.ADMIN,), (OrganisationKind.OWNER,)),
    ("household-member", "Uses the units the organisation owns",
     (Scope.UNITS_READ, Scope.TELEMETRY_READ, Scope.CONTROL_WRITE, Scope.OWNERSHIP_READ, Scope.PORTAL_READ),
     (OrganisationKind.OWNER,)),
)  # fmt: skip
ROLES: dict[str, Role] = {
    name: Role(name=name, what=what, scopes=frozenset(scopes), kinds=frozenset(kinds))
    for name, what, scopes, kinds in _TABLE
}
ADMIN_OF = {
    OrganisationKind.PLATFORM: "platform-admin",
    OrganisationKind.MAKER: "maker-admin",
    OrganisationKind.PROVIDER: "maker-admin",
    OrganisationKind.OWNER: "owner",
}
"""The role of whoever is the first in an organisation."""


def roles_of(kind: str) -> list[Role]:
    """The roles that can be held in an organisation of this kind."""
    return [role for role in ROLES.values() if kind in role.kinds]


def role_of(name: str, kind: str) -> Role:
    """The role of this name in an organisation of this kind; raises Invalid."""
    role = ROLES.get(name)
    if role is None or kind not in role.kinds:
        known = ", ".join(one.name for one in roles_of(kind))
        fault = Fault(place="role", reason=f"{name[:40]!r} is none of {known}")
        raise Invalid(f"This role cannot be held in an organisation of the kind {kind}.", faults=[fault])
    return role


def may_give(caller: Caller, role: Role) -> bool:
    """Whether the caller holds everything the role opens: nobody gives more than they have."""
    return all(caller.may(scope) for scope in role.scopes)
