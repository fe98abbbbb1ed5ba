"""Delivering: each receiver has its own queue and its own task; one that is slow or dead holds up nobody but itself.

What is due for a receiver becomes a message before it is sent, and the message is kept: sent again after a crash or a failure it
has the same id and says the same. So a message comes twice only where the receiver's answer was lost.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
import structlog

from monokoto.connect.webhooks import Attempt
from monokoto.engines.records import Records
from monokoto.kernel.clock import MICROSECONDS_PER_SECOND, Clock, Instant
from monokoto.kernel.errors import MonokotoError
from monokoto.kernel.ids import format_id, new_id
from monokoto.kernel.limits import NOTIFICATIONS_IN_MESSAGE_MAX, NOTIFICATIONS_NAMED_MAX
from monokoto.operate.notifications import store
from monokoto.operate.notifications.channels import Sends
from monokoto.operate.notifications.news import AlertState, AlertsToTell
from monokoto.operate.notifications.notification import (
    Notification,
    NotificationState,
    Outgoing,
    withdrawn_because,
)
from monokoto.operate.notifications.pace import Bucket, delay_seconds, rest_seconds
from monokoto.operate.notifications.receiver import POSTED, Receiver, ReceiverState
from monokoto.operate.notifications.receivers import switch_off
from monokoto.operate.notifications.tables import receivers
from monokoto.operate.notifications.timing import Sorted, chosen, sort_out

LOOK_SECONDS: Final = 1.0
FAST_LANE: Final = 50
SLOW_LANE: Final = 50
SLOW_MILLISECONDS: Final = 2_000
HOLD_SECONDS: Final = 30.0
"""How long a receiver waits for a process that died while it served it; longer than any message takes."""
GONE: Final = 410
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Again:
    """Nothing to send at this moment, but look once more."""


class Deliverer:
    """Delivers until stopped. `deliver_due` is one round by itself, for whoever owns the time."""

    def __init__(
        self,
        records: Records,
        clock: Clock,
        alerts: AlertsToTell,
        channels: Sends,
        *,
        seed: int | None = None,
        hold_seconds: float = HOLD_SECONDS,
    ) -> None:
        self._records = records
        self._clock = clock
        self._alerts = alerts
        self._channels = channels
        self._random = random.Random(seed)
        self._hold_microseconds = round(hold_seconds * MICROSECONDS_PER_SECOND)
        self._holder = secrets.token_hex(16)
        self._serving: dict[int, asyncio.Task[None]] = {}
        self._slow: set[int] = set()
        self._lanes = {False: asyncio.Semaphore(FAST_LANE), True: asyncio.Semaphore(SLOW_LANE)}
        self._awake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.signal: Callable[[], None] = lambda: None
        """Something is to be sent: look soon. May be called from any thread."""

    # Life

    async def start(self) -> None:
        """Begin to deliver."""
        loop = asyncio.get_running_loop()

        def signal() -> None:
            loop.call_soon_threadsafe(self._awake.set)

        self.signal = signal
        self._task = asyncio.create_task(self._run(), name="notifications")

    async def stop(self) -> None:
        """End the attempts under way; what they would have said is asked again by the next process."""
        self.signal = lambda: None
        tasks = [*([self._task] if self._task else []), *self._serving.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._task = None

    async def _run(self) -> None:
        while True:
            self._awake.clear()
            try:
                await self._look()
            except MonokotoError as error:
                _log.warning("notifications_wait", reason=error.message)
            except Exception:
                _log.exception("notifications_failed")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._awake.wait()

    async def deliver_due(self) -> None:
        """Serve everybody for whom something is due now, and wait for the end of it."""
        await self._look()
        while self._serving:
            await asyncio.gather(*self._serving.values())

    async def _look(self) -> None:
        for receiver in await asyncio.to_thread(self._read_due):
            if receiver.id not in self._serving:
                task = asyncio.create_task(self._serve(receiver), name=f"receiver {format_id(receiver.id)}")
                self._serving[receiver.id] = task
                task.add_done_callback(lambda _done, served=receiver.id: self._serving.pop(served, None))  # type: ignore[misc]

    def _read_due(self) -> list[Receiver]:
        with self._records.read() as connection:
            return store.read_due_receivers(connection, self._clock.now())

    # One receiver

    async def _serve(self, receiver: Receiver) -> None:
        try:
            while True:
                found = await asyncio.to_thread(self._take, receiver)
                if found is None:
                    return
                if isinstance(found, _Again):
                    continue
                fresh, outgoing = found
                async with self._lanes[receiver.id in self._slow]:
                    attempt = await self._channels.send(fresh, outgoing)
                slow = not attempt.taken or attempt.milliseconds >= SLOW_MILLISECONDS
                (self._slow.add if slow else self._slow.discard)(receiver.id)
                if not await asyncio.to_thread(self._settle, fresh, outgoing, attempt):
                    return
        except MonokotoError as error:
            _log.warning("receiver_waits", receiver=format_id(receiver.id), reason=error.message)
        except Exception:
            _log.exception("receiver_failed", receiver=format_id(receiver.id))
        finally:
            with contextlib.suppress(MonokotoError):
                await asyncio.shield(asyncio.to_thread(self._let_go, receiver))

    def _let_go(self, receiver: Receiver) -> None:
        with self._records.write() as connection:
            store.hold(connection, receiver, self._holder, now=0, until=0)

    def _take(self, receiver: Receiver) -> tuple[Receiver, Outgoing] | _Again | None:
        """The receiver as it is now and the next message for it; None: there is none, or another process serves it."""
        now = self._clock.now()
        with self._records.read() as connection:
            formed = store.next_formed(connection, receiver, now)
            if formed is None:
                due = store.read_due(connection, receiver, now, NOTIFICATIONS_IN_MESSAGE_MAX)
            else:
                limit = NOTIFICATIONS_NAMED_MAX
                due, count = store.read_message(connection, receiver.organisation_id, formed, limit=limit)
        if not due:
            return None
        # Outside of the transaction: alerts have records of their own to read, and acknowledgements may be many.
        states = self._alerts.state(sorted({one.alert_id for one in due}))
        with self._records.write() as connection:
            if not store.hold(connection, receiver, self._holder, now=now, until=now + self._hold_microseconds):
                return None
            fresh = store.read_receiver(connection, receiver.organisation_id, receiver.id, lock=True)
            if fresh.state is not ReceiverState.ENABLED or fresh.rest_until > now:
                return None
            if formed is not None:
                return self._sent_again(connection, fresh, formed, due, count, states)
            return self._form(connection, fresh, sort_out(fresh, due, states, now), now)

    def _sent_again(
        self,
        connection: sa.Connection,
        receiver: Receiver,
        message_id: int,
        items: Sequence[Notification],
        count: int,
        states: Mapping[int, AlertState],
    ) -> tuple[Receiver, Outgoing] | _Again:
        """A message that was made before; withdrawn when there is nothing in it that is still to be told."""
        reasons = [withdrawn_because(one, states.get(one.alert_id)) for one in items]
        if count == len(items) and all(reasons):
            values = {"state": NotificationState.WITHDRAWN.value, "reason": reasons[0], "settled_at": self._clock.now()}
            store.change_some(connection, receiver.organisation_id, [one.id for one in items], values)
            return _Again()
        return receiver, self._outgoing(receiver, message_id, items, count)

    def _form(
        self, connection: sa.Connection, receiver: Receiver, found: Sorted, now: Instant
    ) -> tuple[Receiver, Outgoing] | _Again | None:
        organisation_id = receiver.organisation_id
        for reason, ids in found.withdrawn.items():
            values = {"state": NotificationState.WITHDRAWN.value, "reason": reason, "settled_at": now}
            store.change_some(connection, organisation_id, ids, values)
        for until, ids in found.held.items():
            store.change_some(connection, organisation_id, ids, {"due_at": until})
        if not found.ready:
            return _Again() if found.held or found.withdrawn else None
        mine = store.receiver_of(organisation_id, receiver.id)
        bucket = receiver.bucket.refilled(receiver.pace, now)
        if bucket.tokens < 1:
            rest = receivers.update().where(mine).values(rest_until=bucket.next_at(receiver.pace))
            connection.execute(rest)
            return None
        some = chosen(found)
        message_id = new_id()
        store.change_some(connection, organisation_id, [one.id for one in some], {"message_id": message_id})
        spent = Bucket(bucket.tokens - 1, bucket.at)
        kept: dict[str, Any] = {"tokens": spent.tokens, "tokens_at": spent.at}
        if found.together or receiver.digest is None:
            kept["last_sent_at"] = now
        connection.execute(receivers.update().where(mine).values(**kept))
        return receiver, self._outgoing(receiver, message_id, some[:NOTIFICATIONS_NAMED_MAX], len(some))

    def _outgoing(self, receiver: Receiver, message_id: int, items: Sequence[Notification], count: int) -> Outgoing:
        return Outgoing(id=message_id, organisation_id=receiver.organisation_id, items=tuple(items), count=count)

    def _settle(self, receiver: Receiver, outgoing: Outgoing, attempt: Attempt) -> bool:
        """Note what came of it; whether to go on with the receiver now."""
        now = self._clock.now()
        values: dict[str, Any] = {"status": attempt.status, "reason": attempt.reason}
        kept: dict[str, Any] = {"failures": 0, "succeeded_at": now}
        gone = attempt.status == GONE and receiver.kind in POSTED
        if attempt.taken and receiver.by_mail:
            values |= {"state": NotificationState.OUTBOX.value}
        elif attempt.taken:
            values |= {"state": NotificationState.SENT.value, "settled_at": now}
        else:
            delay = delay_seconds(outgoing.items[0].attempts + 1, self._random, retry_after=attempt.retry_after)
            if delay is None or gone:
                values |= {"state": NotificationState.DEAD.value, "settled_at": now}
            else:
                values |= {"due_at": now + round(delay * MICROSECONDS_PER_SECOND)}
            rest = max(rest_seconds(receiver.failures + 1), min(attempt.retry_after, 300.0))
            kept = {
                "failures": receiver.failures + 1,
                "rest_until": now + round(rest * MICROSECONDS_PER_SECOND) if rest else 0,
            }
        with self._records.write() as connection:
            if not store.hold(connection, receiver, self._holder, now=now, until=now + self._hold_microseconds):
                return False
            store.settle_message(connection, receiver.organisation_id, outgoing.id, values)
            mine = store.receiver_of(receiver.organisation_id, receiver.id)
            connection.execute(receivers.update().where(mine).values(**kept))
        if gone:
            switch_off(self._records, receiver, "It said it is gone (410).", now)
            _log.warning("receiver_disabled", receiver=format_id(receiver.id))
        return not gone and not kept.get("rest_until")

    async def test(self, receiver: Receiver) -> Attempt:
        """Send a message by hand now and say what came of it; nothing is kept of it."""
        outgoing = Outgoing(id=new_id(), organisation_id=receiver.organisation_id, items=(), count=0)
        return await self._channels.send(receiver, outgoing)
