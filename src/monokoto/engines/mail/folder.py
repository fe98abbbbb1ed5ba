"""Mails as files, for an installation that has no mail server: whoever runs it finds the links there."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import structlog

from monokoto.engines.mail.message import Message, written
from monokoto.kernel.clock import Clock
from monokoto.kernel.errors import Unavailable
from monokoto.kernel.ids import format_id, new_id

_log = structlog.get_logger(__name__)


class FolderMail:
    """As `Mail`: an `.eml` file for each, readable by its owner alone, which any mail program opens.

    The log says that there is one and where, never what is in it: a link in it is as good as a password.
    """

    def __init__(self, folder: Path, *, sender: str, clock: Clock) -> None:
        self._folder = folder
        self._sender = sender
        self._clock = clock

    def send(self, message: Message) -> None:
        """As `Mail.send`."""
        name = f"{format_id(new_id())}-{message.kind}.eml"
        body = written(message, sender=self._sender, at=self._clock.now()).as_bytes()
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_whole(self._folder / name, body)
        except OSError as error:
            raise Unavailable(f"The mail could not be written to {self._folder}: {error.strerror}") from error
        _log.info("mail_written", kind=message.kind, to=message.to, file=str(self._folder / name))


def write_whole(file: Path, body: bytes) -> None:
    """The file is there whole and for its owner alone, or not at all; durable when this returns."""
    temporary = file.with_name(f".{secrets.token_hex(8)}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(body)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(file)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    folder = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
