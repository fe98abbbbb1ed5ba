"""Mails through an SMTP server (RFC 5321), encrypted (RFC 8314) whenever the server can.

`smtp://` begins in plain text and changes to TLS when the server offers it; `smtps://` is TLS from the first byte. A password is
never sent in plain text, except to this machine itself. Certificates are checked against those the machine trusts.
"""

from __future__ import annotations

import smtplib
import ssl
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from monokoto.engines.mail.message import Message, written
from monokoto.kernel.clock import Clock
from monokoto.kernel.errors import BadSettings, Invalid, Unavailable

PORTS = {"smtp": 587, "smtps": 465}
TIMEOUT_SECONDS = 20.0
_THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Server:
    """Where the mail server is, and as whom we speak to it."""

    host: str
    port: int
    encrypted: bool
    username: str = ""
    password: str = ""


def server_at(url: str) -> Server:
    """The server at `smtp://user:password@host:587` or `smtps://...`; raises BadSettings."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        parts, host, port = urlsplit(""), None, None
    if parts.scheme not in PORTS or not host or parts.path.strip("/") or parts.query:
        raise BadSettings(
            "mail.url is no address of a mail server",
            remedy="Write it as smtp://user:password@host:587 or smtps://user:password@host:465, console:, or leave it empty.",
        )
    return Server(
        host=host,
        port=port or PORTS[parts.scheme],
        encrypted=parts.scheme == "smtps",
        username=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
    )


class SmtpMail:
    """As `Mail`. A connection for each mail: there are few, and servers close idle ones."""

    def __init__(
        self,
        server: Server,
        *,
        sender: str,
        clock: Clock,
        trusted: ssl.SSLContext | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        self._server = server
        self._sender = sender
        self._clock = clock
        self._trusted = trusted or ssl.create_default_context()
        self._timeout = timeout_seconds

    def send(self, message: Message) -> None:
        """As `Mail.send`."""
        mail = written(message, sender=self._sender, at=self._clock.now())
        try:
            with self._connected() as connection:
                connection.send_message(mail)
        except smtplib.SMTPRecipientsRefused as error:
            code = next(iter(error.recipients.values()))[0]
            raise (Invalid if code >= 500 else Unavailable)(f"The mail server refused the address ({code}).") from None
        except smtplib.SMTPResponseException as error:
            # What the server says may repeat what it was told; its number says enough. Wrong credentials can be mended.
            final = error.smtp_code >= 500 and not isinstance(error, smtplib.SMTPAuthenticationError)
            raise (Invalid if final else Unavailable)(f"The mail server refused ({error.smtp_code}).") from None
        except (OSError, smtplib.SMTPException) as error:
            reason = getattr(error, "strerror", None) or type(error).__name__
            raise Unavailable(
                f"The mail server {self._server.host}:{self._server.port} cannot be used: {reason}."
            ) from None

    def _connected(self) -> smtplib.SMTP:
        server = self._server
        if server.encrypted:
            connection: smtplib.SMTP = smtplib.SMTP_SSL(
                server.host, server.port, timeout=self._timeout, context=self._trusted
            )
        else:
            connection = smtplib.SMTP(server.host, server.port, timeout=self._timeout)
        try:
            connection.ehlo_or_helo_if_needed()
            encrypted = server.encrypted
            if not encrypted and connection.has_extn("starttls"):
                connection.starttls(context=self._trusted)
                connection.ehlo()
                encrypted = True
            if server.username:
                if not encrypted and server.host not in _THIS_MACHINE:
                    raise Unavailable("The mail server offers no encryption; the password is not sent to it.")
                connection.login(server.username, server.password)
        except BaseException:
            connection.close()
            raise
        return connection
