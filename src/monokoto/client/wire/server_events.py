"""Server-sent events out of bytes (WHATWG HTML, section 9.2.6), without I/O."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from monokoto.client.errors import UnexpectedAnswer, unexpected

EVENT_BYTES_MAX: Final = 16 << 20
"""An event longer than this is taken for a broken stream."""
_LINE_END: Final = re.compile(rb"\r\n|\n|\r(?=.)", re.DOTALL)
"""A carriage return at the end of a piece may be half of a line's end: it waits for the next piece."""


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """One event of a live stream."""

    name: str
    """What kind of event it is; `message` when the stream does not say."""
    data: str
    id: str = ""
    """Where in the stream it stands; to be given as `last_event_id` to go on behind it."""

    def json(self) -> Any:
        """The data, which is JSON in all our streams, as plain values.

        Raises:
            UnexpectedAnswer: it is none.
        """
        try:
            return msgspec.json.decode(self.data)
        except msgspec.DecodeError as error:
            raise unexpected(error) from None


class EventParser:
    """Takes the bytes of one connection, gives the events that are complete."""

    def __init__(self, last_id: str = "") -> None:
        self.last_id = last_id
        """Of the last event that was given out."""
        self.asked_seconds = 0.0
        """How long the stream asks to wait before connecting anew; 0: not said."""
        self._rest = b""
        self._first = True
        self._name = ""
        self._id = last_id
        self._data: list[str] = []
        self._size = 0

    def feed(self, piece: bytes) -> Iterator[ServerEvent]:
        """The events that end in this piece.

        Raises:
            UnexpectedAnswer: an event is too long to be one.
        """
        lines = _LINE_END.split(self._rest + piece)
        self._rest = lines.pop()
        if self._size + len(self._rest) > EVENT_BYTES_MAX:
            raise UnexpectedAnswer(f"An event has more than {EVENT_BYTES_MAX} bytes.")
        for line in lines:
            event = self._take(line)
            if event is not None:
                yield event

    def _take(self, line: bytes) -> ServerEvent | None:
        if self._first:
            line, self._first = line.removeprefix(b"\xef\xbb\xbf"), False
        if not line:
            return self._dispatch()
        self._size += len(line)
        if self._size > EVENT_BYTES_MAX:
            raise UnexpectedAnswer(f"An event has more than {EVENT_BYTES_MAX} bytes.")
        name, _, text = line.decode("utf-8", "replace").partition(":")
        self._set(name, text.removeprefix(" "))
        return None

    def _set(self, name: str, text: str) -> None:
        match name:
            case "data":
                self._data.append(text)
            case "event":
                self._name = text
            case "id" if "\0" not in text:
                self._id = text
            case "retry" if text.isascii() and text.isdigit():
                self.asked_seconds = int(text[:9]) / 1000

    def _dispatch(self) -> ServerEvent | None:
        name, data = self._name or "message", self._data
        self._name, self._data, self._size = "", [], 0
        self.last_id = self._id
        return ServerEvent(name, "\n".join(data), self._id) if data else None
