"""Which mail: the one the setting names."""

from __future__ import annotations

from pathlib import Path

from monokoto.engines.mail.console import ConsoleMail
from monokoto.engines.mail.folder import FolderMail
from monokoto.engines.mail.outbox import Outbox
from monokoto.engines.mail.port import Mail
from monokoto.engines.mail.smtp import SmtpMail, server_at
from monokoto.kernel.clock import Clock

FOLDER = "mail"


def open_mail(url: str, *, sender: str, data_dir: Path, clock: Clock) -> Mail:
    """Mail to `smtp://` or `smtps://`, to standard error with `console:`, to the folder `mail` in the data folder when empty.

    Raises:
        BadSettings: `url` is none of these.
    """
    if not url:
        return FolderMail(data_dir / FOLDER, sender=sender, clock=clock)
    if url.rstrip("/") == "console:":
        return ConsoleMail(sender=sender, clock=clock)
    return SmtpMail(server_at(url), sender=sender, clock=clock)


def open_outbox(url: str, *, sender: str, data_dir: Path, clock: Clock) -> Outbox:
    """The outbox of this installation, not started. Raises BadSettings."""
    return Outbox(data_dir / FOLDER / "outbox", open_mail(url, sender=sender, data_dir=data_dir, clock=clock), clock)
