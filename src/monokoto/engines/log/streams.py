"""Streams as they must exist: made when absent, raised when too small, never lowered.

Refused: lowering `bytes_max` of a stream that holds more. JetStream would make room by dropping the oldest entries, also of
a stream that promises to refuse instead.
"""

from __future__ import annotations

from typing import Any

import structlog

from monokoto.engines.log.api import STREAM_EXISTS, STREAM_NOT_FOUND, Refused, call
from monokoto.engines.log.connection import Connection
from monokoto.engines.log.port import StreamSpec

DUPLICATE_SECONDS = 120
_NANOSECONDS = 1_000_000_000
_RAISED = ("max_bytes", "max_age", "max_msgs_per_subject", "num_replicas")

_log = structlog.get_logger(__name__)


def stream_config(spec: StreamSpec, replicas: int) -> dict[str, Any]:
    """JetStream's words for a stream."""
    return {
        "name": spec.name,
        "subjects": list(spec.subjects),
        "discard": "old" if spec.discard_old else "new",
        "max_bytes": spec.bytes_max,
        "max_age": spec.age_seconds_max * _NANOSECONDS,
        "max_msgs_per_subject": spec.per_subject_max or -1,
        "num_replicas": replicas,
    }


async def ensure(connection: Connection, wanted: dict[str, Any]) -> None:
    """Make the stream exist with at least these limits."""
    name = wanted["name"]
    try:
        info = await call(connection, f"STREAM.INFO.{name}")
    except Refused as refused:
        if refused.number != STREAM_NOT_FOUND:
            raise
        try:
            await call(connection, f"STREAM.CREATE.{name}", _whole(wanted))
        except Refused as race:
            if race.number != STREAM_EXISTS:
                raise
            info = await call(connection, f"STREAM.INFO.{name}")
        else:
            return
    present = info["config"]
    changes = _changes(present, wanted)
    if changes:
        _log.info("log.stream_changed", stream=name, **changes)
        await call(connection, f"STREAM.UPDATE.{name}", {**present, **changes})


def _whole(wanted: dict[str, Any]) -> dict[str, Any]:
    age = wanted.get("max_age", 0)
    return {
        "retention": "limits",
        "storage": "file",
        "max_consumers": -1,
        "max_msgs": -1,
        "max_msg_size": -1,
        "duplicate_window": min(DUPLICATE_SECONDS * _NANOSECONDS, age or DUPLICATE_SECONDS * _NANOSECONDS),
        **wanted,
    }


def _changes(present: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    """What to change: subjects and the manner of discarding as wanted, limits only upward (0 and -1: no limit)."""
    changes: dict[str, Any] = {}
    for name, value in wanted.items():
        now = present.get(name)
        if name not in _RAISED:
            if now != value:
                changes[name] = value
        elif _limit(value) > _limit(now):
            changes[name] = value
    return changes


def _limit(value: int | None) -> float:
    return value if value is not None and value > 0 else float("inf")
