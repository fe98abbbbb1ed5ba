"""The line: from the log's entries to columns, and from columns to whoever makes something of them."""

from monokoto.connect.line.batch import (
    Batch,
    Block,
    Column,
    DeadLetter,
    EventRecord,
    Observer,
    PresenceRecord,
    RequestRecord,
)

__all__ = [
    "Batch",
    "Block",
    "Column",
    "DeadLetter",
    "EventRecord",
    "Observer",
    "PresenceRecord",
    "RequestRecord",
]
