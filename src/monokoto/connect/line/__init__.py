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
    Saving,
    Waiting,
)
from monokoto.connect.line.checks import Check
from monokoto.connect.line.dead_letters import DeadLetters
from monokoto.connect.line.decode import Decoder
from monokoto.connect.line.gathering import GatheringObserver, joined
from monokoto.connect.line.instants import instant_of
from monokoto.connect.line.line import POSITIONS, Line, LineState
from monokoto.connect.line.refusals import Refused
from monokoto.connect.line.routes import DeadLetterController

__all__ = [
    "POSITIONS",
    "Batch",
    "Block",
    "Check",
    "Column",
    "DeadLetter",
    "DeadLetterController",
    "DeadLetters",
    "Decoder",
    "EventRecord",
    "GatheringObserver",
    "Line",
    "LineState",
    "Observer",
    "PresenceRecord",
    "Refused",
    "RequestRecord",
    "Saving",
    "Waiting",
    "instant_of",
    "joined",
]
