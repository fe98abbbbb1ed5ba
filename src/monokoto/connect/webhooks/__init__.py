"""Webhooks: what happens, posted to receivers, signed, tried again until it is taken."""

from monokoto.connect.webhooks.address import parse_url
from monokoto.connect.webhooks.deliverer import Deliverer
from monokoto.connect.webhooks.event import EVENT_TYPES, Event, Happening
from monokoto.connect.webhooks.feeder import Feeder, Heard, OnlineNow, Source
from monokoto.connect.webhooks.routes import WebhooksController
from monokoto.connect.webhooks.sender import HttpSender, Sender
from monokoto.connect.webhooks.service import WebhookChange, Webhooks
from monokoto.connect.webhooks.signing import headers_of, new_secret
from monokoto.connect.webhooks.webhook import Attempt, Delivery, DeliveryState, Webhook, WebhookState

__all__ = [
    "EVENT_TYPES",
    "Attempt",
    "Deliverer",
    "Delivery",
    "DeliveryState",
    "Event",
    "Feeder",
    "Happening",
    "Heard",
    "HttpSender",
    "OnlineNow",
    "Sender",
    "Source",
    "Webhook",
    "WebhookChange",
    "WebhookState",
    "Webhooks",
    "WebhooksController",
    "headers_of",
    "new_secret",
    "parse_url",
]
