"""Mail to people: a folder, the log, or an SMTP server."""

from monokoto.engines.mail.message import Message

__all__ = ["Message"]
