"""Mail: what every way of sending does alike, and what a real SMTP server sees of ours."""

from __future__ import annotations

import datetime
import email
import io
import socket
import ssl
import stat
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from monokoto.engines.mail import (
    ConsoleMail,
    FolderMail,
    Mail,
    Message,
    Outbox,
    Server,
    SmtpMail,
    open_mail,
    server_at,
)
from monokoto.kernel.clock import ManualClock
from monokoto.kernel.errors import BadSettings, Invalid, Unavailable

SENDER = "Monokoto <koto@koto.example>"
LINK = "https://koto.example/console/reset?token=s3cr3t"
CLOCK = ManualClock()


def message(**more: Any) -> Message:
    given = {
        "to": "ann@acme.example",
        "subject": "비밀번호 재설정 – new password",
        "text": f"Hello Ann, 안녕하세요\n\n{LINK}\n.\nA line that is only a dot.\n",
        "kind": "new-password",
        "until": CLOCK.now() + 10**10,
    }
    return Message(**{**given, **more})


@dataclass
class Post:
    """A mail server's handler that keeps what comes."""

    got: list[Any] = field(default_factory=list)
    refuse: str = ""
    encrypted: list[bool] = field(default_factory=list)

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, _options: Any) -> str:
        if self.refuse:
            return self.refuse
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.encrypted.append(session.ssl is not None)
        self.got.append(email.message_from_bytes(envelope.content, policy=default))
        return "250 OK"


class _Server(Controller):
    """On a port of its own choice."""

    @property
    def address(self) -> tuple[str, int]:
        found: tuple[str, int] = self.server.sockets[0].getsockname()[:2]
        return found

    def _trigger_server(self) -> None:
        """The controller would connect to the port it was given, which is 0 here."""
        with socket.create_connection(self.address, 30) as connection:
            connection.recv(64)


