# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""The groups of `monokoto.client.AsyncClient`."""

from __future__ import annotations

from monokoto.client.awaiting.actions import AsyncActionsApi
from monokoto.client.awaiting.alerts import AsyncAlertsApi
from monokoto.client.awaiting.audit import AsyncAuditApi
from monokoto.client.awaiting.bank_statements import AsyncBankStatementsApi
from monokoto.client.awaiting.billing import AsyncBillingApi
from monokoto.client.awaiting.credentials import AsyncCredentialsApi
from monokoto.client.awaiting.customers import AsyncCustomersApi
from monokoto.client.awaiting.dead_letters import AsyncDeadLettersApi
from monokoto.client.awaiting.dunning import AsyncDunningApi
from monokoto.client.awaiting.entitlements import AsyncEntitlementsApi
from monokoto.client.awaiting.gifts import AsyncGiftsApi
from monokoto.client.awaiting.groups import AsyncGroupsApi
from monokoto.client.awaiting.health import AsyncHealthApi
from monokoto.client.awaiting.history import AsyncHistoryApi
from monokoto.client.awaiting.ingest import AsyncIngestApi
from monokoto.client.awaiting.invoices import AsyncInvoicesApi
from monokoto.client.awaiting.jobs import AsyncJobsApi
from monokoto.client.awaiting.ledger import AsyncLedgerApi
from monokoto.client.awaiting.notifications import AsyncNotificationsApi
from monokoto.client.awaiting.organisation import AsyncOrganisationApi
from monokoto.client.awaiting.overview import AsyncOverviewApi
from monokoto.client.awaiting.ownership import AsyncOwnershipApi
from monokoto.client.awaiting.payments import AsyncPaymentsApi
from monokoto.client.awaiting.people import AsyncPeopleApi
from monokoto.client.awaiting.plans import AsyncPlansApi
from monokoto.client.awaiting.portal import AsyncPortalApi
from monokoto.client.awaiting.presence import AsyncPresenceApi
from monokoto.client.awaiting.products import AsyncProductsApi
from monokoto.client.awaiting.reports import AsyncReportsApi
from monokoto.client.awaiting.rules import AsyncRulesApi
from monokoto.client.awaiting.scenes import AsyncScenesApi
from monokoto.client.awaiting.schedules import AsyncSchedulesApi
from monokoto.client.awaiting.sessions import AsyncSessionsApi
from monokoto.client.awaiting.subscriptions import AsyncSubscriptionsApi
from monokoto.client.awaiting.things import AsyncThingsApi
from monokoto.client.awaiting.twins import AsyncTwinsApi
from monokoto.client.awaiting.units import AsyncUnitsApi
from monokoto.client.awaiting.usage import AsyncUsageApi
from monokoto.client.awaiting.views import AsyncViewsApi
from monokoto.client.awaiting.webhooks import AsyncWebhooksApi
from monokoto.client.wire import AsyncApi


class AsyncGroups:
    """The whole API, by what it is about."""

    def __init__(self, api: AsyncApi) -> None:
        self.actions = AsyncActionsApi(api)
        self.alerts = AsyncAlertsApi(api)
        self.audit = AsyncAuditApi(api)
        self.bank_statements = AsyncBankStatementsApi(api)
        self.billing = AsyncBillingApi(api)
        self.credentials = AsyncCredentialsApi(api)
        self.customers = AsyncCustomersApi(api)
        self.dead_letters = AsyncDeadLettersApi(api)
        self.dunning = AsyncDunningApi(api)
        self.entitlements = AsyncEntitlementsApi(api)
        self.gifts = AsyncGiftsApi(api)
        self.groups = AsyncGroupsApi(api)
        self.health = AsyncHealthApi(api)
        self.history = AsyncHistoryApi(api)
        self.ingest = AsyncIngestApi(api)
        self.invoices = AsyncInvoicesApi(api)
        self.jobs = AsyncJobsApi(api)
        self.ledger = AsyncLedgerApi(api)
        self.notifications = AsyncNotificationsApi(api)
        self.organisation = AsyncOrganisationApi(api)
        self.overview = AsyncOverviewApi(api)
        self.ownership = AsyncOwnershipApi(api)
        self.payments = AsyncPaymentsApi(api)
        self.people = AsyncPeopleApi(api)
        self.plans = AsyncPlansApi(api)
        self.portal = AsyncPortalApi(api)
        self.presence = AsyncPresenceApi(api)
        self.products = AsyncProductsApi(api)
        self.reports = AsyncReportsApi(api)
        self.rules = AsyncRulesApi(api)
        self.scenes = AsyncScenesApi(api)
        self.schedules = AsyncSchedulesApi(api)
        self.sessions = AsyncSessionsApi(api)
        self.subscriptions = AsyncSubscriptionsApi(api)
        self.things = AsyncThingsApi(api)
        self.twins = AsyncTwinsApi(api)
        self.units = AsyncUnitsApi(api)
        self.usage = AsyncUsageApi(api)
        self.views = AsyncViewsApi(api)
        self.webhooks = AsyncWebhooksApi(api)
