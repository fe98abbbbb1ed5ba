"""What the log of notifications says of mails, beside a real SMTP server that takes them, is busy, or refuses them for good."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from notification_world import World, ids

from monokoto.engines.mail import Outbox, SmtpMail, server_at
from monokoto.kernel.clock import ManualClock
from monokoto.kernel.errors import Unavailable
from monokoto.operate.notifications import (
    Channels,
    Deliverer,
    EscalationStep,
    Notification,
    NotificationState,
    PushSubscriptions,
    ReceiverKind,
)
from monokoto.operate.notifications.channels import MAIL_SECONDS
from monokoto.operate.notifications.news import What

pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH")
ADDRESS = "https://koto.example.com"
USER, PASSWORD = b"koto", b"wide rivers"


@dataclass
class Desk:
    """Takes mails, or says what it is told to say."""

    answer: str = "250 OK"
    taken: list[str] = field(default_factory=list)

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:
        if self.answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.answer

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        self.taken += envelope.rcpt_tos
        return "250 OK"


class _Server(Controller):
    """On a port of its own choice."""

    @property
    def port_taken(self) -> int:
        return int(self.server.sockets[0].getsockname()[1])

    def _trigger_server(self) -> None:
        with socket.create_connection(("127.0.0.1", self.port_taken), 30) as connection:
            connection.recv(64)


def _check(_server: Any, _session: Any, _envelope: Any, _mechanism: str, given: Any) -> AuthResult:
    good = isinstance(given, LoginPassword) and (given.login, given.password) == (USER, PASSWORD)
    return AuthResult(success=good, handled=good)


@dataclass
class Mailed:
    """A world whose mails go through an outbox to that server."""

    world: World
    desk: Desk
    outbox: Outbox
    server: _Server

    def said(self) -> Notification:
        (found,) = self.world.log.list(11)
        return found

    def tell(self, number: int = 1) -> None:
        self.world.book.tell(number, What.RAISED)
        self.world.run()


@pytest.fixture
def records_kind() -> str:
    return "sqlite"


@pytest.fixture
def mailed(world: World, clock: ManualClock, tmp_path: Path) -> Iterator[Mailed]:
    desk = Desk()
    server = _Server(
        desk, hostname="127.0.0.1", port=0, ready_timeout=60, authenticator=_check, auth_required=True, auth_require_tls=False
    )  # fmt: skip
    server.start()
    url = f"smtp://{USER.decode()}:wide%20rivers@127.0.0.1:{server.port_taken}"
    mail = SmtpMail(server_at(url), sender="koto@example.com", clock=clock)
    outbox = Outbox(tmp_path / "outbox", mail, clock)
    outbox.told = world.log.mail_went
    channels = Channels(
        clock=clock, sender=None, pusher=None, subscriptions=PushSubscriptions(world.records, clock),  # type: ignore[arg-type]
        people=world.members, post=outbox.post, address=lambda: ADDRESS,
    )  # fmt: skip
    world.deliverer = Deliverer(world.records, clock, world.book, channels, seed=1)
    made = world.receivers.create(11, kind=ReceiverKind.MAIL, name="desk", address="desk@example.com")
    world.routes.create(11, name="desk", steps=(EscalationStep(receivers=ids(made)),))
    yield Mailed(world, desk, outbox, server)
    server.stop()


def test_sent_is_what_the_mail_server_took(mailed: Mailed) -> None:
    mailed.tell()
    assert (mailed.said().state, mailed.said().settled_at, mailed.desk.taken) == (NotificationState.OUTBOX, None, [])
    mailed.outbox.deliver()
    assert mailed.desk.taken == ["desk@example.com"]
    assert mailed.said().state is NotificationState.SENT
    assert mailed.said().settled_at is not None
    assert mailed.said().attempts == 1


def test_a_busy_server_leaves_it_in_the_outbox_and_says_why(mailed: Mailed, clock: ManualClock) -> None:
    mailed.desk.answer = "451 Try again later"
    mailed.tell()
    mailed.outbox.deliver()
    assert mailed.said().state is NotificationState.OUTBOX
    assert mailed.said().reason == "The mail server refused the address (451)."
    mailed.desk.answer = "250 OK"
    clock.advance(2)
    mailed.outbox.deliver()
    assert (mailed.said().state, mailed.said().reason) == (NotificationState.SENT, "")


def test_a_refusal_for_good_is_dead_and_can_be_sent_again(mailed: Mailed) -> None:
    mailed.desk.answer = "550 No such mailbox"
    mailed.tell()
    mailed.outbox.deliver()
    assert mailed.said().state is NotificationState.DEAD
    assert mailed.said().reason == "The mail server refused the address (550)."
    assert mailed.outbox.waiting() == []
    mailed.desk.answer = "250 OK"
    mailed.world.log.retry(11, mailed.said().id)
    mailed.world.run()
    assert mailed.said().state is NotificationState.OUTBOX
    mailed.outbox.deliver()
    assert mailed.said().state is NotificationState.SENT


def test_a_mail_nobody_took_for_a_day_is_dead(mailed: Mailed, clock: ManualClock) -> None:
    with socket.socket() as closed:  # a port of nobody
        closed.bind(("127.0.0.1", 0))
        nowhere = server_at(f"smtp://127.0.0.1:{closed.getsockname()[1]}")
        mailed.outbox._mail = SmtpMail(nowhere, sender="koto@example.com", clock=clock)
        mailed.tell()
        mailed.outbox.deliver()
    assert "cannot be used" in mailed.said().reason
    clock.advance(MAIL_SECONDS + 1)
    mailed.outbox.deliver()
    assert (mailed.said().state, mailed.said().reason) == (NotificationState.DEAD, "its time is over")


def test_what_could_not_be_noted_is_noted_later_and_sent_once(mailed: Mailed) -> None:
    """The records are away when the server has taken it; or we die between the two."""

    def away(*_: object) -> None:
        raise Unavailable("The records are away.")

    noted, mailed.outbox.told = mailed.outbox.told, away
    mailed.tell()
    mailed.outbox.deliver()
    assert mailed.said().state is NotificationState.OUTBOX
    mailed.outbox.told = noted
    mailed.outbox.deliver()
    assert mailed.said().state is NotificationState.SENT
    assert mailed.desk.taken == ["desk@example.com"]


def test_a_server_that_is_faster_than_our_note_is_believed(mailed: Mailed) -> None:
    post = mailed.outbox.post

    def posted(message: Any) -> None:
        post(message)
        mailed.outbox.deliver()

    mailed.world.deliverer._channels._post = posted  # type: ignore[attr-defined]
    mailed.tell()
    assert (mailed.said().state, mailed.said().attempts) == (NotificationState.SENT, 1)
