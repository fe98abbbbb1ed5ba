"""Mail to people: into a folder, onto a stream, or through an SMTP server, from an outbox that keeps it until it is sent."""

from monokoto.engines.mail.console import ConsoleMail
from monokoto.engines.mail.folder import FolderMail
from monokoto.engines.mail.message import Message
from monokoto.engines.mail.open import open_mail, open_outbox
from monokoto.engines.mail.outbox import Fate, Outbox
from monokoto.engines.mail.port import Mail
from monokoto.engines.mail.smtp import Server, SmtpMail, server_at

__all__ = [
    "ConsoleMail",
    "Fate",
    "FolderMail",
    "Mail",
    "Message",
    "Outbox",
    "Server",
    "SmtpMail",
    "open_mail",
    "open_outbox",
    "server_at",
]
