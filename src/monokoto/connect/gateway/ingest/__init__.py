"""Readings by HTTP. Part of the gateway; its front door is the gateway's."""

from monokoto.connect.gateway.ingest.routes import ingest_routes
from monokoto.connect.gateway.ingest.service import Ingest

__all__ = ["Ingest", "ingest_routes"]
