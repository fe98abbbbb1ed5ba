"""What really goes out: to HTTP receivers, mail, chats and browsers, each as its kind has it."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any

import pytest
import structlog
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from joserfc import jwt
from joserfc.jwk import ECKey
from notification_world import TITLE, World, ids
from standardwebhooks import Webhook as Verifier

from monokoto.connect.webhooks import HttpSender
from monokoto.engines.mail import Message
from monokoto.kernel.clock import ManualClock
from monokoto.kernel.errors import Invalid, NotFound, Unavailable
from monokoto.operate.notifications import (
    Channels,
    Deliverer,
    EscalationStep,
    NotificationState,
    Pusher,
    PushSubscriptions,
    ReceiverKind,
    ReceiverState,
    What,
)
from monokoto.operate.rules import Severity

ADDRESS = "https://koto.example.com"


@dataclass
class Listener:
    """A real HTTP receiver on loopback."""

    status: int = 200
    delay: float = 0.0
    taken: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""
    server: Any = None


@pytest.fixture
def listener() -> Iterator[Callable[..., Listener]]:
    made: list[Listener] = []
    lock = Lock()

    def make(status: int = 200, *, delay: float = 0.0) -> Listener:
        found = Listener(status, delay)

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                time.sleep(found.delay)
                with lock:
                    found.taken.append(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(found.status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        found.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        found.url = f"http://127.0.0.1:{found.server.server_address[1]}/services/T0/secret-token"
        Thread(target=found.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        made.append(found)
        return found

    yield make
    for one in made:
        one.server.shutdown()
        one.server.server_close()


class Post:
    """The outbox of mail."""

    def __init__(self) -> None:
        self.mails: list[Message] = []
        self.full = False

    def __call__(self, message: Message) -> None:
        if self.full:
            raise Unavailable("10000 mails wait already.")
        self.mails.append(message)


@dataclass
class Out:
    """A world whose messages really go out."""

    world: World
    post: Post
    subscriptions: PushSubscriptions
    channels: Channels

    def say(self, kind: ReceiverKind, count: int = 1, **values: Any) -> Any:
        """A receiver, and something to tell it."""
        made = self.world.receivers.create(11, kind=kind, name=kind.value, **values)
        self.world.routes.create(11, name=kind.value, steps=(EscalationStep(receivers=ids(made)),))
        for number in range(1, count + 1):
            self.world.book.tell(number, What.RAISED)
        self.world.run()
        return made


@pytest.fixture
def records_kind() -> str:
    return "sqlite"


@pytest.fixture
def out(world: World, clock: ManualClock) -> Out:
    post = Post()
    sender = HttpSender(clock, allow_private=True, seconds=1.0)
    subscriptions = PushSubscriptions(world.records, clock, allow_private=True)
    channels = Channels(
        clock=clock, sender=sender, pusher=Pusher(sender, clock, "mailto:ops@example.com"), subscriptions=subscriptions,
        people=world.members, post=post, address=lambda: ADDRESS,
    )  # fmt: skip
    world.deliverer = Deliverer(world.records, clock, world.book, channels, seed=1)
    return Out(world, post, subscriptions, channels)


def test_a_webhook_is_signed_and_says_what_happened(out: Out, listener: Callable[..., Listener]) -> None:
    at = listener()
    now = round(time.time() * 1_000_000)  # the reference implementation looks at the clock on the wall
    out.world.clock.advance((now - out.world.clock.now()) / 1_000_000)
    made = out.say(ReceiverKind.WEBHOOK, url=at.url)
    ((headers, body),) = at.taken
    said: Any = Verifier(made.secret).verify(body, headers)
    assert said["type"] == "notification.sent"
    assert headers["webhook-id"] == said["data"]["message"]
    (one,) = said["data"]["notifications"]
    assert (one["what"], one["severity"], one["title"], one["serial"]) == ("raised", "major", TITLE, "RC-0001")
    assert one["values"] == [{"name": "temperature", "value": 81.25, "unit": "°C"}]
    assert said["data"]["link"].startswith(f"{ADDRESS}/console/alerts/")
    assert "secret-token" not in made.shown


def test_a_chat_gets_blocks_of_plain_text(out: Out, listener: Callable[..., Listener]) -> None:
    at = listener()
    out.say(ReceiverKind.SLACK, url=at.url, locale="ko", time_zone="Asia/Seoul", count=12)
    ((_, body),) = at.taken
    said = json.loads(body)
    assert said["text"].startswith("알림 12건")
    kinds = [block["type"] for block in said["blocks"]]
    assert kinds == ["header", "section", "actions"]
    assert said["blocks"][1]["text"]["type"] == "plain_text"
    assert "외 2건" in said["blocks"][1]["text"]["text"]
    assert "(Asia/Seoul)" in said["blocks"][1]["text"]["text"]


def test_a_teams_workflow_gets_an_adaptive_card_without_markup(out: Out, listener: Callable[..., Listener]) -> None:
    at = listener()
    made = out.world.receivers.create(11, kind=ReceiverKind.TEAMS, name="teams", url=at.url)
    out.world.routes.create(11, name="teams", steps=(EscalationStep(receivers=ids(made)),))
    out.world.book.tell(1, What.RAISED, unit="[click](http://evil.example)")
    out.world.run()
    ((_, body),) = at.taken
    said = json.loads(body)
    assert said["type"] == "message"
    card = said["attachments"][0]["content"]
    assert (card["type"], said["attachments"][0]["contentType"]) == (
        "AdaptiveCard", "application/vnd.microsoft.card.adaptive",
    )  # fmt: skip
    assert "](http" not in card["body"][0]["text"].replace("\\", "") or "\\[click\\]" in card["body"][0]["text"]
    assert {one["title"]: one["value"] for one in card["body"][1]["facts"]}["temperature"].startswith("81.25")


def test_a_mail_speaks_the_language_of_its_reader(out: Out) -> None:
    made = out.world.receivers.create(11, kind=ReceiverKind.PERSON, name="kim", person_id=7)
    out.world.routes.create(11, name="kim", steps=(EscalationStep(receivers=ids(made)),))
    out.world.book.tell(1, What.RAISED, unit="RC\r\nBcc: x@example.com")
    out.world.run()
    (mail,) = out.post.mails
    assert mail.to == "kim@example.com"
    assert mail.subject == "[중대] 모터 과열: RC Bcc: x@example.com"
    assert "temperature: 81.25 °C" in mail.text
    assert "2026-03-02 21:00 (Asia/Seoul)" in mail.text
    assert f"{ADDRESS}/console/alerts/" in mail.text
    assert mail.name.startswith("msg_")
    out.world.members.known.clear()
    out.world.book.tell(2, What.RAISED)
    out.world.run()
    assert len(out.post.mails) == 1
    assert out.world.log.list(11, state=NotificationState.WAITING)[0].reason == "They are not a member any more."


def test_a_full_outbox_is_tried_again(out: Out) -> None:
    out.post.full = True
    out.say(ReceiverKind.MAIL, address="ops@example.com")
    assert out.world.log.list(11)[0].state is NotificationState.WAITING
    out.post.full = False
    out.world.after(60)
    assert [mail.subject for mail in out.post.mails] == ["[major] The motor is too hot: RC-0001"]


def test_a_dead_and_a_slow_receiver_delay_nobody(out: Out, listener: Callable[..., Listener]) -> None:
    slow, broken, well = listener(delay=0.8), listener(500), listener()
    for at in (slow, broken, well):
        out.world.route(
            EscalationStep(receivers=ids(out.world.receiver(at.url[-4:], kind=ReceiverKind.SLACK, url=at.url)))
        )
    dead = out.world.receiver("dead", kind=ReceiverKind.SLACK, url="http://127.0.0.1:9/")
    out.world.route(EscalationStep(receivers=ids(dead)))
    for number in (1, 2):
        out.world.book.tell(number, What.RAISED)
    out.world.planner.look()

    async def told() -> float:
        began = time.monotonic()
        serving = asyncio.create_task(out.world.deliverer.deliver_due())
        while len(well.taken) < 2:
            await asyncio.sleep(0.01)
        took = time.monotonic() - began
        assert len(slow.taken) < 2, "it did not wait for the slow one"
        await serving
        return took

    asyncio.run(asyncio.wait_for(told(), 30))
    assert len(slow.taken) == 2
    states = {one.state for one in out.world.log.list(11, receiver_id=dead.id)}
    assert states == {NotificationState.WAITING}


def test_410_switches_a_receiver_off_and_what_waits_can_be_sent_again(
    out: Out, listener: Callable[..., Listener]
) -> None:
    at = listener(410)
    made = out.say(ReceiverKind.SLACK, url=at.url)
    assert out.world.receivers.get(11, made.id).state is ReceiverState.DISABLED
    out.world.book.tell(2, What.RAISED)
    out.world.run()
    assert {one.state for one in out.world.log.list(11)} == {NotificationState.DEAD}
    assert len(at.taken) == 1


@pytest.mark.parametrize(
    "url", ["http://example.com/x", "https://127.0.0.1/", "https://10.0.0.1/", "https://u:p@example.com/"]
)
def test_our_own_network_is_no_receiver(world: World, url: str) -> None:
    from monokoto.operate.notifications import Receivers  # noqa: PLC0415

    strict = Receivers(world.records, world.clock, people=world.members)
    with pytest.raises(Invalid):
        strict.create(11, kind=ReceiverKind.SLACK, name="x", url=url)
    browsers = PushSubscriptions(world.records, world.clock)
    with pytest.raises(Invalid):
        browsers.subscribe(11, 7, endpoint=url, p256dh=Browser().p256dh, auth=Browser().auth)


class Browser:
    """The browser's side of RFC 8291, by the primitives alone."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._auth = b"0123456789abcdef"

    @property
    def point(self) -> bytes:
        return self._key.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )

    @property
    def p256dh(self) -> str:
        return base64.urlsafe_b64encode(self.point).rstrip(b"=").decode()

    @property
    def auth(self) -> str:
        return base64.urlsafe_b64encode(self._auth).rstrip(b"=").decode()

    def read(self, body: bytes) -> Any:
        salt, length = body[:16], body[20]
        theirs, sealed = body[21 : 21 + length], body[21 + length :]
        shared = self._key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), theirs))

        def derived(key: bytes, salted: bytes, info: bytes, size: int) -> bytes:
            return HKDF(algorithm=hashes.SHA256(), length=size, salt=salted, info=info).derive(key)

        secret = derived(shared, self._auth, b"WebPush: info\0" + self.point + theirs, 32)
        key = derived(secret, salt, b"Content-Encoding: aes128gcm\0", 16)
        nonce = derived(secret, salt, b"Content-Encoding: nonce\0", 12)
        return json.loads(AESGCM(key).decrypt(nonce, sealed, None).rstrip(b"\0")[:-1])


