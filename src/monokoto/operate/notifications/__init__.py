"""Notifications: people and systems told of alerts, each in their way and at their time, until somebody acknowledges."""

from monokoto.operate.notifications.channels import Channels, Sends
from monokoto.operate.notifications.deliverer import Deliverer
from monokoto.operate.notifications.hours import WeeklyHours, next_daily
from monokoto.operate.notifications.log_routes import NotificationsController
from monokoto.operate.notifications.news import (
    AlertNews,
    AlertState,
    AlertsToTell,
    Measured,
    NewsPage,
    ThresholdsToTell,
    What,
)
from monokoto.operate.notifications.notification import Notification, NotificationState, Outgoing
from monokoto.operate.notifications.pace import DigestPace, MessagePace
from monokoto.operate.notifications.planner import Planner
from monokoto.operate.notifications.push import Pusher, encrypt
from monokoto.operate.notifications.push_routes import PushSubscriptionsController
from monokoto.operate.notifications.receiver import Receiver, ReceiverKind, ReceiverState
from monokoto.operate.notifications.receiver_routes import ReceiversController
from monokoto.operate.notifications.receivers import Addressee, PeopleToTell, ReceiverChange, Receivers
from monokoto.operate.notifications.route import AlertMatch, EscalationStep, InGroup, Route
from monokoto.operate.notifications.routing import Preview, Routes
from monokoto.operate.notifications.routing_routes import NotificationRoutesController
from monokoto.operate.notifications.service import Notifications
from monokoto.operate.notifications.subscriptions import PushSubscription, PushSubscriptions
from monokoto.operate.notifications.texts import Reader, Text, write

CONTROLLERS = (
    ReceiversController,
    NotificationRoutesController,
    NotificationsController,
    PushSubscriptionsController,
)

__all__ = [
    "CONTROLLERS",
    "Addressee",
    "AlertMatch",
    "AlertNews",
    "AlertState",
    "AlertsToTell",
    "Channels",
    "Deliverer",
    "DigestPace",
    "EscalationStep",
    "InGroup",
    "Measured",
    "MessagePace",
    "NewsPage",
    "Notification",
    "NotificationState",
    "Notifications",
    "Outgoing",
    "PeopleToTell",
    "Planner",
    "Preview",
    "PushSubscription",
    "PushSubscriptions",
    "Pusher",
    "Reader",
    "Receiver",
    "ReceiverChange",
    "ReceiverKind",
    "ReceiverState",
    "Receivers",
    "Route",
    "Routes",
    "Sends",
    "Text",
    "ThresholdsToTell",
    "WeeklyHours",
    "What",
    "encrypt",
    "next_daily",
    "write",
]
