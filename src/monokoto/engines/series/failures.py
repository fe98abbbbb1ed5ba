"""What an engine says when it fails, as one of our errors. Both engines speak alike: `Code: 60. DB::Exception: … (NAME)`."""

from __future__ import annotations

import re
from typing import Final

from monokoto.kernel.errors import Invalid, MonokotoError, TooLarge, Unavailable

_NAME: Final = re.compile(r"\(([A-Z][A-Z0-9_]{3,})\)")
_REASON: Final = re.compile(r"DB::Exception: (.*)", re.DOTALL)
_TRAILER: Final = re.compile(r"\s*(\([A-Z][A-Z0-9_]{3,}\)|\(version [^)]*\)+|while executing .*)", re.DOTALL)
_REASON_LENGTH_MAX: Final = 600

_DISK_FULL: Final = "Free disk space, or point data_dir at a larger disk; the same request then succeeds."
_BROKEN: Final = "Run `koto doctor`: stored data is damaged. Restore the named part, or let the line's log be replayed."
_BUSY: Final = "Try again in a moment."

_UNAVAILABLE: Final = {
    "NOT_ENOUGH_SPACE": _DISK_FULL,
    "CANNOT_WRITE_TO_FILE_DESCRIPTOR": _DISK_FULL,
    "CANNOT_OPEN_FILE": _DISK_FULL,
    "CANNOT_CREATE_DIRECTORY": _DISK_FULL,
    "CANNOT_FSYNC": _DISK_FULL,
    "CANNOT_TRUNCATE_FILE": _DISK_FULL,
    "STD_EXCEPTION": _DISK_FULL,
    "CHECKSUM_DOESNT_MATCH": _BROKEN,
    "CANNOT_READ_ALL_DATA": _BROKEN,
    "CANNOT_DECOMPRESS": _BROKEN,
    "CORRUPTED_DATA": _BROKEN,
    "UNKNOWN_CODEC": _BROKEN,
    "ATTEMPT_TO_READ_AFTER_EOF": _BROKEN,
    "FILE_DOESNT_EXIST": _BROKEN,
    "UNEXPECTED_FILE_IN_DATA_PART": _BROKEN,
    "TOO_MANY_SIMULTANEOUS_QUERIES": _BUSY,
    "TOO_MANY_PARTS": _BUSY,
    "TABLE_IS_READ_ONLY": _BUSY,
    "SYSTEM_ERROR": _BUSY,
    "NETWORK_ERROR": _BUSY,
    "SOCKET_TIMEOUT": _BUSY,
    "KEEPER_EXCEPTION": _BUSY,
    "AUTHENTICATION_FAILED": "Check series.username and series.password.",
    "REQUIRED_PASSWORD": "Check series.username and series.password.",
}
_TOO_LARGE: Final = {
    "MEMORY_LIMIT_EXCEEDED": "Ask for fewer units, a shorter time or wider buckets, or raise series.memory_bytes_max.",
    "TIMEOUT_EXCEEDED": "Ask for fewer units, a shorter time or wider buckets.",
    "TOO_MANY_ROWS_OR_BYTES": "Ask for fewer units, a shorter time or wider buckets.",
}
BROKEN_NAMES: Final = frozenset(name for name, remedy in _UNAVAILABLE.items() if remedy is _BROKEN)
"""Names of failures that mean damaged files."""


def failure_name(text: str) -> str:
    """The engine's own name of the failure, as in `UNKNOWN_TABLE`; empty when it gave none."""
    names: list[str] = _NAME.findall(text)
    return names[-1] if names else ""


def as_error(text: str, *, inserting: bool = False) -> MonokotoError:
    """The error to raise for what the engine said.

    `inserting`: rows that do not fit into memory now may fit later, so that is Unavailable and not TooLarge.
    """
    name = failure_name(text)
    reason = _reason(text)
    if "No space left on device" in text or "File too large" in text:
        return Unavailable(f"The series store cannot write: {reason}", remedy=_DISK_FULL)
    if name in _UNAVAILABLE:
        fails = "cannot write" if name == "NOT_ENOUGH_SPACE" else "is not available"
        return Unavailable(f"The series store {fails}: {reason}", remedy=_UNAVAILABLE[name])
    if name in _TOO_LARGE:
        if inserting or "(total)" in text:
            return Unavailable(f"The series store is short of memory or time: {reason}", remedy=_BUSY)
        return TooLarge(f"The question is too large for one query: {reason}", remedy=_TOO_LARGE[name])
    return Invalid(f"The series store refused the statement: {reason}")


def _reason(text: str) -> str:
    match = _REASON.search(text)
    reason = match.group(1) if match else text
    return _TRAILER.sub("", reason).strip()[:_REASON_LENGTH_MAX] or "no reason given"
