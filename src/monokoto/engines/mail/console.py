"""Mails on a stream, for trying things out: they are printed whole, links included."""

from __future__ import annotations

import sys
from typing import TextIO

from monokoto.engines.mail.message import Message, written
from monokoto.kernel.clock import Clock
from monokoto.kernel.errors import Unavailable


class ConsoleMail:
    """As `Mail`, to standard error or another stream."""

    def __init__(self, *, sender: str, clock: Clock, stream: TextIO | None = None) -> None:
        self._sender = sender
        self._clock = clock
        self._stream = stream

    def send(self, message: Message) -> None:
        """As `Mail.send`."""
        mail = written(message, sender=self._sender, at=self._clock.now())
        head = "".join(
            f"{name}: {value}\n" for name, value in mail.items() if name in {"From", "To", "Subject", "Date"}
        )
        try:
            stream = self._stream or sys.stderr
            stream.write(f"{head}\n{message.text}\n\n")
            stream.flush()
        except (OSError, ValueError) as error:
            raise Unavailable(f"The mail could not be printed: {error}") from error
