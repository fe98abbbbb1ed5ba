"""The console: the web pages, which do everything through the public API. See README.md."""

from monokoto.console.api import Api, Part, Problem, Refused
from monokoto.console.assets import asset
from monokoto.console.routes.account import AccountController
from monokoto.console.routes.alerts import AlertPagesController
from monokoto.console.routes.audit import AuditController
from monokoto.console.routes.bank import BankPagesController
from monokoto.console.routes.books import BookPagesController
from monokoto.console.routes.claim import ClaimController
from monokoto.console.routes.commands import CommandsPagesController
from monokoto.console.routes.customer_entitlements import CustomerEntitlementsController
from monokoto.console.routes.customers import CustomerPagesController
from monokoto.console.routes.dunning import DunningPagesController
from monokoto.console.routes.entrance import EntranceController
from monokoto.console.routes.explorer import ExplorerController
from monokoto.console.routes.features import FeaturePagesController
from monokoto.console.routes.groups import GroupPagesController
from monokoto.console.routes.invoices import InvoicePagesController
from monokoto.console.routes.jobs import JobsController
from monokoto.console.routes.keys import KeysController
from monokoto.console.routes.maintenance import MaintenancePagesController
from monokoto.console.routes.my_billing import MyBillingPagesController
from monokoto.console.routes.my_gifts import GiftPagesController
from monokoto.console.routes.my_invoices import MyInvoicePagesController
from monokoto.console.routes.my_offers import OfferPagesController
from monokoto.console.routes.my_partnerships import MyPartnershipPagesController
from monokoto.console.routes.notifications import NotificationPagesController, push_worker
from monokoto.console.routes.organisations import OrganisationsController
from monokoto.console.routes.overview import overview
from monokoto.console.routes.partners import PartnerPagesController
from monokoto.console.routes.payment_files import PaymentFilePagesController
from monokoto.console.routes.payments import PaymentPagesController
from monokoto.console.routes.people import PeopleController
from monokoto.console.routes.plan_trial import PlanTrialController
from monokoto.console.routes.plans import PlanPagesController
from monokoto.console.routes.portal import PortalPagesController
from monokoto.console.routes.preferences import PreferencesController, not_there
from monokoto.console.routes.product_apply import ProductApplyController
from monokoto.console.routes.product_sales import ProductSalesPagesController
from monokoto.console.routes.products import ProductPagesController
from monokoto.console.routes.receivers import ReceiverPagesController
from monokoto.console.routes.revenue import RevenuePagesController
from monokoto.console.routes.rule_trial import RuleTrialController
from monokoto.console.routes.rules import RulePagesController
from monokoto.console.routes.scene_runs import SceneRunPagesController
from monokoto.console.routes.scenes import ScenePagesController
from monokoto.console.routes.schedules import SchedulePagesController
from monokoto.console.routes.seller import SellerPagesController
from monokoto.console.routes.subscriptions import SubscriptionPagesController
from monokoto.console.routes.unit_alerts import UnitAlertPagesController
from monokoto.console.routes.unit_commands import UnitCommandsController
from monokoto.console.routes.unit_control import UnitControlController
from monokoto.console.routes.unit_entitlements import UnitEntitlementPagesController
from monokoto.console.routes.unit_ownership import UnitOwnershipController
from monokoto.console.routes.unit_register import UnitRegisterController
from monokoto.console.routes.units_bulk import UnitsBulkController
from monokoto.console.routes.units_detail import UnitPagesController
from monokoto.console.routes.units_import import UnitsImportController
from monokoto.console.routes.units_list import UnitsController
from monokoto.console.routes.usage import UsagePagesController
from monokoto.console.routes.ways_in import WaysInController
from monokoto.console.routes.webhooks import WebhooksController
from monokoto.console.shell import router
from monokoto.console.visit import Visit, Who

CONTROLLERS = (
    EntranceController,
    AlertPagesController,
    RuleTrialController,
    RulePagesController,
    PlanTrialController,
    PlanPagesController,
    UsagePagesController,
    InvoicePagesController,
    RevenuePagesController,
    ProductSalesPagesController,
    CustomerEntitlementsController,
    CustomerPagesController,
    FeaturePagesController,
    SubscriptionPagesController,
    BankPagesController,
    BookPagesController,
    DunningPagesController,
    GiftPagesController,
    PaymentFilePagesController,
    PaymentPagesController,
    SellerPagesController,
    OfferPagesController,
    MyInvoicePagesController,
    MyBillingPagesController,
    MyPartnershipPagesController,
    PartnerPagesController,
    PortalPagesController,
    MaintenancePagesController,
    ReceiverPagesController,
    NotificationPagesController,
    PreferencesController,
    AccountController,
    WaysInController,
    PeopleController,
    ClaimController,
    JobsController,
    WebhooksController,
    OrganisationsController,
    KeysController,
    AuditController,
    ExplorerController,
    ProductPagesController,
    ProductApplyController,
    UnitRegisterController,
    UnitsController,
    UnitsBulkController,
    UnitsImportController,
    UnitAlertPagesController,
    UnitControlController,
    UnitCommandsController,
    CommandsPagesController,
    GroupPagesController,
    ScenePagesController,
    SceneRunPagesController,
    SchedulePagesController,
    UnitEntitlementPagesController,
    UnitOwnershipController,
    UnitPagesController,
)
"""The pages; each file in `routes/` has its controller here."""
CONSOLE = router([asset, overview, push_worker, not_there, *CONTROLLERS])
"""What assembly mounts."""

__all__ = ["CONSOLE", "CONTROLLERS", "Api", "Part", "Problem", "Refused", "Visit", "Who"]
