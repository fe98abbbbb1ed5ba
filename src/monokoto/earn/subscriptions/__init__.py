"""Customers and subscriptions: who subscribed to what, for which units, since when and by which version of a plan."""

from monokoto.earn.subscriptions.customer import Address, Customer
from monokoto.earn.subscriptions.customer_routes import CustomersController
from monokoto.earn.subscriptions.customers import Customers, NewCustomer
from monokoto.earn.subscriptions.documents import SubscribedUnitJson, span_to_json
from monokoto.earn.subscriptions.facts import SUBSCRIPTIONS_CHANGED, subscriptions_changed
from monokoto.earn.subscriptions.moving import Left, Moved, move_all
from monokoto.earn.subscriptions.numbers import iban_of, is_country, vat_id_of
from monokoto.earn.subscriptions.portal_routes import (
    MySubscriptionJson,
    MySubscriptionsController,
    my_subscription_to_json,
)
from monokoto.earn.subscriptions.ports import Buyers, Owners
from monokoto.earn.subscriptions.routes import SubscriptionsController
from monokoto.earn.subscriptions.service import Subscriptions
from monokoto.earn.subscriptions.starting import NewCoupon, NewSubscription
from monokoto.earn.subscriptions.store import SubscriptionEvent, Wanted
from monokoto.earn.subscriptions.subscription import (
    Coverage,
    Gift,
    GivenCoupon,
    NamedUnit,
    Pause,
    Period,
    Phase,
    Segment,
    Status,
    Subscription,
)
from monokoto.earn.subscriptions.usage import CustomerUsage, UsageByCustomer
from monokoto.earn.subscriptions.usage_routes import CustomerUsageController

CONTROLLERS = (CustomersController, SubscriptionsController, CustomerUsageController)
"""What `api` mounts; `MySubscriptionsController` comes with what the portal adds to it."""

__all__ = [
    "CONTROLLERS",
    "SUBSCRIPTIONS_CHANGED",
    "Address",
    "Buyers",
    "Coverage",
    "Customer",
    "CustomerUsage",
    "Customers",
    "Gift",
    "GivenCoupon",
    "Left",
    "Moved",
    "MySubscriptionJson",
    "MySubscriptionsController",
    "NamedUnit",
    "NewCoupon",
    "NewCustomer",
    "NewSubscription",
    "Owners",
    "Pause",
    "Period",
    "Phase",
    "Segment",
    "Status",
    "SubscribedUnitJson",
    "Subscription",
    "SubscriptionEvent",
    "Subscriptions",
    "UsageByCustomer",
    "Wanted",
    "iban_of",
    "is_country",
    "move_all",
    "my_subscription_to_json",
    "span_to_json",
    "subscriptions_changed",
    "vat_id_of",
]
