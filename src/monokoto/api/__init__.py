"""The HTTP API: mounts the slices' routes, describes them (OpenAPI 3.1), says how the platform feels."""

from monokoto.api.app import create_app
from monokoto.api.health import Health, Problem
from monokoto.api.metrics import Metrics

__all__ = ["Health", "Metrics", "Problem", "create_app"]
