"""Facts of subscriptions."""

from __future__ import annotations

from monokoto.earn.subscriptions.subscription import Subscription
from monokoto.kernel.facts import Fact

SUBSCRIPTIONS_CHANGED = "subscriptions.changed"
"""Something of a subscription is another one now, or will be; data: subscription, customer (ids), product."""


def subscriptions_changed(subscription: Subscription) -> Fact:
    """The fact."""
    data = {
        "subscription": subscription.id,
        "customer": subscription.customer_id,
        "product": subscription.product,
    }
    return Fact(
        name=SUBSCRIPTIONS_CHANGED,
        organisation_id=subscription.organisation_id,
        at=subscription.updated_at,
        data=data,
    )
