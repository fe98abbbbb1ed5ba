"""Connections: what happens between a unit's socket and the committer. Part of the gateway; its front door is the gateway's."""

from monokoto.connect.gateway.connections.host import Units
from monokoto.connect.gateway.connections.keeper import Keeper
from monokoto.connect.gateway.connections.listeners import Listeners
from monokoto.connect.gateway.connections.server import Gateway

__all__ = ["Gateway", "Keeper", "Listeners", "Units"]
