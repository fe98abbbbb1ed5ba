"""The HTTP API: mounts the slices' routes, describes them (OpenAPI 3.1), says how the platform feels."""

from monokoto.api.app import Limits, create_app
from monokoto.api.health import Check, Health, Problem
from monokoto.api.metrics import Metrics, Sample
from monokoto.api.openapi import document_of

__all__ = ["Check", "Health", "Limits", "Metrics", "Problem", "Sample", "create_app", "document_of"]
