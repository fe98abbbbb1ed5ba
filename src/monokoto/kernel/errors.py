"""The error tree: what happened, where, and what to do. The HTTP status and the exit code are chosen at the edges."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing wrong with an input, and where."""

    reason: str
    place: str = ""
    """A JSON pointer, a column, a setting's name: where in the input."""
    file: str = ""
    line: int = 0
    """Counted from 1; 0 when the input has no lines."""

    def __str__(self) -> str:
        where = self.file + (f":{self.line}" if self.line else "")
        return ": ".join(part for part in (where, self.place, self.reason) if part)


class MonokotoError(Exception):
    """Anything Monokoto refuses or fails to do, told in a sentence for the person who asked."""

    code = "error"
    retry_after_seconds = 0
    """When trying again makes sense; 0: not said."""

    def __init__(self, message: str, *, remedy: str = "", faults: Iterable[Fault] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        """What to do about it, as an imperative sentence; empty when the message says it."""
        self.faults = tuple(faults)

    def __str__(self) -> str:
        lines = [self.message, *(f"  {fault}" for fault in self.faults)]
        if self.remedy:
            lines.append(self.remedy)
        return "\n".join(lines)


class Invalid(MonokotoError):
    """The input does not say what it must; `faults` holds every fault at once."""

    code = "invalid"


class NotFound(MonokotoError):
    """There is no such thing, or none that the asker may know of."""

    code = "not-found"


class Conflict(MonokotoError):
    """It contradicts what is already there (a serial taken, a version published)."""

    code = "conflict"


class PreconditionFailed(MonokotoError):
    """The thing changed since the asker last saw it (If-Match)."""

    code = "precondition-failed"


class Unauthenticated(MonokotoError):
    """Nobody, or nobody we know, is asking."""

    code = "unauthenticated"


class Forbidden(MonokotoError):
    """We know who asks, and they may not."""

    code = "forbidden"


class TooLarge(MonokotoError):
    """It is over a stated limit of size."""

    code = "too-large"


class TooMany(MonokotoError):
    """It comes faster than a stated limit."""

    code = "too-many"


class Unavailable(MonokotoError):
    """An engine is away or full; nothing was taken; the same request may succeed later."""

    code = "unavailable"


class BadSettings(MonokotoError):
    """A setting is missing or wrong; nothing was started."""

    code = "bad-settings"
