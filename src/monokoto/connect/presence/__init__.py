"""Presence: which units are connected, since when, and when each was last heard of."""

from monokoto.connect.presence.presence import FleetPresence, Session, UnitPresence
from monokoto.connect.presence.routes import PresenceController
from monokoto.connect.presence.service import Presence

__all__ = ["FleetPresence", "Presence", "PresenceController", "Session", "UnitPresence"]
