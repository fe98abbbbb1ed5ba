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
from monokoto.connect.line.dead_letters import DeadLetters
from monokoto.connect.line.decode import Decoder
from monokoto.connect.line.line import Line, LineState, stream_spec
from monokoto.connect.line.routes import DeadLetterController

__all__ = [
    "Batch",
    "Block",
    "Column",
    "DeadLetter",
    "DeadLetterController",
    "DeadLetters",
    "Decoder",
    "EventRecord",
    "Line",
    "LineState",
    "Observer",
    "PresenceRecord",
    "RequestRecord",
    "stream_spec",
]
