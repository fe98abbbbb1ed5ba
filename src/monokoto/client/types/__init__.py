# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""All types of the API."""

from __future__ import annotations

# fmt: off
# isort: off
from monokoto.client.types.actions import (
    Command, CommandAsk, CommandOutcome, CommandOutcomes, CommandPage, CommandStatus, Problem, ProblemFault, Wanted,
)
from monokoto.client.types.alerts import (
    Alert, AlertBy, AlertCounts, AlertDetail, AlertEvent, AlertGroup, AlertGroupPage, AlertPage, AlertsWhat, Concerned,
    Evidence, MaintenanceWindow, MaintenanceWindowPage, Quiet, State,
)
from monokoto.client.types.audit import (
    Actor, ActorKind, Entry, EntryPage, ExportFormat, Outcome, Subject,
)
from monokoto.client.types.bank_statements import (
    BankEntry, BankEntryPage, BankStatement, BankStatementPage, EntryState, TakenStatement,
)
from monokoto.client.types.billing import (
    BillingFailure, BillingRun, EvidenceRow, EvidenceRowPage, NextInvoice, PlanSimulation, SimulatedCustomer,
)
from monokoto.client.types.credentials import (
    CredentialPage, NewCredential,
)
from monokoto.client.types.customers import (
    Customer, CustomerPage, PostalAddress,
)
from monokoto.client.types.dead_letters import (
    DeadLetter, DeadLetterCount, DeadLetterPage,
)
from monokoto.client.types.dunning import (
    Act, DunningPause, DunningPolicy, DunningStep, DunningSteps, NoticeText, Owing, OwingPage, PaymentsStep,
)
from monokoto.client.types.entitlements import (
    Entitlement, EntitlementPage, EntitlementToken, ReachedThreshold, ReachedThresholdPage, SigningKeys, Suspension,
    SuspensionPage, Verdict,
)
from monokoto.client.types.gifts import (
    GiftPlan, GiftPlanPage, GiftState, NewGift, OpenedGift,
)
from monokoto.client.types.groups import (
    Group, GroupFilter, GroupMember, GroupMemberPage, GroupPage, GroupPlace,
)
from monokoto.client.types.health import (
    Health, HealthProblem,
)
from monokoto.client.types.history import (
    ChartMethod, Event, EventPage, History, ImportFault, Imported, Series,
)
from monokoto.client.types.invoices import (
    Address, AllNumberSeries, BuyerKind, Category, CreditNote, Document, DocumentKind, Invoice, InvoiceDetails,
    InvoiceLineRequest, InvoicePage, InvoiceState, Issuer, Lacking, NumberSeries, Tax, TaxRule, TaxRules, Totals,
)
from monokoto.client.types.jobs import (
    ItemState, Job, JobItem, JobItemPage, JobKind, JobPage, JobState, Looked, Preview, Selection,
)
from monokoto.client.types.ledger import (
    Balance, BooksAudit, Finding, LedgerEntry, LedgerEntryPage, MyPartnership, MyPartnershipPage, Partner,
    PartnerOrganisation, PartnerOrganisations, PartnerOwed, Partners, Posting, Statement, StatementLine, StatementRow,
    TrialBalance,
)
from monokoto.client.types.notifications import (
    AlertMatch, DigestPace, EscalationStep, MessageAttempt, MessagePace, NewReceiver, Notification, NotificationPage,
    NotificationRoute, NotificationRoutePage, NotificationState, NotificationsWhat, PushKey, PushKeys, PushSubscription,
    PushSubscriptionPage, Receiver, ReceiverKind, ReceiverPage, ReceiverState, RoutePreview, RoutePreviewPage,
    WeeklyHours,
)
from monokoto.client.types.organisation import (
    ApiKey, ApiKeyPage, NewApiKey, OrganisationPage,
)
from monokoto.client.types.overview import (
    Cluster, FleetMap, FleetSummary, Pace, ProductCount,
)
from monokoto.client.types.ownership import (
    Access, AccessPage, ClaimCode, Claimed, Ending, Ownership, OwnershipPage, Party, Transfer, TransferPage,
)
from monokoto.client.types.payments import (
    BankAnswer, Credit, Credits, Direction, Mandate, Payment, PaymentEvent, PaymentFile, PaymentFilePage, PaymentPage,
    PaymentProvider, PaymentState, Purpose, RefusedAnswer,
)
from monokoto.client.types.people import (
    Invitation, InvitationPage, Joined, Member, MemberPage, Offer, Role,
)
from monokoto.client.types.plans import (
    PlanPreview, PlanPreviewLine, PlanPreviewPart, PublishedPlan, PublishedPlanPage, QuantityRequest,
)
from monokoto.client.types.portal import (
    MyAccount, MyAccountPage, MyBalance, MyShare, MySharePage, MySubscriptionPage, PlanOffer, PlanOfferPage,
)
from monokoto.client.types.presence import (
    FleetPresence, UnitConnection, UnitPresence,
)
from monokoto.client.types.products import (
    Applied, Change, ChangePage, Checked, Note, Plan, Product, ProductPage, Version, VersionContent, VersionPage,
)
from monokoto.client.types.reports import (
    By, Cohort, CohortCell, CohortReport, DeferredMonth, DeferredReport, DeferredToCome, Lifetime, Movement,
    NewProductSale, ProductSale, ProductSalePage, RecurringMonth, RecurringReport, Report, ReportedCustomer,
    ReportedCustomerPage, ReportedSubscription, RevenueDocument, RevenueDocumentPage, RevenueGroup, RevenueKind,
    RevenueMonth, RevenueReport, SaleResult, ToldProductSales,
)
from monokoto.client.types.rules import (
    AddedRule, AddedRulePage, Raised, Rule, RulePage, RuleVersion, RuleVersionPage, UnitRule, UnitRulePage, Unwatched,
    Watched,
)
from monokoto.client.types.scenes import (
    Notice, Run, RunItem, RunItemPage, RunItemState, RunPage, RunPreview, RunState, SavedScene, Scene, ScenePage,
)
from monokoto.client.types.schedules import (
    Coming, Day, Next, SceneSpec, Schedule, SchedulePage, Sun, SunEvent, When,
)
from monokoto.client.types.sessions import (
    Arrived, Assertion, Attestation, Left, Linked, NewPasskeyCredential, Options, Passkey, PasskeyCredential,
    PasskeyPage, Provider, ProviderAccount, ProviderAccountPage, ProviderPage, RelyingParty, SessionPage,
)
from monokoto.client.types.shared import (
    Billing, BillingAddress, Credential, InvoiceLine, LineKind, Membership, MyPhase, MyPlan, MySubscription,
    OfferedCharge, OfferedFeature, OfferedQuota, Offline, Order, Organisation, OrganisationKind, Period, Person,
    PlanCharge, ScenesStep, Scope, Session, Severity, SignedIn, Span, StepUnits, StopOnFailure, SubscribedUnit,
    SubscribedUnitPage, SubscriptionsStatus, UsageRow,
)
from monokoto.client.types.subscriptions import (
    CouponRequest, Gift, GivenCoupon, LeftSubscription, MovedSubscriptions, MyBilling, MyBillingPage, Pause, Phase,
    Subscription, SubscriptionEvent, SubscriptionEventPage, SubscriptionPage,
)
from monokoto.client.types.things import (
    AccessToken, Format,
)
from monokoto.client.types.twins import (
    Desired, DesiredRevision, DesiredRevisionPage, LatestColumn, LatestColumns, LatestProduct, LatestRow, LatestRows,
    LatestValue, Rebuild, Reported, ReportedValue, Twin,
)
from monokoto.client.types.units import (
    ImportMode, Location, LocationPatch, Registered, Side, Tree, Unit, UnitPage, UnitStatus, Upgraded,
)
from monokoto.client.types.usage import (
    CorrectionRequest, CustomerUsage, Meter, MeterPage, Usage, UsageBucket, UsageByCustomer, UsageCorrection,
    UsageCorrectionPage, UsageCorrections, UsageEventResult, UsageEvents, UsageRowPage,
)
from monokoto.client.types.views import (
    Listed, View, ViewPage,
)
from monokoto.client.types.webhooks import (
    Attempt, Delivery, DeliveryDetail, DeliveryPage, DeliveryState, EventType, NewWebhook, Replayed, Webhook,
    WebhookPage, WebhookState,
)

