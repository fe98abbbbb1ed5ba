"""What a check found: faults, which refuse the folder, and notes, which only inform. Each knows its place and line."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from monokoto.kernel.errors import Fault, Invalid
from monokoto.kernel.limits import FAULTS_MAX


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something worth knowing that is no fault."""

    text: str
    place: str = ""
    file: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Position:
    """Where a text of the file begins."""

    line: int
    """Of its first character or of the mark before it, counted from 1."""
    column: int
    quotes: int | None = 0
    """Characters between there and the text itself; None: the text begins in the next line, further in."""


class Report:
    """Collects what is wrong with one file, by JSON pointer; finds the line of each."""

    def __init__(self, file: str = "", lines: Mapping[str, int] | None = None) -> None:
        self.file = file
        self.lines = lines or {}
        self.texts: dict[str, Position] = {}
        self.notes: list[Note] = []
        self._faults: list[Fault] = []
        self._uncounted = 0

    def __len__(self) -> int:
        return len(self._faults) + self._uncounted

    def add(self, place: str, reason: str, *, line: int = 0) -> None:
        """One more fault; `line` where the place alone does not lead to it."""
        if len(self._faults) >= FAULTS_MAX:
            self._uncounted += 1
            return
        self._faults.append(Fault(reason=reason, place=place, file=self.file, line=line or self.line_of(place)))

    def note(self, place: str, text: str) -> None:
        """One more note."""
        self.notes.append(Note(text=text, place=place, file=self.file, line=self.line_of(place)))

    def line_of(self, place: str) -> int:
        """The line of a JSON pointer, or of the nearest thing around it that has one; 0 when there are no lines."""
        while place not in self.lines:
            if not place:
                return 0
            place = place.rpartition("/")[0]
        return self.lines[place]

    def add_within(self, place: str, reason: str, *, line: int, column: int) -> None:
        """One more fault, at a line and column (from 1) of the text at a place: told by those of the file where it has them.

        A text folded over lines, or with escapes, is pointed to as near as can be said.
        """
        begins = self.texts.get(place)
        if begins is None:
            self.add(place, f"{reason} (column {column})" if line <= 1 else f"{reason} (line {line}, column {column})")
        elif begins.quotes is None:
            self.add(place, f"{reason} (column {column} of the expression)", line=begins.line + line)
        elif line > 1:
            self.add(place, f"{reason} (column {column} of the line)", line=begins.line + line - 1)
        else:
            self.add(place, f"{reason} (column {begins.column + begins.quotes + column - 1})", line=begins.line)

    @property
    def faults(self) -> list[Fault]:
        """All faults in the order of their lines."""
        found = sorted(self._faults, key=lambda fault: (fault.file, fault.line, fault.place))
        if self._uncounted:
            found.append(Fault(file=self.file, reason=f"and {self._uncounted} more faults"))
        return found

    def raise_if_any(self, what: str) -> None:
        """Raises Invalid with every fault when there is one."""
        if len(self):
            count = "1 fault" if len(self) == 1 else f"{len(self)} faults"
            raise Invalid(f"{what} has {count}.", faults=self.faults)


def child(place: str, name: str | int) -> str:
    """The JSON pointer (RFC 6901) of a member of what is at `place`."""
    return f"{place}/{str(name).replace('~', '~0').replace('/', '~1')}"


def suggestion(word: str, known: Iterable[str]) -> str:
    """`; did you mean ...?` when a known word is close to this one, else nothing."""
    names = {name.lower(): name for name in known}
    close = difflib.get_close_matches(word[:80].lower(), names, n=1, cutoff=0.7)
    return f"; did you mean `{names[close[0]]}`?" if close else ""