def test_a_browser_reads_what_only_it_can(out: Out, listener: Callable[..., Listener]) -> None:
    at, gone, browser = listener(201), listener(410), Browser()
    for one in (at, gone):
        out.subscriptions.subscribe(11, 7, endpoint=one.url, p256dh=browser.p256dh, auth=browser.auth, agent="Firefox")
    out.say(ReceiverKind.PUSH)
    ((headers, body),) = at.taken
    said = browser.read(body)
    assert said["title"] == "[중대] 모터 과열: RC-0001"
    assert said["url"].startswith(ADDRESS)
    assert said["tag"].startswith("msg_")
    assert headers["content-encoding"] == "aes128gcm"
    assert headers["urgency"] == "high"
    token, key = (part.split("=", 1)[1] for part in headers["authorization"].removeprefix("vapid ").split(", "))
    assert key == out.subscriptions.public_key()
    raw = base64.urlsafe_b64decode(key + "=")
    point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), raw)
    pem = point.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    claims = jwt.decode(token, ECKey.import_key(pem), algorithms=["ES256"]).claims
    assert claims["aud"] == at.url.partition("/services")[0]
    assert claims["sub"] == "mailto:ops@example.com"
    # The one that is gone is forgotten, and is not the end of the receiver.
    assert [one.endpoint for one in out.subscriptions.list(11)] == [at.url]
    assert out.world.log.list(11)[0].state is NotificationState.SENT


