"""Alerts: what rules found, from its beginning to its end, and what people did about it."""

from monokoto.operate.alerts.alert import Alert, AlertEvent, By, Flapping, Quiet, State, What
from monokoto.operate.alerts.facts import ALERT_CHANGED
from monokoto.operate.alerts.job_kinds import AcknowledgeAlerts
from monokoto.operate.alerts.listing import AlertCounts, AlertFilter, AlertGroup
from monokoto.operate.alerts.maintenance_routes import MaintenanceWindowsController
from monokoto.operate.alerts.routes import AlertsController, UnitAlertsController
from monokoto.operate.alerts.service import Alerts, RuleText, RuleTexts
from monokoto.operate.alerts.stood import OutageChange, Stood
from monokoto.operate.alerts.store import Mark, Standing, mark_of
from monokoto.operate.alerts.told import Told, evidence_from_json
from monokoto.operate.alerts.viewer import Viewer, viewer_of
from monokoto.operate.alerts.windows import Concerned, MaintenanceWindow, MaintenanceWindows

CONTROLLERS = (AlertsController, UnitAlertsController, MaintenanceWindowsController)
"""What `api` mounts."""

__all__ = [
    "ALERT_CHANGED",
    "CONTROLLERS",
    "AcknowledgeAlerts",
    "Alert",
    "AlertCounts",
    "AlertEvent",
    "AlertFilter",
    "AlertGroup",
    "Alerts",
    "By",
    "Concerned",
    "Flapping",
    "MaintenanceWindow",
    "MaintenanceWindows",
    "Mark",
    "OutageChange",
    "Quiet",
    "RuleText",
    "RuleTexts",
    "Standing",
    "State",
    "Stood",
    "Told",
    "Viewer",
    "What",
    "evidence_from_json",
    "mark_of",
    "viewer_of",
]
