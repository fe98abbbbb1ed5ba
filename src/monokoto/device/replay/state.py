"""How far a replay came, kept in a file, so that it goes on there after an interruption."""

from __future__ import annotations

from pathlib import Path

import msgspec

from monokoto.kernel.errors import Conflict, Invalid


class _Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    file: str
    bytes: int
    rows: int
    by_time: bool


class ReplayState:
    """The number of rows of a file, in the order of sending, that are acknowledged for good."""

    def __init__(self, path: Path, source: Path, *, by_time: bool = False) -> None:
        """`by_time`: the rows are sent in the order of time (at a speed) and not in that of the file.

        Raises:
            Invalid: the state cannot be read.
            Conflict: it is that of another file, or of another order.
        """
        self._path = path
        self._by_time = by_time
        self._file, self._bytes = source.name, source.stat().st_size
        self.rows = 0
        if path.exists():
            try:
                kept = msgspec.json.decode(path.read_bytes(), type=_Kept)
            except (OSError, msgspec.DecodeError) as error:
                raise Invalid(f"{path} is no state of a replay: {error}.", remedy="Delete it to begin anew.") from error
            if (kept.file, kept.bytes) != (self._file, self._bytes):
                raise Conflict(f"{path} is the state of replaying {kept.file}.", remedy="Name another state file.")
            if kept.by_time != by_time:
                order = "at a speed" if kept.by_time else "as fast as possible"
                raise Conflict(f"{path} is the state of replaying {order}.", remedy="Go on with such a --speed.")
            self.rows = kept.rows

    def keep(self, rows: int) -> None:
        """Remember; a crash in between leaves the former state."""
        self.rows = rows
        fresh = self._path.with_name(self._path.name + ".tmp")
        fresh.write_bytes(msgspec.json.encode(_Kept(self._file, self._bytes, rows, self._by_time)))
        fresh.replace(self._path)
