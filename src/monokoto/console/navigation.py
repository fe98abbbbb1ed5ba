"""What the side shows: a table. An entry is there when its page is, and when the visitor's role may look at it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from monokoto.console.languages import mark

if TYPE_CHECKING:
    from monokoto.console.visit import Visit


@dataclass(frozen=True, slots=True)
class Entry:
    """One page in the navigation."""

    label: str
    href: str
    icon: str
    scope: str = ""
    """Needed to see it; empty: any member."""
    needs: str = ""
    """A route of the API that it cannot be without."""
    kinds: tuple[str, ...] = ()
    """Of organisations it is for; empty: all."""
    badge: str = ""
    """Address of what is shown beside its label, asked for when the page is there; empty: nothing."""
    also: str = ""
    """Another page that belongs to it."""


@dataclass(frozen=True, slots=True)
class Group:
    """Pages that belong together."""

    label: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """An entry as one visitor sees it."""

    entry: Entry
    current: bool


BUYERS = ("owner", "provider")
"""Makers buy as well, and find the same pages at their addresses; in their navigation stands what they sell."""
NAVIGATION = (
    Group(
        mark("Fleet"),
        (
            Entry(mark("Overview"), "/console", "overview", "units:read", "/api/v1/fleet/summary"),
            Entry(mark("Units"), "/console/units", "units", "units:read"),
            Entry(mark("Products"), "/console/products", "products", "products:read"),
            Entry(mark("Claim a unit"), "/console/claim", "claim", "ownership:write", "/api/v1/claims"),
            Entry(mark("Jobs"), "/console/jobs", "jobs", "units:read", "/api/v1/jobs"),
        ),
    ),
    Group(
        mark("Watch"),
        (
            Entry(
                mark("Alerts"),
                "/console/alerts",
                "alerts",
                "telemetry:read",
                "/api/v1/alerts",
                badge="/console/alerts/badge",
            ),
            Entry(mark("Rules"), "/console/rules", "rules", "telemetry:read", "/api/v1/rules"),
            Entry(
                mark("Maintenance"),
                "/console/maintenance",
                "maintenance",
                "telemetry:read",
                "/api/v1/maintenance-windows",
            ),
            Entry(
                mark("Notifications"),
                "/console/notifications",
                "notifications",
                "webhooks:read",
                "/api/v1/notifications",
            ),
        ),
    ),
    Group(
        mark("Act"),
        (
            Entry(mark("Commands"), "/console/commands", "commands", "control:read", "/api/v1/commands"),
            Entry(mark("Scenes"), "/console/scenes", "scenes", "control:read", "/api/v1/scenes"),
            Entry(mark("Schedules"), "/console/schedules", "schedules", "control:read", "/api/v1/schedules"),
            Entry(mark("Groups"), "/console/groups", "groups", "units:read", "/api/v1/groups"),
        ),
    ),
    Group(
        mark("Charge"),
        (
            Entry(mark("Plans"), "/console/plans", "plans", "earn:read", "/api/v1/plans"),
            Entry(mark("Features"), "/console/features", "keys", "earn:read", "/api/v1/entitlements"),
            Entry(mark("Usage"), "/console/usage", "usage", "earn:read", "/api/v1/usage"),
            Entry(mark("Customers"), "/console/customers", "person", "earn:read", "/api/v1/customers"),
            Entry(mark("Subscriptions"), "/console/subscriptions", "schedules", "earn:read", "/api/v1/subscriptions"),
            Entry(mark("Invoices"), "/console/invoices", "invoices", "earn:read", "/api/v1/invoices"),
            Entry(mark("Revenue"), "/console/revenue", "revenue", "earn:read", "/api/v1/reports/recurring"),
            Entry(mark("Payments"), "/console/payments", "payments", "earn:read", "/api/v1/payments"),
            Entry(mark("Partners"), "/console/partners", "person", "earn:read", "/api/v1/partners"),
            Entry(mark("Books"), "/console/books", "books", "earn:read", "/api/v1/ledger/balances"),
            Entry(mark("Who sells"), "/console/seller", "seller", "earn:read", "/api/v1/issuer"),
        ),
    ),
    Group(
        mark("Mine"),
        (
            Entry(mark("What I use"), "/console/mine", "mine", "portal:read", "/api/v1/my/subscriptions", BUYERS),
            Entry(mark("Buy a function"), "/console/mine/offers", "offers", "portal:read", "/api/v1/my/offers", BUYERS),
            Entry(
                mark("My invoices"),
                "/console/mine/invoices",
                "audit",
                "portal:read",
                "/api/v1/my/invoices",
                BUYERS,
                also="/console/mine/billing",
            ),
            Entry(
                mark("My shares"),
                "/console/mine/partnerships",
                "revenue",
                "portal:read",
                "/api/v1/my/partnerships",
                ("provider",),
            ),
        ),
    ),
    Group(
        mark("Organisation"),
        (
            Entry(mark("People"), "/console/people", "people", "people:read", "/api/v1/members"),
            Entry(mark("API keys"), "/console/keys", "keys", "admin", "/api/v1/keys"),
            Entry(mark("Webhooks"), "/console/webhooks", "webhooks", "webhooks:read", "/api/v1/webhooks"),
            Entry(mark("Audit"), "/console/audit", "audit", "audit:read", "/api/v1/audit"),
            Entry(mark("Organisations"), "/console/organisations", "platform", "platform", "/api/v1/organisations"),
        ),
    ),
    Group(mark("Developers"), (Entry(mark("API explorer"), "/console/explorer", "explorer"),)),
)


def navigation(visit: Visit) -> list[tuple[Group, list[Link]]]:
    """The groups with what this visitor may see; the entry of the longest matching path is the current one."""
    if visit.who is None:
        return []
    shown = [
        (group, [entry for entry in group.entries if _is_open(entry, visit)]) for group in NAVIGATION
    ]  # fmt: skip
    found = [
        (len(href), entry.href)
        for _, entries in shown
        for entry in entries
        for href in filter(None, (entry.href, entry.also))
        if _is_below(visit.path, href)
    ]
    here = max(found, default=(0, ""))[1]
    return [(group, [Link(entry, entry.href == here) for entry in entries]) for group, entries in shown if entries]


def _is_open(entry: Entry, visit: Visit) -> bool:
    there = visit.api.offers(entry.href) and (not entry.needs or visit.api.offers(entry.needs))
    organisation = visit.who.organisation if visit.who else None
    concerned = not entry.kinds or (organisation is not None and organisation.kind in entry.kinds)
    return there and concerned and (not entry.scope or visit.may(entry.scope))


def _is_below(path: str, href: str) -> bool:
    return path == href or (href != "/console" and path.startswith(href + "/"))
