"""What a check found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from monokoto.kernel.errors import MonokotoError
from monokoto.settings import Settings


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"
    """It works; look at it before it does not."""
    FAULT = "fault"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing looked at."""

    check: str
    level: Level
    what: str
    remedy: str = ""
    """What to do; every warning and fault has one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """The installation that is looked at."""

    settings: Settings
    running: bool
    url: str
    """Where its API is; empty when that is not known."""
    parts: bool = False
    """Read every stored part, however long that takes."""

    @property
    def data_dir(self) -> Path:
        """The folder of everything kept on this machine."""
        return Path(self.settings.data_dir)


def ok(check: str, what: str) -> Finding:
    """Nothing is wrong with it."""
    return Finding(check=check, level=Level.OK, what=what)


def warning(check: str, what: str, remedy: str) -> Finding:
    """Something to look at."""
    return Finding(check=check, level=Level.WARNING, what=what, remedy=remedy)


def fault(check: str, what: str, remedy: str) -> Finding:
    """Something that does not work."""
    return Finding(check=check, level=Level.FAULT, what=what, remedy=remedy)


def from_error(check: str, error: MonokotoError) -> list[Finding]:
    """An error of ours as findings: one for each of its faults, or one."""
    remedy = error.remedy or "Look at the log of `koto up`."
    return [fault(check, str(one), remedy) for one in error.faults] or [fault(check, error.message, remedy)]
