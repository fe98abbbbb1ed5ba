"""A unit's side of the platform: stays connected, stores and forwards, sends each message until it is acknowledged.

What is published is kept in order in a bounded outbox, whether the link is up or not; what was not acknowledged when a link
was lost is sent again. So a reading arrives at least once, and the platform keeps one reading per property and time.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

from monokoto.device.actions import ACTIONS, ActionHandler, ActionJournal, Actions
from monokoto.device.address import Address, Certificate, parse_address
from monokoto.device.errors import PERMANENT, Disconnected, Refused
from monokoto.device.journal import Journal
from monokoto.device.link import Link
from monokoto.device.outbox import Outbox, Sending
from monokoto.kernel.errors import MonokotoError, TooMany
from monokoto.kernel.limits import PAYLOAD_BYTES_MAX
from monokoto.mqtt import (
    Connack,
    Connect,
    Disconnect,
    Packet,
    Properties,
    Puback,
    Pubcomp,
    Publish,
    Pubrec,
    Pubrel,
    Reason,
    Suback,
    Subscribe,
    Subscription,
    Unsuback,
    Version,
    Will,
    encode,
    encode_publish,
    matches,
    valid_filter,
    valid_name,
)

Handler = Callable[[str, bytes], None]
"""Called with the topic and the payload of each message; acknowledged when it returns."""

_LASTED_SECONDS = 5.0
"""A link that lasted this long was a good one: the next wait begins short again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceOptions:
    """How a unit behaves on the link; the defaults suit most."""

    version: Version = Version.V5
    client_id: str = ""
    """Empty: the platform gives one. A session that is to outlive a link needs one of its own."""
    keep_alive_seconds: int = 60
    session_seconds: int = 0
    """How long the platform keeps our subscriptions and what it has for us while we are away."""
    window: int = 100
    """Messages sent and not acknowledged; the platform may allow fewer."""
    messages_max: int = 10_000
    """Messages in the outbox."""
    connect_seconds: float = 10.0
    wait_seconds: float = 0.5
    """Before the second attempt to connect; doubled for each that fails, and varied by half: a fleet must not come at once."""
    wait_seconds_max: float = 60.0
    will: Will | None = None