def certificate_files(folder: Path) -> tuple[Path, Path]:
    """A certificate for `localhost` that nobody but us trusts, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    chain, private = folder / "chain.pem", folder / "key.pem"
    chain.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return chain, private


@pytest.fixture
def serve() -> Iterator[Callable[..., tuple[Post, _Server]]]:
    running: list[_Server] = []

    def start(**options: Any) -> tuple[Post, _Server]:
        post = Post()
        server = _Server(post, hostname="127.0.0.1", port=0, ready_timeout=60, **options)
        server.start()
        running.append(server)
        return post, server

    yield start
    for server in running:
        server.stop()


@dataclass
class Way:
    mail: Mail
    read: Callable[[], list[str]]


@pytest.fixture(params=["folder", "console", "smtp"])
def way(request: pytest.FixtureRequest, tmp_path: Path, serve: Any) -> Way:
    if request.param == "folder":

        def texts() -> list[str]:
            return [_text(file.read_bytes()) for file in sorted((tmp_path / "mail").glob("*.eml"))]

        return Way(FolderMail(tmp_path / "mail", sender=SENDER, clock=CLOCK), texts)
    if request.param == "console":
        stream = io.StringIO()
        return Way(
            ConsoleMail(sender=SENDER, clock=CLOCK, stream=stream), lambda: stream.getvalue().split("From: ")[1:]
        )
    post, server = serve()
    host, port = server.address
    way = SmtpMail(Server(host, port, encrypted=False), sender=SENDER, clock=CLOCK)
    return Way(way, lambda: [_shown(mail) for mail in post.got])


def _text(body: bytes) -> str:
    return _shown(email.message_from_bytes(body, policy=default))


def _shown(mail: Any) -> str:
    return f"{mail['from']}\n{mail['to']}\n{mail['subject']}\n{mail.get_content()}"


def test_a_mail_comes_as_it_was_written(way: Way) -> None:
    way.mail.send(message())
    (text,) = way.read()
    for part in (
        "koto@koto.example",
        "ann@acme.example",
        "비밀번호 재설정 – new password",
        "안녕하세요",
        LINK,
        "\n.\n",
    ):
        assert part in text.replace("\r\n", "\n")


def test_mails_come_in_order_each_by_itself(way: Way) -> None:
    for number in range(3):
        way.mail.send(message(text=f"number {number}\n"))
    assert [f"number {number}" in text for number, text in enumerate(way.read())] == [True] * 3


@pytest.mark.parametrize("field_name", ["to", "subject"])
def test_nothing_is_smuggled_into_the_head(way: Way, field_name: str) -> None:
    with pytest.raises(ValueError, match=r"linefeed|carriage|CR or LF|[Hh]eader"):
        way.mail.send(message(**{field_name: "a@b.example\r\nBcc: eve@evil.example"}))
    assert way.read() == []


def test_files_are_for_their_owner_alone_and_the_log_keeps_the_secret(tmp_path: Path, capsys: Any) -> None:
    FolderMail(tmp_path / "mail", sender=SENDER, clock=CLOCK).send(message())
    (file,) = (tmp_path / "mail").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    told = capsys.readouterr()
    assert "mail_written" in told.out + told.err
    assert "s3cr3t" not in told.out + told.err


def test_the_password_is_sent_over_tls_and_checked(serve: Any, tmp_path: Path) -> None:
    certificate, key = certificate_files(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)

    def check(_server: Any, _session: Any, _envelope: Any, _mechanism: Any, data: Any) -> AuthResult:
        known = isinstance(data, LoginPassword) and (data.login, data.password) == (b"koto", b"pass:word")
        return AuthResult(success=known, handled=False)

    post, server = serve(tls_context=context, authenticator=check, auth_required=True, require_starttls=True)
    port = server.address[1]
    trusted = ssl.create_default_context(cafile=str(certificate))
    url = f"smtp://koto:pass%3Aword@localhost:{port}"
    SmtpMail(server_at(url), sender=SENDER, clock=CLOCK, trusted=trusted).send(message())
    assert post.encrypted == [True]
    with pytest.raises(Unavailable, match="535"):
        SmtpMail(server_at(url.replace("word", "x")), sender=SENDER, clock=CLOCK, trusted=trusted).send(message())
    with pytest.raises(Unavailable, match=r"SSL|CERTIFICATE|certificate"):
        SmtpMail(server_at(url), sender=SENDER, clock=CLOCK).send(message())
    assert len(post.got) == 1


def test_a_refused_address_is_final_and_a_busy_server_is_not(serve: Any) -> None:
    post, server = serve()
    mail = SmtpMail(Server(*server.address, encrypted=False), sender=SENDER, clock=CLOCK)
    for answer, kind in (("550 no such user s3cr3t", Invalid), ("451 later", Unavailable)):
        post.refuse = answer
        with pytest.raises(kind) as caught:
            mail.send(message())
        assert answer[:3] in str(caught.value)
        assert "s3cr3t" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.example", Server("mail.example", 587, encrypted=False)),
        ("smtps://mail.example", Server("mail.example", 465, encrypted=True)),
        (
            "smtp://u%40x:p%2F@mail.example:25",
            Server("mail.example", 25, encrypted=False, username="u@x", password="p/"),
        ),
    ],
)
def test_addresses_of_servers(url: str, server: Server) -> None:
    assert server_at(url) == server


@pytest.mark.parametrize(
    "url", ["http://mail.example", "smtp://", "smtp://mail.example/x", "smtp://mail.example:port", "mail"]
)
def test_what_is_no_address_of_a_server(url: str, tmp_path: Path) -> None:
    with pytest.raises(BadSettings):
        open_mail(url, sender=SENDER, data_dir=tmp_path, clock=CLOCK)


def test_the_setting_chooses(tmp_path: Path) -> None:
    kinds = {"": FolderMail, "console:": ConsoleMail, "smtps://mail.example": SmtpMail}
    for url, kind in kinds.items():
        assert isinstance(open_mail(url, sender=SENDER, data_dir=tmp_path, clock=CLOCK), kind)


class Moody:
    """Mail that does as it is told."""

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.fails: Exception | None = None
        self.seen = threading.Event()

    def send(self, message: Message) -> None:
        self.seen.set()
        if self.fails is not None:
            raise self.fails
        self.sent.append(message)


@pytest.fixture
def moody() -> Moody:
    return Moody()


def test_the_outbox_tries_again_later_and_later_until_it_works(tmp_path: Path, moody: Moody) -> None:
    clock = ManualClock()
    outbox = Outbox(tmp_path / "outbox", moody, clock)
    outbox.post(message(until=clock.now() + 10**10))
    moody.fails = Unavailable("away")
    for pause in (1, 2, 4):
        outbox.deliver()
        moody.seen.clear()
        clock.advance(pause - 0.1)
        outbox.deliver()
        assert not moody.seen.is_set(), "too early"
        clock.advance(0.2)
    moody.fails = None
    outbox.deliver()
    assert len(moody.sent) == 1
    assert outbox.waiting() == []


def test_what_was_posted_outlives_the_process(tmp_path: Path, moody: Moody) -> None:
    moody.fails = Unavailable("away")
    first = Outbox(tmp_path / "outbox", moody, CLOCK)
    first.post(message(text="kept"))
    first.deliver()
    (file,) = first.waiting()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    moody.fails = None
    Outbox(tmp_path / "outbox", moody, CLOCK).deliver()
    assert [one.text for one in moody.sent] == ["kept"]


@pytest.mark.parametrize("fails", [Unavailable("away"), RuntimeError("a bug"), ValueError("a head of two lines")])
def test_one_mail_that_cannot_be_sent_stops_none_behind_it(tmp_path: Path, moody: Moody, fails: Exception) -> None:
    outbox = Outbox(tmp_path / "outbox", moody, CLOCK)
    outbox.post(message(text="first"))
    moody.fails = fails
    outbox.deliver()
    moody.fails = None
    outbox.post(message(text="second"))
    outbox.deliver()
    assert [one.text for one in moody.sent] == ["second"]
    assert len(outbox.waiting()) == 1


def test_what_nobody_will_take_or_came_too_late_is_dropped_aloud(tmp_path: Path, moody: Moody, capsys: Any) -> None:
    clock = ManualClock()
    outbox = Outbox(tmp_path / "outbox", moody, clock)
    outbox.post(message(until=clock.now() + 1_000_000))
    clock.advance(2)
    outbox.deliver()
    moody.fails = Invalid("550")
    outbox.post(message(until=clock.now() + 10**10))
    outbox.deliver()
    assert (moody.sent, outbox.waiting()) == ([], [])
    told = capsys.readouterr()
    assert (told.out + told.err).count("mail_dropped") == 2
    assert "s3cr3t" not in told.out + told.err


def test_a_file_that_is_no_mail_is_set_aside(tmp_path: Path, moody: Moody) -> None:
    outbox = Outbox(tmp_path / "outbox", moody, CLOCK)
    outbox.post(message())
    (tmp_path / "outbox" / "0000000000000.mail").write_bytes(b"\xc1nonsense")
    outbox.deliver()
    assert len(moody.sent) == 1
    assert [file.suffix for file in (tmp_path / "outbox").iterdir()] == [".unreadable"]


def test_whoever_posts_does_not_wait_for_a_server_that_hangs(tmp_path: Path) -> None:
    released = threading.Event()
    begun = threading.Event()

    class Hanging:
        def send(self, _message: Message) -> None:
            begun.set()
            assert released.wait(60)

    outbox = Outbox(tmp_path / "outbox", Hanging(), CLOCK)
    outbox.start()
    outbox.post(message())
    assert begun.wait(30)
    outbox.post(message())  # returns although the server hangs
    assert len(outbox.waiting()) == 2
    released.set()
    outbox.stop()


def test_a_running_outbox_sends_what_another_process_posted(
    tmp_path: Path, moody: Moody, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monokoto.engines.mail.outbox.LOOK_SECONDS", 0.2)
    outbox = Outbox(tmp_path / "outbox", moody, CLOCK)
    outbox.start()
    Outbox(tmp_path / "outbox", moody, CLOCK).post(message())
    assert moody.seen.wait(30)
    outbox.stop()
    assert len(moody.sent) == 1


def test_an_outbox_that_is_full_says_so(tmp_path: Path, moody: Moody, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monokoto.engines.mail.outbox.MAILS_WAITING_MAX", 2)
    outbox = Outbox(tmp_path / "outbox", moody, CLOCK)
    outbox.post(message())
    outbox.post(message())
    with pytest.raises(Unavailable):
        outbox.post(message())
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable):
        Outbox(tmp_path / "file" / "outbox", moody, CLOCK).post(message())
