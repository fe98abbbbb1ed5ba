"""How a message goes to each kind of receiver: a table of kinds."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, Protocol

import structlog

from monokoto.connect.webhooks import Attempt, HttpSender, headers_of
from monokoto.engines.mail import Message
from monokoto.kernel.clock import MICROSECONDS_PER_SECOND, Clock, Instant
from monokoto.kernel.errors import MonokotoError
from monokoto.operate.notifications.bodies import message_name, push_body, slack_body, teams_body, webhook_body
from monokoto.operate.notifications.notification import Outgoing
from monokoto.operate.notifications.push import GONE, Pusher
from monokoto.operate.notifications.receiver import Receiver, ReceiverKind
from monokoto.operate.notifications.receivers import PeopleToTell
from monokoto.operate.notifications.subscriptions import PushSubscription, PushSubscriptions
from monokoto.operate.notifications.texts import Reader, write
from monokoto.operate.rules import Severity

MAIL_SECONDS: Final = 24 * 3600
"""A mail that waits longer for the mail server is of no use any more."""
PUSH_SECONDS_MAX: Final = 20.0
"""For all browsers of one message together; shorter than a receiver is held by one process."""
_PUSHED_AT_ONCE: Final = 50
_log = structlog.get_logger(__name__)
_JSON: Final = {"content-type": "application/json"}


class Sends(Protocol):
    """Sends a message to a receiver."""

    async def send(self, receiver: Receiver, outgoing: Outgoing) -> Attempt:
        """What came of it; never raises for what a receiver does."""
        ...


class Channels:
    """As `Sends`, by mail, HTTP and web push. `post` puts a mail into the outbox; `address` is the platform's own."""

    def __init__(
        self,
        *,
        clock: Clock,
        sender: HttpSender,
        pusher: Pusher,
        subscriptions: PushSubscriptions,
        people: PeopleToTell,
        post: Callable[[Message], None],
        address: Callable[[], str],
    ) -> None:
        self._clock = clock
        self._sender = sender
        self._pusher = pusher
        self._subscriptions = subscriptions
        self._people = people
        self._post = post
        self._address = address
        self._kinds: Mapping[ReceiverKind, Callable[[Receiver, Outgoing], Awaitable[Attempt]]] = {
            ReceiverKind.MAIL: self._mail,
            ReceiverKind.WEBHOOK: self._webhook,
            ReceiverKind.SLACK: self._slack,
            ReceiverKind.TEAMS: self._teams,
            ReceiverKind.PERSON: self._person,
            ReceiverKind.PUSH: self._everybody,
        }

    async def send(self, receiver: Receiver, outgoing: Outgoing) -> Attempt:
        """As `Sends.send`."""
        try:
            return await self._kinds[receiver.kind](receiver, outgoing)
        except MonokotoError as error:
            return self._attempt(error.message)

    def _attempt(self, reason: str = "", *, status: int = 0) -> Attempt:
        return Attempt(at=self._clock.now(), milliseconds=0, status=status, reason=reason)

    async def _mail(self, receiver: Receiver, outgoing: Outgoing) -> Attempt:
        return await asyncio.to_thread(self._write, receiver.address, outgoing, _reader(receiver))

    def _write(self, to: str, outgoing: Outgoing, reader: Reader) -> Attempt:
        text = write(outgoing, reader, self._address())
        self._post(
            Message(
                to=to,
                subject=text.subject,
                text=text.body,
                kind="notification",
                until=Instant(self._clock.now() + MAIL_SECONDS * MICROSECONDS_PER_SECOND),
                name=message_name(outgoing.id),
                owner_id=outgoing.organisation_id,
            )
        )
        return self._attempt()

    async def _webhook(self, receiver: Receiver, outgoing: Outgoing) -> Attempt:
        now = self._clock.now()
        body = webhook_body(outgoing, write(outgoing, _reader(receiver), self._address()), now)
        signed = headers_of([receiver.secret], message_name(outgoing.id), now // MICROSECONDS_PER_SECOND, body)
        return await self._sender.post(receiver.url, headers={**_JSON, **signed}, body=body)

    async def _slack(self, receiver: Receiver, outgoing: Outgoing) -> Attempt:
        body = slack_body(write(outgoing, _reader(receiver), self._address()))
        return await self._sender.post(receiver.url, headers=_JSON, body=body)

    async def _teams(self, receiver: Receiver, outgoing: Outgoing) -> Attempt:
        body = teams_body(write(outgoing, _reader(receiver), self._address()))
        return await self._sender.post(receiver.url, headers=_JSON, body=body)

    async def _person(self, receiver: Receiver, outgoing: Outgoing) -> Attempt:
        """In their browsers and by mail. The mail decides: what a browser does not take is not sent twice by mail."""
        found = await asyncio.to_thread(self._people.addressee, receiver.organisation_id, receiver.person_id)
        if found is None:
            return self._attempt("They are not a member any more.")
        reader = Reader(found.locale, found.time_zone, receiver.name)
        pushed = self._attempt("No way to tell them is chosen.")
        if "push" in receiver.channels:
            browsers = await asyncio.to_thread(self._subscriptions.list, receiver.organisation_id, receiver.person_id)
            pushed = await self._push([(one, reader) for one in browsers], outgoing)
        if "mail" in receiver.channels:
            return await asyncio.to_thread(self._write, found.email, outgoing, reader)
        return pushed

    async def _everybody(self, receiver: Receiver, outgoing: Outgoing) -> Attempt:
        """In every browser of a member, each in its person's language."""
        told = await asyncio.to_thread(self._browsers, receiver)
        return await self._push(told, outgoing)

    def _browsers(self, receiver: Receiver) -> list[tuple[PushSubscription, Reader]]:
        readers: dict[int, Reader | None] = {}
        told = []
        for one in self._subscriptions.list(receiver.organisation_id):
            if one.person_id not in readers:
                found = self._people.addressee(receiver.organisation_id, one.person_id)
                readers[one.person_id] = None if found is None else Reader(found.locale, found.time_zone, receiver.name)
            if (reader := readers[one.person_id]) is not None:
                told.append((one, reader))
        return told

    async def _push(self, told: list[tuple[PushSubscription, Reader]], outgoing: Outgoing) -> Attempt:
        """To all of them; taken when one took it. What is sent again is shown once, by its tag."""
        if not told:
            return self._attempt("No browser is subscribed.")
        key = await asyncio.to_thread(self._subscriptions.key)
        room = asyncio.Semaphore(_PUSHED_AT_ONCE)
        severity = outgoing.items[0].content.severity if outgoing.items else Severity.WARNING

        async def one(subscription: PushSubscription, reader: Reader) -> Attempt:
            body = push_body(outgoing, write(outgoing, reader, self._address()))
            async with room:
                attempt = await self._pusher.push(
                    subscription, body, key, name=message_name(outgoing.id), severity=severity
                )
            if attempt.status in GONE:
                await asyncio.to_thread(self._subscriptions.forget, subscription)
            return attempt

        tasks = [asyncio.create_task(one(*each)) for each in told]
        try:
            done, late = await asyncio.wait(tasks, timeout=PUSH_SECONDS_MAX)
        finally:
            for task in tasks:
                task.cancel()
        if not done:
            return self._attempt(f"No push service answered within {PUSH_SECONDS_MAX:g} s.")
        if late:
            _log.warning("browsers_not_told", browsers=len(late))
        attempts = [task.result() for task in done]
        best = next((each for each in attempts if each.taken), attempts[0])
        # 410 of one browser is not the end of the receiver.
        return self._attempt(best.reason) if best.status in GONE else best


def _reader(receiver: Receiver) -> Reader:
    return Reader(receiver.locale, receiver.time_zone, receiver.name)
