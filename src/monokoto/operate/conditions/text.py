"""A condition's text on its way to the reference: every rewriting remembers where each character came from.

Two things are written here that CEL itself does not have, so they are put into CEL's words before it reads them:
`self["my-name"]` names a property whose name is no CEL identifier, and `has(name)` asks whether a property is known.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""
      (?P<space>\s+|//[^\n]*)
    | (?P<text>(?:[bB]?[rR]|[rR][bB])(?:\"{3}.*?\"{3}|'{3}.*?'{3}|"[^"\n]*"|'[^'\n]*')
        |[bB]?(?:\"{3}(?:\\.|[^\\])*?\"{3}|'{3}(?:\\.|[^\\])*?'{3}|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'))
    | (?P<number>0[xX][0-9a-fA-F]+[uU]?|\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\.\d+(?:[eE][+-]?\d+)?|\d+[uU]?)
    | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<sign>.)
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the text that is neither space nor comment."""

    kind: str
    """`text`, `number`, `word` or `sign` (one character)."""
    text: str
    start: int
    end: int


def tokens(text: str) -> list[Token]:
    """The pieces of a text. Never fails: what CEL cannot read comes out as signs, and CEL says so."""
    return [
        Token(match.lastgroup or "sign", match.group(), match.start(), match.end())
        for match in _TOKEN.finditer(text)
        if match.lastgroup != "space"
    ]


class Text:
    """A text that changes and still knows where each of its characters was written."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.now = source
        self._origins = list(range(len(source) + 1))

    def replace(self, start: int, end: int, new: str) -> None:
        """Put something else between two places of the present text."""
        origin = self._origins[start]
        self.now = self.now[:start] + new + self.now[end:]
        self._origins[start:end] = [origin] * len(new)

    def place(self, line: int, column: int) -> tuple[int, int]:
        """Where a line and column of the present text (from 1) stand in the source: line and column from 1."""
        return position(self.source, self._origins[self.offset(line, column)])

    def offset(self, line: int, column: int) -> int:
        """The offset of a line and column (from 1) of the present text."""
        lines = self.now.split("\n")
        before = sum(len(each) + 1 for each in lines[: max(line - 1, 0)])
        return min(max(before + max(column - 1, 0), 0), len(self.now))


def position(text: str, offset: int) -> tuple[int, int]:
    """Line and column, both from 1, of an offset."""
    before = text[:offset]
    return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1


def write_names(text: Text, cel_name: Callable[[str], str | None]) -> None:
    """Put `self["name"]` into the name CEL knows it by; what is no variable stays, and CEL refuses it."""
    for window in reversed(list(_windows(tokens(text.now), 4))):
        me, opened, quoted, closed = window
        if me.text == "self" and opened.text == "[" and quoted.kind == "text" and closed.text == "]":
            name = cel_name(quoted.text[1:-1])
            if name is not None:
                text.replace(me.start, closed.end, name)


def write_has(text: Text, flag_name: Callable[[str], str | None]) -> None:
    """Put `has(name)` into the variable that says whether the name is known, where the name is a variable."""
    pieces = tokens(text.now)
    for index in reversed(range(len(pieces) - 3)):
        if pieces[index].text != "has" or pieces[index + 1].text != "(":
            continue
        closing = next((end for end in range(index + 2, len(pieces)) if pieces[end].text == ")"), None)
        if closing is None:
            continue
        inner = pieces[index + 2 : closing]
        if all(piece.kind == "word" if even % 2 == 0 else piece.text == "." for even, piece in enumerate(inner)):
            name = flag_name("".join(piece.text for piece in inner))
            if name is not None:
                text.replace(pieces[index].start, pieces[closing].end, name)


def _windows(pieces: list[Token], size: int) -> list[list[Token]]:
    return [pieces[start : start + size] for start in range(len(pieces) - size + 1)]
