"""One mail to one person, in plain text."""

from __future__ import annotations

from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid

import msgspec

from monokoto.kernel.clock import Instant, format_instant


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be sent. Plain text only: a link is seen as what it is, and nothing is fetched when it is read."""

    to: str
    subject: str
    text: str
    kind: str
    """What it is about, for the log: `invitation`, `new-password`."""
    until: Instant
    """Later it is of no use to anybody (its link has expired) and is not sent any more."""
    name: str = ""
    """Names it for mail programs, so that it is shown once if it comes twice; empty: made up when it is sent."""
    owner_id: int = 0
    """Whose it is, for who posted it and wants to know what became of it; nothing of it is in the mail."""


def written(message: Message, *, sender: str, at: Instant) -> EmailMessage:
    """The message as RFC 5322 wants it, with lines that end in CRLF."""
    mail = EmailMessage(policy=SMTP)
    mail["From"] = sender
    mail["To"] = message.to
    mail["Subject"] = message.subject
    mail["Date"] = _date(at)
    domain = sender.rpartition("@")[2].strip(" >") or "localhost"
    mail["Message-ID"] = f"<{message.name}@{domain}>" if message.name else make_msgid(domain=domain)
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers
    mail.set_content(message.text)
    return mail


def _date(at: Instant) -> str:
    return format_datetime(datetime.fromisoformat(format_instant(at)))
