"""Doing what the platform asks: each command once, whatever is lost, repeated or killed, and a last word for each.

The platform sends a command until the unit says that it has it, always under the same id. What this id stands for is written
down before anything else is said: so a command that comes again is told how far it is and not done again, and after a crash
the unit goes on with those it had not begun. One it had begun may be half done: it says `failed`, unless its handler can be
begun anew (`repeatable`).
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from io import FileIO
from pathlib import Path
from typing import Any

import msgspec
import structlog

from monokoto.kernel.clock import MICROSECONDS_PER_SECOND, parse_instant

ACTIONS = "koto/v1/actions/+/+"
KEPT_MAX = 1_000
"""Commands a journal remembers after their end; the oldest go."""
_log = structlog.get_logger(__name__)


class ActionFailed(Exception):
    """Raised by a handler: the action was not done; the text says why, for people."""


@dataclass(slots=True, eq=False)
class Ask:
    """One command, as a handler gets it."""

    id: str
    action: str
    input: Any
    say: Callable[[float | None, str], Awaitable[None]] = field(repr=False)

    async def running(self, progress: float | None = None, note: str = "") -> None:
        """Tell how far it is, from 0 to 1, and something for people. Cancelled here when the asker wants it no more."""
        await self.say(progress, note)


ActionHandler = Callable[[Ask], Awaitable[Any]]
"""Does the action and returns its output. Raises ActionFailed; is cancelled when it is to leave off."""


class Kept(msgspec.Struct, omit_defaults=True):
    """What is known of a command."""

    id: str
    action: str
    input: Any = None
    expires: int = 0
    """Microseconds; 0: never."""
    begun: bool = False
    last: dict[str, Any] | None = None
    """The last word; None: there is none yet."""
    told: bool = False
    """The platform has the last word."""


class ActionJournal:
    """What was asked and what became of it, in a file of JSON lines that survives the process; without a path in memory."""

    def __init__(self, path: Path | None = None, *, kept_max: int = KEPT_MAX) -> None:
        """Opens or creates the file; a last line that a crash cut short counts as never written."""
        self.kept: dict[str, Kept] = {}
        self._kept_max = kept_max
        self._path = path
        self._lines = 0
        self._file: FileIO | None = None
        if path is not None:
            self._load(path)
            self._rewrite()

    def _load(self, path: Path) -> None:
        for line in path.read_bytes().splitlines() if path.exists() else ():
            try:
                kept = msgspec.json.decode(line, type=Kept)
            except msgspec.DecodeError:
                continue
            self.kept[kept.id] = kept

    def write(self, kept: Kept) -> None:
        """Remember it as it is now; it survives the process when this returns. Raises OSError."""
        self.kept[kept.id] = kept
        if len(self.kept) > self._kept_max:
            ended = next((one.id for one in self.kept.values() if one.told), None)
            if ended is not None:
                del self.kept[ended]
        if self._file is not None:
            self._file.write(msgspec.json.encode(kept) + b"\n")
            self._lines += 1
            if self._lines > 4 * self._kept_max:
                self._rewrite()

    def _rewrite(self) -> None:
        assert self._path is not None
        fresh = self._path.with_name(self._path.name + ".new")
        fresh.write_bytes(b"".join(msgspec.json.encode(one) + b"\n" for one in self.kept.values()))
        if self._file is not None:
            self._file.close()
        fresh.replace(self._path)
        self._file = FileIO(self._path, "ab")
        self._lines = len(self.kept)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()


class Actions:
    """The actions of one device. Call on its event loop."""

    def __init__(
        self, send: Callable[[str, bytes], Awaitable[asyncio.Future[int]]], journal: ActionJournal | None = None
    ) -> None:
        self._send = send
        self._journal = journal or ActionJournal()
        self._handlers: dict[str, tuple[ActionHandler, bool]] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._saying: set[asyncio.Task[None]] = set()

    def on(self, action: str, handler: ActionHandler, *, repeatable: bool) -> None:
        """Do this action so."""
        self._handlers[action] = (handler, repeatable)

    def resume(self) -> None:
        """Go on with what an earlier life of the unit left."""
        for kept in list(self._journal.kept.values()):
            if kept.last is not None:
                if not kept.told:
                    self._say_last(kept)
            elif kept.id not in self._tasks:
                self._begin(kept)

    async def stop(self) -> None:
        """Leave off without a word; what is begun stays so in the journal."""
        tasks = [*self._tasks.values(), *self._saying]
        self._tasks.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def heard(self, topic: str, payload: bytes) -> None:
        """A message on `koto/v1/actions/{action}/{command}`."""
        levels = topic.split("/")
        try:
            document = msgspec.json.decode(payload)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return
        if len(levels) != 5 or not isinstance(document, dict):
            return
        action, command = levels[3], levels[4]
        kept = self._journal.kept.get(command)
        if document.get("cancel") is True:
            self._cancel(kept or Kept(id=command, action=action))
        elif kept is None:
            self._take(Kept(id=command, action=action, input=document.get("input"), expires=_expires(document)))
        elif kept.last is not None:
            self._say_last(kept)
        else:
            self._say(kept, {"status": "running" if kept.begun else "received"})

    def _take(self, kept: Kept) -> None:
        if kept.expires and kept.expires <= time.time() * MICROSECONDS_PER_SECOND:
            self._end(kept, {"status": "failed", "error": "it came after its time"})
        elif kept.action not in self._handlers:
            self._end(kept, {"status": "failed", "error": f"this unit has no action {kept.action!r}"})
        else:
            self._journal.write(kept)
            self._say(kept, {"status": "received"})
            self._begin(kept)

    def _begin(self, kept: Kept) -> None:
        handler, repeatable = self._handlers.get(kept.action, (None, False))
        if handler is None or (kept.begun and not repeatable):
            self._end(kept, {"status": "failed", "error": "the unit stopped while it was at it"})
            return
        self._tasks[kept.id] = asyncio.create_task(self._do(kept, handler), name=f"action {kept.action}")

    async def _do(self, kept: Kept, handler: ActionHandler) -> None:
        kept.begun = True
        self._journal.write(kept)

        async def say(progress: float | None, note: str) -> None:
            more = {"progress": progress, "note": note}
            await self._tell(kept, {"status": "running", **{name: one for name, one in more.items() if one}})

        try:
            output = await handler(Ask(kept.id, kept.action, kept.input, say))
            last: dict[str, Any] = {"status": "succeeded"} | ({} if output is None else {"output": output})
        except asyncio.CancelledError:
            if kept.id not in self._tasks:
                raise  # the device stops
            last = {"status": "cancelled"}
        except ActionFailed as error:
            last = {"status": "failed", "error": str(error)}
        except Exception as error:  # a bug of the handler is an answer too: nobody is left waiting
            _log.exception("action_failed", action=kept.action)
            last = {"status": "failed", "error": f"{type(error).__name__}: {error}"}
        self._tasks.pop(kept.id, None)
        self._end(kept, last)

    def _cancel(self, kept: Kept) -> None:
        if kept.last is not None:
            self._say_last(kept)
        elif (task := self._tasks.get(kept.id)) is not None and kept.begun:
            task.cancel()
        else:  # not begun, or never heard of: should it come later, it is not done either
            if task is not None:
                self._tasks.pop(kept.id).cancel()
            self._end(kept, {"status": "cancelled"})

    def _end(self, kept: Kept, last: dict[str, Any]) -> None:
        kept.last, kept.told = last, False
        self._journal.write(kept)
        self._say_last(kept)

    def _say_last(self, kept: Kept) -> None:
        assert kept.last is not None
        self._say(kept, kept.last, last=True)

    def _say(self, kept: Kept, body: dict[str, Any], *, last: bool = False) -> None:
        task = asyncio.create_task(self._tell(kept, body, last=last))
        self._saying.add(task)
        task.add_done_callback(self._saying.discard)

    async def _tell(self, kept: Kept, body: dict[str, Any], *, last: bool = False) -> None:
        done = await self._send(f"koto/v1/actions/{kept.action}/{kept.id}/status", msgspec.json.encode(body))
        if not last:
            return
        with contextlib.suppress(asyncio.CancelledError):
            if await done < 0x80 and not kept.told:
                kept.told = True
                self._journal.write(kept)


def _expires(document: dict[str, Any]) -> int:
    try:
        return parse_instant(str(document["expires_at"]))
    except (KeyError, ValueError):
        return 0
