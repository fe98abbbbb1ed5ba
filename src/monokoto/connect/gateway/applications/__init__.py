"""Applications: clients with an API key that watch and control units. Part of the gateway; its front door is the gateway's."""

from monokoto.connect.gateway.applications import live
from monokoto.connect.gateway.applications.service import ApplicationKeys, ApplicationService

__all__ = ["ApplicationKeys", "ApplicationService", "live"]