__all__ = [
    "Access", "AccessPage", "AccessToken", "Act", "Actor", "ActorKind", "AddedRule", "AddedRulePage", "Address",
    "Alert", "AlertBy", "AlertCounts", "AlertDetail", "AlertEvent", "AlertGroup", "AlertGroupPage", "AlertMatch",
    "AlertPage", "AlertsWhat", "AllNumberSeries", "ApiKey", "ApiKeyPage", "Applied", "Arrived", "Assertion", "Attempt",
    "Attestation", "Balance", "BankAnswer", "BankEntry", "BankEntryPage", "BankStatement", "BankStatementPage",
    "Billing", "BillingAddress", "BillingFailure", "BillingRun", "BooksAudit", "BuyerKind", "By", "Category", "Change",
    "ChangePage", "ChartMethod", "Checked", "ClaimCode", "Claimed", "Cluster", "Cohort", "CohortCell", "CohortReport",
    "Coming", "Command", "CommandAsk", "CommandOutcome", "CommandOutcomes", "CommandPage", "CommandStatus", "Concerned",
    "CorrectionRequest", "CouponRequest", "Credential", "CredentialPage", "Credit", "CreditNote", "Credits", "Customer",
    "CustomerPage", "CustomerUsage", "Day", "DeadLetter", "DeadLetterCount", "DeadLetterPage", "DeferredMonth",
    "DeferredReport", "DeferredToCome", "Delivery", "DeliveryDetail", "DeliveryPage", "DeliveryState", "Desired",
    "DesiredRevision", "DesiredRevisionPage", "DigestPace", "Direction", "Document", "DocumentKind", "DunningPause",
    "DunningPolicy", "DunningStep", "DunningSteps", "Ending", "Entitlement", "EntitlementPage", "EntitlementToken",
    "Entry", "EntryPage", "EntryState", "EscalationStep", "Event", "EventPage", "EventType", "Evidence", "EvidenceRow",
    "EvidenceRowPage", "ExportFormat", "Finding", "FleetMap", "FleetPresence", "FleetSummary", "Format", "Gift",
    "GiftPlan", "GiftPlanPage", "GiftState", "GivenCoupon", "Group", "GroupFilter", "GroupMember", "GroupMemberPage",
    "GroupPage", "GroupPlace", "Health", "HealthProblem", "History", "ImportFault", "ImportMode", "Imported",
    "Invitation", "InvitationPage", "Invoice", "InvoiceDetails", "InvoiceLine", "InvoiceLineRequest", "InvoicePage",
    "InvoiceState", "Issuer", "ItemState", "Job", "JobItem", "JobItemPage", "JobKind", "JobPage", "JobState", "Joined",
    "Lacking", "LatestColumn", "LatestColumns", "LatestProduct", "LatestRow", "LatestRows", "LatestValue",
    "LedgerEntry", "LedgerEntryPage", "Left", "LeftSubscription", "Lifetime", "LineKind", "Linked", "Listed",
    "Location", "LocationPatch", "Looked", "MaintenanceWindow", "MaintenanceWindowPage", "Mandate", "Member",
    "MemberPage", "Membership", "MessageAttempt", "MessagePace", "Meter", "MeterPage", "MovedSubscriptions", "Movement",
    "MyAccount", "MyAccountPage", "MyBalance", "MyBilling", "MyBillingPage", "MyPartnership", "MyPartnershipPage",
    "MyPhase", "MyPlan", "MyShare", "MySharePage", "MySubscription", "MySubscriptionPage", "NewApiKey", "NewCredential",
    "NewGift", "NewPasskeyCredential", "NewProductSale", "NewReceiver", "NewWebhook", "Next", "NextInvoice", "Note",
    "Notice", "NoticeText", "Notification", "NotificationPage", "NotificationRoute", "NotificationRoutePage",
    "NotificationState", "NotificationsWhat", "NumberSeries", "Offer", "OfferedCharge", "OfferedFeature",
    "OfferedQuota", "Offline", "OpenedGift", "Options", "Order", "Organisation", "OrganisationKind", "OrganisationPage",
    "Outcome", "Owing", "OwingPage", "Ownership", "OwnershipPage", "Pace", "Partner", "PartnerOrganisation",
    "PartnerOrganisations", "PartnerOwed", "Partners", "Party", "Passkey", "PasskeyCredential", "PasskeyPage", "Pause",
    "Payment", "PaymentEvent", "PaymentFile", "PaymentFilePage", "PaymentPage", "PaymentProvider", "PaymentState",
    "PaymentsStep", "Period", "Person", "Phase", "Plan", "PlanCharge", "PlanOffer", "PlanOfferPage", "PlanPreview",
    "PlanPreviewLine", "PlanPreviewPart", "PlanSimulation", "PostalAddress", "Posting", "Preview", "Problem",
    "ProblemFault", "Product", "ProductCount", "ProductPage", "ProductSale", "ProductSalePage", "Provider",
    "ProviderAccount", "ProviderAccountPage", "ProviderPage", "PublishedPlan", "PublishedPlanPage", "Purpose",
    "PushKey", "PushKeys", "PushSubscription", "PushSubscriptionPage", "QuantityRequest", "Quiet", "Raised",
    "ReachedThreshold", "ReachedThresholdPage", "Rebuild", "Receiver", "ReceiverKind", "ReceiverPage", "ReceiverState",
    "RecurringMonth", "RecurringReport", "RefusedAnswer", "Registered", "RelyingParty", "Replayed", "Report",
    "Reported", "ReportedCustomer", "ReportedCustomerPage", "ReportedSubscription", "ReportedValue", "RevenueDocument",
    "RevenueDocumentPage", "RevenueGroup", "RevenueKind", "RevenueMonth", "RevenueReport", "Role", "RoutePreview",
    "RoutePreviewPage", "Rule", "RulePage", "RuleVersion", "RuleVersionPage", "Run", "RunItem", "RunItemPage",
    "RunItemState", "RunPage", "RunPreview", "RunState", "SaleResult", "SavedScene", "Scene", "ScenePage", "SceneSpec",
    "ScenesStep", "Schedule", "SchedulePage", "Scope", "Selection", "Series", "Session", "SessionPage", "Severity",
    "Side", "SignedIn", "SigningKeys", "SimulatedCustomer", "Span", "State", "Statement", "StatementLine",
    "StatementRow", "StepUnits", "StopOnFailure", "Subject", "SubscribedUnit", "SubscribedUnitPage", "Subscription",
    "SubscriptionEvent", "SubscriptionEventPage", "SubscriptionPage", "SubscriptionsStatus", "Sun", "SunEvent",
    "Suspension", "SuspensionPage", "TakenStatement", "Tax", "TaxRule", "TaxRules", "ToldProductSales", "Totals",
    "Transfer", "TransferPage", "Tree", "TrialBalance", "Twin", "Unit", "UnitConnection", "UnitPage", "UnitPresence",
    "UnitRule", "UnitRulePage", "UnitStatus", "Unwatched", "Upgraded", "Usage", "UsageBucket", "UsageByCustomer",
    "UsageCorrection", "UsageCorrectionPage", "UsageCorrections", "UsageEventResult", "UsageEvents", "UsageRow",
    "UsageRowPage", "Verdict", "Version", "VersionContent", "VersionPage", "View", "ViewPage", "Wanted", "Watched",
    "Webhook", "WebhookPage", "WebhookState", "WeeklyHours", "When",
]
# fmt: on