class Device:
    """One unit. Belongs to the event loop it was started in; none of its methods may be called from another thread."""

    def __init__(
        self,
        url: str,
        *,
        token: str = "",
        certificate: Certificate | None = None,
        ca_file: Path | None = None,
        options: DeviceOptions | None = None,
        journal: Journal | None = None,
        actions: ActionJournal | None = None,
        random: Random | None = None,
    ) -> None:
        """`journal` keeps the outbox on disk; what it holds from before is sent first. `actions` keeps what was asked of the
        unit: with it on disk no command is done twice, whatever dies.

        Raises:
            Invalid: the URL is not one of an MQTT server, or a certificate is given without TLS.
        """
        self.address: Address = parse_address(url)
        self.options = options or DeviceOptions()
        self.connects = 0
        """Links that came up."""
        self._token = token or self.address.username
        self._context = self.address.context(ca_file=ca_file, certificate=certificate)
        self._random = random or Random()
        self._outbox = Outbox(self.options.messages_max)
        self._journal = journal
        self._handlers: dict[str, tuple[Handler, int]] = {}
        self._asked: dict[int, tuple[str, asyncio.Future[int]]] = {}
        self._received: set[int] = set()
        self._link: Link | None = None
        self._online = False
        self._window = 0
        self._packet_bytes_max = 0
        self._task: asyncio.Task[None] | None = None
        self._answer: asyncio.Future[Connack] | None = None
        self._gone: asyncio.Future[None] | None = None
        self._progress: asyncio.Future[None] | None = None
        self._first: asyncio.Future[None] | None = None
        self._refused: MonokotoError | None = None
        self._next_subscribe = 0
        self._actions = Actions(self.send, actions)

    # The life of it

    @property
    def online(self) -> bool:
        """Whether the link is up and accepted."""
        return self._online

    @property
    def pending(self) -> int:
        """Messages not acknowledged yet."""
        return len(self._outbox)

    def begin(self) -> None:
        """Start connecting, and go on until it works; returns at once. A refusal for good ends it (see `failure`)."""
        if self._task is None or self._task.done():
            self._refused = None
            self._recall()
            self._actions.resume()
            self._task = asyncio.create_task(self._stay_connected())

    def _recall(self) -> None:
        """Put what the journal holds from an earlier life into the outbox."""
        if self._journal is not None and not len(self._outbox):
            for kept in self._journal.pending():
                done: asyncio.Future[int] = asyncio.get_running_loop().create_future()
                self._outbox.put(Sending(kept.topic, kept.payload, kept.qos, done, number=kept.number))

    async def start(self) -> None:
        """Connect, and stay connected.

        Raises:
            Refused: the credential is not taken.
            Disconnected: the platform could not be reached at the first attempt; nothing goes on trying.
        """
        first = self._first = asyncio.get_running_loop().create_future()
        self.begin()
        try:
            await asyncio.shield(first)
        except MonokotoError:
            await self.stop(drain_seconds=0)
            raise

    @property
    def failure(self) -> MonokotoError | None:
        """Why it gave up connecting, if it did."""
        return self._refused

    async def pause(self) -> None:
        """Say good-bye and stay away until `begin`; what is in the outbox stays there, and more can be put into it."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._link is not None:
            self._link.write(encode(Disconnect(), self.options.version))
            self._link.close()
        self._offline()

    async def stop(self, *, drain_seconds: float = 5.0) -> None:
        """Say good-bye after what waits is acknowledged, or after `drain_seconds`; what is left is cancelled (and
        stays in the journal, if there is one)."""
        with contextlib.suppress(TimeoutError, MonokotoError):
            if self._online and drain_seconds:
                async with asyncio.timeout(drain_seconds):
                    await self.drain()
        await self._actions.stop()
        await self.pause()
        for sending in self._outbox:
            sending.done.cancel()
        self._outbox = Outbox(self.options.messages_max)

    async def __aenter__(self) -> Device:
        await self.start()
        return self

    async def __aexit__(self, *_exception: object) -> None:
        await self.stop()

    # Sending

    def publish(self, topic: str, payload: bytes, *, qos: int = 1) -> asyncio.Future[int]:
        """Put a message into the outbox. The future's result is the platform's reason (below 0x80: taken and kept); with
        QoS 0 it comes when the message is sent. It is cancelled when the device stops first.

        Raises:
            TooMany: the outbox or the journal is full; decide what to give up, or `await send`.
            ValueError: one cannot publish to such a topic.
        """
        if self._outbox.full:
            raise TooMany(f"{self.options.messages_max} messages wait to be sent.", remedy="Wait with `send`.")
        if not valid_name(topic) or qos not in (0, 1, 2):
            raise ValueError(f"cannot publish to {topic[:80]!r} with QoS {qos}")
        done: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        name = topic.encode()
        number = 0 if self._journal is None else self._journal.put(name, payload, qos)
        self._outbox.put(Sending(name, payload, qos, done, number=number))
        self._pump()
        return done

    async def send(self, topic: str, payload: bytes, *, qos: int = 1) -> asyncio.Future[int]:
        """`publish`, after waiting for room in the outbox. Raises Refused: the device gave up connecting."""
        while self._outbox.full:
            await self._wait()
        return self.publish(topic, payload, qos=qos)

    async def drain(self) -> None:
        """Wait until everything is acknowledged. Raises Refused: the device gave up connecting."""
        while len(self._outbox):
            await self._wait()

    async def _wait(self) -> None:
        if self._refused is not None:
            raise self._refused
        if self._progress is None:
            self._progress = asyncio.get_running_loop().create_future()
        await asyncio.shield(self._progress)

    def _moved(self) -> None:
        if self._progress is not None:
            if not self._progress.done():
                self._progress.set_result(None)
            self._progress = None

    def _pump(self) -> None:
        link = self._link
        while self._online and link is not None and link.ready:
            sending = self._outbox.next(self._window)
            if sending is None:
                return
            self._write(link, sending, dup=False)
            if not sending.qos:
                self._finish(sending, Reason.SUCCESS)

    def _write(self, link: Link, sending: Sending, *, dup: bool) -> None:
        data = encode_publish(
            sending.topic, sending.payload, qos=sending.qos, packet_id=sending.packet_id, version=link.version
        )
        if self._packet_bytes_max and len(data) > self._packet_bytes_max:
            self._outbox.take(sending.packet_id)
            self._finish(sending, Reason.PACKET_TOO_LARGE)
            return
        link.write(bytes((data[0] | 0x08,)) + data[1:] if dup else data)

    def _finish(self, sending: Sending, reason: int) -> None:
        if not sending.done.done():
            sending.done.set_result(reason)
        if self._journal is not None and sending.number:
            self._journal.done(sending.number)
        self._moved()

    # Receiving

    def subscribe(self, topic_filter: str, handler: Handler, *, qos: int = 1) -> asyncio.Future[int]:
        """Hear messages, on this link and all later ones. The future's result is the QoS granted, or a failed reason.

        Raises:
            ValueError: it is not a topic filter.
        """
        if not valid_filter(topic_filter):
            raise ValueError(f"{topic_filter[:80]!r} is not a topic filter")
        self._handlers[topic_filter] = (handler, qos)
        done: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._ask(topic_filter, qos, done)
        return done

    def on_action(self, action: str, handler: ActionHandler, *, repeatable: bool = False) -> None:
        """Do this action when it is asked (see `device.actions`); before `begin` or `start`, so that what an earlier life of the
        unit left is gone on with. `repeatable`: it can be begun anew after a crash in the middle."""
        self._actions.on(action, handler, repeatable=repeatable)
        if ACTIONS not in self._handlers:
            self.subscribe(ACTIONS, self._actions.heard)

    def _ask(self, topic_filter: str, qos: int, done: asyncio.Future[int]) -> None:
        self._next_subscribe = self._next_subscribe % 65_535 + 1
        self._asked[self._next_subscribe] = (topic_filter, done)
        if self._online and self._link is not None:
            self._write_subscribe(self._link, self._next_subscribe, topic_filter, qos)

    def _write_subscribe(self, link: Link, packet_id: int, topic_filter: str, qos: int) -> None:
        packet = Subscribe(packet_id=packet_id, subscriptions=(Subscription(filter=topic_filter, qos=qos),))
        link.write(encode(packet, link.version))

    def packet_received(self, packet: Packet) -> None:
        """From the link."""
        link = self._link
        if link is None:
            return
        match packet:
            case Connack():
                if self._answer is not None and not self._answer.done():
                    self._answer.set_result(packet)
            case Publish():
                self._hear(link, packet)
            case Puback() | Pubrec() | Pubcomp():
                self._settle(link, packet)
            case Pubrel():
                self._received.discard(packet.packet_id)
                link.write(encode(Pubcomp(packet_id=packet.packet_id), link.version))
            case Suback():
                _, done = self._asked.pop(packet.packet_id, ("", None))
                if done is not None and not done.done():
                    done.set_result(packet.reasons[0])
            case Disconnect():
                link.close()
            case Unsuback() | _:
                pass

    def _hear(self, link: Link, packet: Publish) -> None:
        if packet.qos != 2 or packet.packet_id not in self._received:
            for topic_filter, (handler, _) in list(self._handlers.items()):
                if matches(topic_filter, packet.topic):
                    handler(packet.topic, packet.payload)
        if packet.qos == 1:
            link.write(encode(Puback(packet_id=packet.packet_id), link.version))
        elif packet.qos == 2:
            self._received.add(packet.packet_id)
            link.write(encode(Pubrec(packet_id=packet.packet_id), link.version))

    def acknowledged(self, packet_id: int) -> None:
        """From the link: the common PUBACK."""
        sending = self._outbox.take(packet_id)
        if sending is not None:
            self._finish(sending, Reason.SUCCESS)

    def _settle(self, link: Link, packet: Puback | Pubrec | Pubcomp) -> None:
        sending = self._outbox.get(packet.packet_id)
        if isinstance(packet, Pubrec) and packet.reason < Reason.UNSPECIFIED_ERROR:
            if sending is not None:
                sending.released = True
                sending.payload = b""
            link.write(encode(Pubrel(packet_id=packet.packet_id), link.version))
        elif sending is not None:
            self._outbox.take(packet.packet_id)
            self._finish(sending, packet.reason if not isinstance(packet, Pubcomp) else Reason.SUCCESS)

    def received(self) -> None:
        """From the link: a read is handled, or the socket takes more again."""
        self._pump()

    def lost(self, link: Link, error: Exception | None) -> None:
        """From the link."""
        if link is not self._link:  # one we closed ourselves, and have replaced
            return
        self._offline()
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(Disconnected(f"The link was lost before it was accepted: {error or 'closed'}."))
        if self._gone is not None and not self._gone.done():
            self._gone.set_result(None)

    def _offline(self) -> None:
        self._link, self._online, self._window = None, False, 0

    # Connecting

    async def _stay_connected(self) -> None:
        loop = asyncio.get_running_loop()
        failures = 0
        while True:
            began = loop.time()
            try:
                await self._connect()
                self._tell_first(None)
                assert self._gone is not None
                await self._gone
                failures = 0 if loop.time() - began > _LASTED_SECONDS else failures + 1
            except Refused as error:
                if error.reason in PERMANENT or self._first is not None:
                    self._give_up(error)
                    return
                failures += 1
            except (OSError, TimeoutError, Disconnected) as error:
                if self._first is not None:
                    where = f"{self.address.host}:{self.address.port}"
                    self._give_up(Disconnected(f"{where} cannot be reached: {error or 'it does not answer'}."))
                    return
                failures += 1
            wait = min(self.options.wait_seconds * 2 ** min(failures, 16), self.options.wait_seconds_max)
            await asyncio.sleep(wait * self._random.uniform(0.5, 1.0))

    def _tell_first(self, error: MonokotoError | None) -> None:
        """Tell `start` how the first attempt went."""
        first, self._first = self._first, None
        if first is not None and not first.done():
            if error is None:
                first.set_result(None)
            else:
                first.set_exception(error)

    def _give_up(self, error: MonokotoError) -> None:
        self._refused = error
        self._offline()
        self._tell_first(error)
        self._moved()

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        self._answer, self._gone = loop.create_future(), loop.create_future()
        try:
            async with asyncio.timeout(self.options.connect_seconds):
                _, link = await loop.create_connection(
                    lambda: Link(self, self.options.version, PAYLOAD_BYTES_MAX * 2),
                    self.address.host,
                    self.address.port,
                    ssl=self._context,
                )
                self._link = link
                link.write(encode(self._hello()))
                connack = await self._answer
        except BaseException:
            if self._link is not None:
                self._link.close()
            self._offline()
            raise
        if connack.reason:
            link.close()
            self._offline()
            raise Refused(Reason(connack.reason), connack.properties.reason_string or "")
        self._accepted(link, connack)

    def _hello(self) -> Connect:
        options = self.options
        keep = options.session_seconds > 0
        expiry = options.session_seconds if keep and options.version == Version.V5 else None
        token = self._token or None
        return Connect(
            client_id=options.client_id,
            version=options.version,
            clean_start=not keep,
            keep_alive=options.keep_alive_seconds,
            username=token,
            will=options.will,
            properties=Properties(session_expiry_interval=expiry),
        )

    def _accepted(self, link: Link, connack: Connack) -> None:
        properties = connack.properties
        self.connects += 1
        self._online = True
        self._window = min(self.options.window, properties.receive_maximum or 65_535)
        self._packet_bytes_max = properties.maximum_packet_size or 0
        alive = properties.server_keep_alive
        link.keep_alive(self.options.keep_alive_seconds if alive is None else alive)
        if connack.session_present:
            self._resume(link)
        else:
            self._restart()
        for packet_id, (topic_filter, _) in self._asked.items():
            self._write_subscribe(link, packet_id, topic_filter, self._handlers[topic_filter][1])
        self._pump()

    def _resume(self, link: Link) -> None:
        for sending in self._outbox.resume():
            if sending.released:
                link.write(encode(Pubrel(packet_id=sending.packet_id), link.version))
            else:
                self._write(link, sending, dup=True)

    def _restart(self) -> None:
        self._received.clear()
        for sending in self._outbox.restart():
            self._finish(sending, Reason.SUCCESS)
        asked = {topic_filter for topic_filter, _ in self._asked.values()}
        for topic_filter in self._handlers.keys() - asked:
            self._next_subscribe = self._next_subscribe % 65_535 + 1
            self._asked[self._next_subscribe] = (topic_filter, asyncio.get_running_loop().create_future())
