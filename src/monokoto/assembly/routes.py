"""Every route there is, in the order of the story."""

from __future__ import annotations

from litestar.types import ControllerRouterHandler

from monokoto.connect.audit import AuditController
from monokoto.connect.fleet import CredentialsController, UnitsController, import_units
from monokoto.connect.gateway import ingest_routes
from monokoto.connect.jobs import JobsController
from monokoto.connect.line import DeadLetterController
from monokoto.connect.overview import OverviewController
from monokoto.connect.ownership import CONTROLLERS as OWNERSHIP
from monokoto.connect.passkeys import PasskeyController
from monokoto.connect.people import CONTROLLERS as PEOPLE
from monokoto.connect.presence import PresenceController
from monokoto.connect.products import ProductsController
from monokoto.connect.providers import ProviderController
from monokoto.connect.tenancy import TenancyController
from monokoto.connect.views import ViewsController
from monokoto.connect.webhooks import WebhooksController
from monokoto.console import CONSOLE
from monokoto.earn.billing import CONTROLLERS as BILLING
from monokoto.earn.entitlements import CONTROLLERS as ENTITLEMENTS
from monokoto.earn.invoices import CONTROLLERS as INVOICES
from monokoto.earn.metering import CONTROLLERS as METERING
from monokoto.earn.partners import CONTROLLERS as PARTNERS
from monokoto.earn.payments import CONTROLLERS as PAYMENTS
from monokoto.earn.plans import CONTROLLERS as PLANS
from monokoto.earn.portal import CONTROLLERS as PORTAL
from monokoto.earn.reports import CONTROLLERS as REPORTS
from monokoto.earn.subscriptions import CONTROLLERS as SUBSCRIPTIONS
from monokoto.operate.alerts import CONTROLLERS as ALERTS
from monokoto.operate.commands import CONTROLLERS as COMMANDS
from monokoto.operate.groups import CONTROLLERS as GROUPS
from monokoto.operate.notifications import CONTROLLERS as NOTIFICATIONS
from monokoto.operate.rules import CONTROLLERS as RULES
from monokoto.operate.scenes import CONTROLLERS as SCENES
from monokoto.operate.schedules import CONTROLLERS as SCHEDULES
from monokoto.operate.telemetry import CONTROLLERS as TELEMETRY
from monokoto.operate.things import CONTROLLERS as THINGS
from monokoto.operate.twins import CONTROLLERS as TWINS

SERVICES = (
    "organisations",
    "api_keys",
    "people",
    "sessions",
    "entrance",
    "invitations",
    "letters",
    "passkeys",
    "providers",
    "products",
    "fleet",
    "credentials",
    "presence",
    "telemetry",
    "twins",
    "commands",
    "rules",
    "watching",
    "trials",
    "alerts",
    "receivers",
    "notification_routes",
    "notifications",
    "notifier",
    "push_subscriptions",
    "groups",
    "scenes",
    "scene_runs",
    "schedules",
    "ledger",
    "issuers",
    "invoices",
    "giving_back",
    "payments",
    "mandates",
    "payment_files",
    "bank_statements",
    "payment_providers",
    "payment_hearing",
    "statements",
    "partnerships",
    "reminding",
    "billing",
    "billing_runs",
    "papers",
    "evidence",
    "simulator",
    "reports",
    "product_sales",
    "things",
    "event_feed",
    "directory_events",
    "polls",
    "access_tokens",
    "metering",
    "usage_intake",
    "usage_corrections",
    "plans",
    "customers",
    "subscriptions",
    "usage_by_customer",
    "portal",
    "entitlements",
    "entitlement_tokens",
    "dead_letters",
    "downlink",
    "directory",
    "gate",
    "unit_sets",
    "ownerships",
    "accesses",
    "ingest",
    "facts",
    "clock",
    "audit",
    "jobs",
    "views",
    "overview",
    "webhooks",
    "deliverer",
    "health",
    "metrics",
)
"""What handlers may name as a parameter; the platform has an attribute of each name."""
ALL: tuple[ControllerRouterHandler, ...] = (
    TenancyController,
    *PEOPLE,
    PasskeyController,
    ProviderController,
    ProductsController,
    UnitsController,
    import_units,
    CredentialsController,
    *OWNERSHIP,
    PresenceController,
    OverviewController,
    *ingest_routes(),
    DeadLetterController,
    AuditController,
    JobsController,
    ViewsController,
    WebhooksController,
    *TELEMETRY,
    *TWINS,
    *COMMANDS,
    *RULES,
    *ALERTS,
    *NOTIFICATIONS,
    *GROUPS,
    *SCENES,
    *SCHEDULES,
    *INVOICES,
    *PARTNERS,
    *PAYMENTS,
    *BILLING,
    *REPORTS,
    *THINGS,
    *METERING,
    *PLANS,
    *SUBSCRIPTIONS,
    *PORTAL,
    *ENTITLEMENTS,
    CONSOLE,
)
