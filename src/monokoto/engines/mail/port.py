"""Where mails go."""

from __future__ import annotations

from typing import Protocol

from monokoto.engines.mail.message import Message


class Mail(Protocol):
    """Sends one mail at a time. Blocking: called by the outbox's thread, never by a request."""

    def send(self, message: Message) -> None:
        """When it returns, somebody else is responsible for the mail; it may come twice, never half.

        Raises:
            Unavailable: not now; the same mail may be sent later.
            Invalid: never: the server will have nothing of this mail.
        """
        ...
