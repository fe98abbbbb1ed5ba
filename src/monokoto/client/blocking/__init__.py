# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""The groups of `monokoto.client.Client`, a module each."""

from __future__ import annotations

from monokoto.client.blocking.actions import ActionsApi
from monokoto.client.blocking.alerts import AlertsApi
from monokoto.client.blocking.audit import AuditApi
from monokoto.client.blocking.bank_statements import BankStatementsApi
from monokoto.client.blocking.billing import BillingApi
from monokoto.client.blocking.credentials import CredentialsApi
from monokoto.client.blocking.customers import CustomersApi
from monokoto.client.blocking.dead_letters import DeadLettersApi
from monokoto.client.blocking.dunning import DunningApi
from monokoto.client.blocking.entitlements import EntitlementsApi
from monokoto.client.blocking.gifts import GiftsApi
from monokoto.client.blocking.groups import GroupsApi
from monokoto.client.blocking.health import HealthApi
from monokoto.client.blocking.history import HistoryApi
from monokoto.client.blocking.ingest import IngestApi
from monokoto.client.blocking.invoices import InvoicesApi
from monokoto.client.blocking.jobs import JobsApi
from monokoto.client.blocking.ledger import LedgerApi
from monokoto.client.blocking.notifications import NotificationsApi
from monokoto.client.blocking.organisation import OrganisationApi
from monokoto.client.blocking.overview import OverviewApi
from monokoto.client.blocking.ownership import OwnershipApi
from monokoto.client.blocking.payments import PaymentsApi
from monokoto.client.blocking.people import PeopleApi
from monokoto.client.blocking.plans import PlansApi
from monokoto.client.blocking.portal import PortalApi
from monokoto.client.blocking.presence import PresenceApi
from monokoto.client.blocking.products import ProductsApi
from monokoto.client.blocking.reports import ReportsApi
from monokoto.client.blocking.rules import RulesApi
from monokoto.client.blocking.scenes import ScenesApi
from monokoto.client.blocking.schedules import SchedulesApi
from monokoto.client.blocking.sessions import SessionsApi
from monokoto.client.blocking.subscriptions import SubscriptionsApi
from monokoto.client.blocking.things import ThingsApi
from monokoto.client.blocking.twins import TwinsApi
from monokoto.client.blocking.units import UnitsApi
from monokoto.client.blocking.usage import UsageApi
from monokoto.client.blocking.views import ViewsApi
from monokoto.client.blocking.webhooks import WebhooksApi
from monokoto.client.wire import Api


class Groups:
    """The whole API, by what it is about."""

    def __init__(self, api: Api) -> None:
        self.actions = ActionsApi(api)
        self.alerts = AlertsApi(api)
        self.audit = AuditApi(api)
        self.bank_statements = BankStatementsApi(api)
        self.billing = BillingApi(api)
        self.credentials = CredentialsApi(api)
        self.customers = CustomersApi(api)
        self.dead_letters = DeadLettersApi(api)
        self.dunning = DunningApi(api)
        self.entitlements = EntitlementsApi(api)
        self.gifts = GiftsApi(api)
        self.groups = GroupsApi(api)
        self.health = HealthApi(api)
        self.history = HistoryApi(api)
        self.ingest = IngestApi(api)
        self.invoices = InvoicesApi(api)
        self.jobs = JobsApi(api)
        self.ledger = LedgerApi(api)
        self.notifications = NotificationsApi(api)
        self.organisation = OrganisationApi(api)
        self.overview = OverviewApi(api)
        self.ownership = OwnershipApi(api)
        self.payments = PaymentsApi(api)
        self.people = PeopleApi(api)
        self.plans = PlansApi(api)
        self.portal = PortalApi(api)
        self.presence = PresenceApi(api)
        self.products = ProductsApi(api)
        self.reports = ReportsApi(api)
        self.rules = RulesApi(api)
        self.scenes = ScenesApi(api)
        self.schedules = SchedulesApi(api)
        self.sessions = SessionsApi(api)
        self.subscriptions = SubscriptionsApi(api)
        self.things = ThingsApi(api)
        self.twins = TwinsApi(api)
        self.units = UnitsApi(api)
        self.usage = UsageApi(api)
        self.views = ViewsApi(api)
        self.webhooks = WebhooksApi(api)
