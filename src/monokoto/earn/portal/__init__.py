"""The owner's portal: what is offered, what is bought. See README.md."""

from monokoto.earn.portal.gift import Gift, GiftState
from monokoto.earn.portal.gifts import Gifts
from monokoto.earn.portal.offers import Offered, Offers
from monokoto.earn.portal.own import Balance, Standing
from monokoto.earn.portal.portal import Portal
from monokoto.earn.portal.purchases import Choice, Purchases
from monokoto.earn.portal.routes import CONTROLLERS
from monokoto.earn.portal.wording import Wording

__all__ = [
    "CONTROLLERS",
    "Balance",
    "Choice",
    "Gift",
    "GiftState",
    "Gifts",
    "Offered",
    "Offers",
    "Portal",
    "Purchases",
    "Standing",
    "Wording",
]
