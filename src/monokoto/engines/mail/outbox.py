"""The outbox: mails wait here, on disk, until the mail server has them. Whoever posts one never waits for a server.

Each mail is a file of its own in `mail/outbox` of the data folder, readable by its owner alone; other processes of this machine
(`koto people invite`) may put some there too. A mail is tried again after 1 s, 2 s, 4 s ... up to five minutes, until it is of no
use any more. One that the server will never take, or that came too late, is dropped, and the log says so without its content.

`told` hears what becomes of each. A mail the server took waits as `.sent` until `told` has returned, so that it is sent once and
told at least once, whatever dies in between.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum
from pathlib import Path

import msgspec
import structlog

from monokoto.engines.mail.folder import write_whole
from monokoto.engines.mail.message import Message
from monokoto.engines.mail.port import Mail
from monokoto.kernel.clock import MICROSECONDS_PER_SECOND, Clock
from monokoto.kernel.errors import Invalid, Unavailable
from monokoto.kernel.ids import format_id, new_id
from monokoto.kernel.limits import MAILS_WAITING_MAX

PAUSE_SECONDS_MAX = 300
LOOK_SECONDS = 5.0
"""How long a mail that another process posted may lie there unseen."""
STOP_SECONDS = 5.0
_SUFFIX = ".mail"
_SENT_SUFFIX = ".sent"
_log = structlog.get_logger(__name__)


class Fate(StrEnum):
    """What became of a mail."""

    SENT = "sent"
    """Somebody else is responsible for it."""
    WAITS = "waits"
    """Not taken now; it is tried again."""
    DROPPED = "dropped"
    """It will never be taken, or came too late."""


class Outbox:
    """Takes mails at once and sends them when it can."""

    def __init__(self, folder: Path, mail: Mail, clock: Clock) -> None:
        self._folder = folder
        self._mail = mail
        self._clock = clock
        self._tries: dict[str, tuple[int, int]] = {}
        """By file: how often it was tried, and the instant before which it is not tried again."""
        self._posted = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self.sent = 0
        self.told: Callable[[Message, Fate, str], None] = lambda _message, _fate, _reason: None
        """Hears the fate of a mail, and why. Called in the outbox's thread; Unavailable makes it be called again."""

    def post(self, message: Message) -> None:
        """Take a mail; it is on disk when this returns.

        Raises:
            Unavailable: the disk does not take it, or too many wait already.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if len(self.waiting()) >= MAILS_WAITING_MAX:
                raise Unavailable(f"{MAILS_WAITING_MAX} mails wait already.", remedy="See why mail.url takes none.")
            write_whole(self._folder / f"{format_id(new_id())}{_SUFFIX}", msgspec.msgpack.encode(message))
        except OSError as error:
            raise Unavailable(f"The mail could not be kept in {self._folder}: {error.strerror}") from error
        self._posted.set()

    def waiting(self) -> list[Path]:
        """The mails that are not sent yet, the oldest first."""
        try:
            return sorted(file for file in self._folder.iterdir() if file.suffix == _SUFFIX)
        except FileNotFoundError:
            return []

    def start(self) -> None:
        """Begin to send, in a thread of its own."""
        self._thread = threading.Thread(target=self._run, name="outbox", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Send no more. What waits is sent after the next start; a mail under way when the time is up may come twice."""
        self._stopping.set()
        self._posted.set()
        if self._thread is not None:
            self._thread.join(STOP_SECONDS)

    def deliver(self) -> None:
        """Try every mail whose time has come, once. Called by the thread; by hand in tests and commands."""
        self._tell_of_sent()
        files = self.waiting()
        self._tries = {name: tried for name, tried in self._tries.items() if name in {file.name for file in files}}
        for file in files:
            if self._stopping.is_set():
                return
            if self._clock.now() >= self._tries.get(file.name, (0, 0))[1]:
                self._deliver(file)

    def _deliver(self, file: Path) -> None:
        try:
            message = msgspec.msgpack.decode(file.read_bytes(), type=Message)
        except FileNotFoundError:
            return  # another process sent it
        except (OSError, msgspec.MsgspecError) as error:
            _log.error("mail_unreadable", file=str(file), reason=str(error))
            file.rename(file.with_suffix(".unreadable"))
            return
        if message.until <= self._clock.now():
            self._drop(file, message, "its time is over")
            return
        try:
            self._mail.send(message)
        except Invalid as error:
            self._drop(file, message, error.message)
        except Unavailable as error:
            self._later(file, message, error.message)
        except Exception as error:
            # A mail that cannot be written must not stop those behind it.
            _log.exception("mail_failed", kind=message.kind)
            self._later(file, message, type(error).__name__)
        else:
            self.sent += 1
            _log.info("mail_sent", kind=message.kind)
            file.rename(sent := file.with_suffix(_SENT_SUFFIX))
            self._tell_of(sent, message)

    def _tell_of_sent(self) -> None:
        """Of mails the server took when nobody could be told."""
        for file in self._folder.glob(f"*{_SENT_SUFFIX}"):
            with suppress(OSError, msgspec.MsgspecError):
                self._tell_of(file, msgspec.msgpack.decode(file.read_bytes(), type=Message))

    def _tell_of(self, file: Path, message: Message) -> None:
        if self._tell(message, Fate.SENT, ""):
            file.unlink(missing_ok=True)

    def _tell(self, message: Message, fate: Fate, reason: str) -> bool:
        try:
            self.told(message, fate, reason)
        except Unavailable as error:
            _log.warning("mail_not_told", kind=message.kind, reason=error.message)
            return False
        return True

    def _later(self, file: Path, message: Message, reason: str) -> None:
        self._tell(message, Fate.WAITS, reason)
        tries = self._tries.get(file.name, (0, 0))[0] + 1
        pause = min(PAUSE_SECONDS_MAX, 2 ** (tries - 1)) * MICROSECONDS_PER_SECOND
        self._tries[file.name] = (tries, self._clock.now() + pause)
        _log.warning("mail_waits", kind=message.kind, tries=tries, reason=reason)

    def _drop(self, file: Path, message: Message, reason: str) -> None:
        if not self._tell(message, Fate.DROPPED, reason):
            self._later(file, message, reason)
            return
        file.unlink(missing_ok=True)
        _log.error("mail_dropped", kind=message.kind, reason=reason)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._posted.clear()
            try:
                self.deliver()
            except OSError as error:
                _log.error("outbox_failed", reason=str(error))
            self._posted.wait(self._pause())

    def _pause(self) -> float:
        """Seconds until something is due; at most `LOOK_SECONDS`, at least what keeps the thread from spinning."""
        due = min((again for _, again in self._tries.values()), default=0) - self._clock.now()
        return max(0.2, min(LOOK_SECONDS, due / MICROSECONDS_PER_SECOND)) if self._tries else LOOK_SECONDS