def test_a_long_text_still_fits_a_browser(out: Out, listener: Callable[..., Listener]) -> None:
    at, browser = listener(201), Browser()
    out.subscriptions.subscribe(11, 7, endpoint=at.url, p256dh=browser.p256dh, auth=browser.auth)
    made = out.world.receivers.create(11, kind=ReceiverKind.PUSH, name="all")
    out.world.routes.create(11, name="all", steps=(EscalationStep(receivers=ids(made)),))
    for number in range(1, 30):
        out.world.book.tell(number, What.RAISED, Severity.MINOR, title={"ko": "가" * 200}, unit="나" * 200)
    out.world.run()
    ((_, body),) = at.taken
    assert len(body) < 4096
    assert browser.read(body)["count"] == 29


def test_the_key_is_made_once_and_a_browser_has_one_person(out: Out) -> None:
    world, browser = out.world, Browser()
    other = PushSubscriptions(world.records, world.clock, allow_private=True)
    assert other.public_key() == out.subscriptions.public_key()
    url = "http://127.0.0.1:9/push"
    mine = out.subscriptions.subscribe(11, 7, endpoint=url, p256dh=browser.p256dh, auth=browser.auth)
    out.subscriptions.subscribe(22, 7, endpoint=url, p256dh=browser.p256dh, auth=browser.auth)
    assert len(out.subscriptions.list(11, 7)) == len(out.subscriptions.list(22, 7)) == 1
    out.subscriptions.subscribe(11, 8, endpoint=url, p256dh=browser.p256dh, auth=browser.auth)
    assert out.subscriptions.list(11, 7) == out.subscriptions.list(22, 7) == []
    with pytest.raises(NotFound):
        out.subscriptions.unsubscribe(11, 8, mine.id)
    for number in range(12):
        out.subscriptions.subscribe(11, 9, endpoint=f"{url}{number}", p256dh=browser.p256dh, auth=browser.auth)
    assert len(out.subscriptions.list(11, 9)) == 10
    for p256dh, auth in (("x", browser.auth), (browser.p256dh, "x"), ("A" * 87, browser.auth)):
        with pytest.raises(Invalid):
            out.subscriptions.subscribe(11, 7, endpoint=url, p256dh=p256dh, auth=auth)


def test_a_test_message_is_real_and_no_secret_is_logged(out: Out, listener: Callable[..., Listener]) -> None:
    at = listener()
    made = out.world.receivers.create(11, kind=ReceiverKind.SLACK, name="x", url=at.url)
    with structlog.testing.capture_logs() as logged:
        attempt = asyncio.run(out.world.deliverer.test(made))
        at.status = 410
        out.world.routes.create(11, name="x", steps=(EscalationStep(receivers=ids(made)),))
        out.world.book.tell(1, What.RAISED)
        out.world.run()
    assert attempt.taken
    assert "Test message" in json.loads(at.taken[0][1])["text"]
    assert logged
    assert "secret-token" not in str(logged)
    assert out.world.log.list(11)[0].reason
    assert "secret-token" not in str(out.world.log.list(11)[0])
