# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""Types of `client.audit`."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from msgspec import Struct


class Actor(Struct, frozen=True, kw_only=True):
    """Who acted, named as at the time."""

    kind: ActorKind
    id: str | None
    name: str


class ActorKind(StrEnum):
    """What acted."""

    PERSON = "person"
    KEY = "key"
    UNIT = "unit"
    SYSTEM = "system"


class Entry(Struct, frozen=True, kw_only=True):
    """Who did what."""

    id: str
    at: str
    actor: Actor | None
    """null: somebody of the organisation that has the unit now"""
    action: str
    """The operation id of a request, `slice.verb` of anything else"""
    subject: Subject | None
    outcome: Outcome
    status: int | None
    """HTTP status; null when it was no request"""
    address: str
    agent: str
    detail: dict[str, Any]
    """Names of fields and parameters, never values"""
    number: int | None
    """Place in the organisation's chain; null: in another's"""
    digest: str | None
    """SHA-256 of this entry and the one before it, hex"""


class EntryPage(Struct, frozen=True, kw_only=True):
    """Some items and the way to the next ones."""

    items: list[Entry]
    next_cursor: str | None = None
    """Pass as `cursor` for the next page; null on the last"""


class ExportFormat(StrEnum):
    """How a file is written."""

    NDJSON = "ndjson"
    CSV = "csv"


class Outcome(StrEnum):
    """What came of it."""

    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"


class Subject(Struct, frozen=True, kw_only=True):
    """On what."""

    kind: str
    id: str
