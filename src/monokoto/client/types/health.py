# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""Types of `client.health`."""

from __future__ import annotations

from msgspec import Struct


class Health(Struct, frozen=True, kw_only=True):
    """How the platform feels: `ok`, or `failing` with what is wrong."""

    status: str
    problems: list[HealthProblem] = []
    damage: list[HealthProblem] = []
    """What is broken for good and does not stop it"""


class HealthProblem(Struct, frozen=True, kw_only=True):
    """One thing wrong."""

    part: str
    what: str
    remedy: str
