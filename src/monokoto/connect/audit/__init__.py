"""The audit log: who did what when, from where, on what, and what came of it. Append-only and chained."""

from monokoto.connect.audit.entry import (
    SYSTEM,
    Actor,
    ActorKind,
    Draft,
    Entry,
    Head,
    Outcome,
    Subject,
    Verification,
)
from monokoto.connect.audit.routes import AuditController, EntryJson, entry_to_json
from monokoto.connect.audit.service import AuditLog
from monokoto.connect.audit.store import AuditFilter
from monokoto.connect.audit.writer import AuditWriter

__all__ = [
    "SYSTEM",
    "Actor",
    "ActorKind",
    "AuditController",
    "AuditFilter",
    "AuditLog",
    "AuditWriter",
    "Draft",
    "Entry",
    "EntryJson",
    "Head",
    "Outcome",
    "Subject",
    "Verification",
    "entry_to_json",
]
