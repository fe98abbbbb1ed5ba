"""Recorded tables sent as if units lived them: ordinary MQTT clients, one for each unit, with no private door.

docs/replay.md is the manual of `koto replay`.
"""

from monokoto.device.replay.checksum import reading_hash
from monokoto.device.replay.mapping import MISSING, ColumnMapping, CycleTime, Recorded, TimeColumn, parse_columns
from monokoto.device.replay.pace import MAX_SPEED, Speed, parse_speed
from monokoto.device.replay.replay import Replay, ReplayReport, replay
from monokoto.device.replay.state import ReplayState
from monokoto.device.replay.table import Row, WrongRow, count_rows, read_table

__all__ = [
    "MAX_SPEED",
    "MISSING",
    "ColumnMapping",
    "CycleTime",
    "Recorded",
    "Replay",
    "ReplayReport",
    "ReplayState",
    "Row",
    "Speed",
    "TimeColumn",
    "WrongRow",
    "count_rows",
    "parse_columns",
    "parse_speed",
    "read_table",
    "reading_hash",
    "replay",
]
