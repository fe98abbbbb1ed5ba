"""Delivering: each receiver has its own queue and its own task; one that is slow or dead holds up nobody but itself.

A receiver is served one event at a time, so that events come in the order they happened unless one fails: that one is tried
again by the schedule, and the others go on. A receiver that fails as such (no answer, 5xx, twice in a row) rests a little,
whatever waits for it. Receivers that failed last time or were slow share a lane of their own, so that a hundred dead ones
cannot take the places of the living.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import structlog

from monokoto.connect.webhooks import store
from monokoto.connect.webhooks.event import Event, Happening
from monokoto.connect.webhooks.schedule import delay_seconds, rest_seconds
from monokoto.connect.webhooks.sender import GONE, Sender
from monokoto.connect.webhooks.service import Webhooks
from monokoto.connect.webhooks.webhook import (
    FAILING_SECONDS_MAX,
    Attempt,
    Delivery,
    DeliveryState,
    Webhook,
    WebhookState,
)
from monokoto.kernel.clock import MICROSECONDS_PER_SECOND, Instant, format_instant
from monokoto.kernel.errors import MonokotoError
from monokoto.kernel.ids import format_id

LOOK_SECONDS: Final = 1.0
PRUNE_SECONDS: Final = 3600.0
FAST_LANE: Final = 200
SLOW_LANE: Final = 100
SLOW_MILLISECONDS: Final = 2_000
HOLD_SECONDS: Final = 30.0
"""How long a receiver waits for a process that died while it served it; longer than any attempt takes."""
_TAKEN_AT_ONCE: Final = 20
_log = structlog.get_logger(__name__)

Notice = Callable[[Webhook], Awaitable[None]]
"""Told of a receiver that was switched off."""


@dataclass(frozen=True, slots=True)
class _Judged:
    """What an attempt makes of a delivery and of its receiver."""

    delivery: Delivery
    changes: dict[str, Any]
    disabled: str = ""
    rests: bool = False


class Deliverer:
    """Delivers until stopped. `deliver_due` is one round by itself, for whoever owns the time."""

    def __init__(
        self,
        webhooks: Webhooks,
        sender: Sender,
        *,
        notice: Notice | None = None,
        seed: int | None = None,
        hold_seconds: float = HOLD_SECONDS,
    ) -> None:
        self._webhooks = webhooks
        self._sender = sender
        self._notice = notice
        self._random = random.Random(seed)
        self._hold_microseconds = round(hold_seconds * MICROSECONDS_PER_SECOND)
        self._holder = secrets.token_hex(16)
        self._serving: dict[int, asyncio.Task[None]] = {}
        self._slow: set[int] = set()
        self._lanes = {False: asyncio.Semaphore(FAST_LANE), True: asyncio.Semaphore(SLOW_LANE)}
        self._awake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    # Life

    async def start(self) -> None:
        """Begin to deliver."""
        loop = asyncio.get_running_loop()

        def signal() -> None:
            loop.call_soon_threadsafe(self._awake.set)

        self._webhooks.signal = signal
        self._tasks = [
            asyncio.create_task(self._run(), name="webhooks"),
            asyncio.create_task(self._prune(), name="webhooks-prune"),
        ]

    async def stop(self) -> None:
        """End the attempts under way; what they would have said is asked again by the next process."""
        self._webhooks.signal = lambda: None
        for task in [*self._tasks, *self._serving.values()]:
            task.cancel()
        await asyncio.gather(*self._tasks, *self._serving.values(), return_exceptions=True)
        self._tasks = []

    async def _run(self) -> None:
        while True:
            self._awake.clear()
            try:
                await self._look()
            except MonokotoError as error:
                _log.warning("webhooks_wait", reason=error.message)
            except Exception:
                _log.exception("webhooks_failed")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._awake.wait()

    async def _prune(self) -> None:
        while True:
            try:
                await asyncio.to_thread(self._webhooks.prune)
            except MonokotoError as error:
                _log.warning("webhooks_not_pruned", reason=error.message)
            await asyncio.sleep(PRUNE_SECONDS)

    async def deliver_due(self) -> None:
        """Serve everybody for whom something is due now, and wait for the end of it."""
        await self._look()
        while self._serving:
            await asyncio.gather(*self._serving.values())

    async def _look(self) -> None:
        now = self._webhooks.clock.now()
        for webhook in await asyncio.to_thread(self._read_due, now):
            if webhook.id not in self._serving:
                task = asyncio.create_task(self._serve(webhook), name=f"webhook {format_id(webhook.id)}")
                self._serving[webhook.id] = task
                task.add_done_callback(lambda _done, webhook_id=webhook.id: self._serving.pop(webhook_id, None))  # type: ignore[misc]

    def _read_due(self, now: int) -> list[Webhook]:
        with self._webhooks.records.read() as connection:
            return store.read_due(connection, now)

    # One receiver

    async def _serve(self, webhook: Webhook) -> None:
        try:
            while True:
                found = await asyncio.to_thread(self._take, webhook)
                if found is None:
                    return
                webhook, waiting = found
                for delivery, event in waiting:
                    webhook, goes_on = await self._deliver(webhook, delivery, event)
                    if not goes_on:
                        return
        except MonokotoError as error:
            _log.warning("webhook_waits", webhook=format_id(webhook.id), reason=error.message)
        except Exception:
            _log.exception("webhook_failed", webhook=format_id(webhook.id))
        finally:
            with contextlib.suppress(MonokotoError):
                await asyncio.shield(asyncio.to_thread(self._let_go, webhook))

    def _take(self, webhook: Webhook) -> tuple[Webhook, list[tuple[Delivery, Event]]] | None:
        """The receiver as it is now with what is due; None when nothing is, or another process serves it."""
        now = self._webhooks.clock.now()
        with self._webhooks.records.write() as connection:
            if not store.hold(connection, webhook, self._holder, now=now, until=now + self._hold_microseconds):
                return None
            fresh = store.read_webhook(connection, webhook.organisation_id, webhook.id)
            if fresh.state is not WebhookState.ENABLED or fresh.rest_until > now:
                return None
            waiting = store.read_next(connection, fresh, now, limit=_TAKEN_AT_ONCE)
            return (fresh, waiting) if waiting else None

    def _let_go(self, webhook: Webhook) -> None:
        with self._webhooks.records.write() as connection:
            store.hold(connection, webhook, self._holder, now=0, until=0)

    async def _deliver(self, webhook: Webhook, delivery: Delivery, event: Event) -> tuple[Webhook, bool]:
        """One attempt; the receiver after it, and whether to go on with it now."""
        async with self._lanes[webhook.id in self._slow]:
            attempt = await self._sender.send(webhook, event)
        if attempt.taken and attempt.milliseconds < SLOW_MILLISECONDS:
            self._slow.discard(webhook.id)
        else:
            self._slow.add(webhook.id)
        judged = self._judge(webhook, delivery, attempt)
        if not await asyncio.to_thread(self._write, webhook, judged, attempt):
            return webhook, False
        webhook = replace(webhook, **{key: judged.changes[key] for key in _COUNTED if key in judged.changes})
        if judged.disabled:
            await self._disable(webhook, judged.disabled)
        # Look at the receiver again: it may have been paused or given another secret meanwhile.
        return webhook, not judged.disabled and not judged.rests

    def _judge(self, webhook: Webhook, delivery: Delivery, attempt: Attempt) -> _Judged:
        """What an attempt makes of both; rules alone."""
        now = self._webhooks.clock.now()
        tried = replace(delivery, attempts=delivery.attempts + 1, status=attempt.status, reason=attempt.reason)
        if attempt.taken:
            settled = replace(tried, state=DeliveryState.DELIVERED, settled_at=now)
            return _Judged(settled, {"succeeded_at": now, "failing_since": None, "failures": 0, "rest_until": 0})
        failing_since = webhook.failing_since or now
        failures = webhook.failures + 1
        # A 4xx is about this event; no answer, 5xx and 429 are about the receiver.
        about_receiver = not 400 <= attempt.status < 500 or attempt.status == 429
        rest = max(rest_seconds(failures), min(attempt.retry_after, 300.0)) if about_receiver else 0.0
        changes = {
            "failing_since": failing_since,
            "failures": failures,
            "rest_until": now + round(rest * MICROSECONDS_PER_SECOND) if rest else 0,
        }
        delay = delay_seconds(tried.attempts, self._random, retry_after=attempt.retry_after)
        if delay is None:
            failed = replace(tried, state=DeliveryState.DEAD, settled_at=now)
        else:
            failed = replace(tried, next_at=Instant(now + round(delay * MICROSECONDS_PER_SECOND)))
        disabled = ""
        if attempt.status == GONE:
            disabled = "It said it is gone (410)."
        elif now - failing_since > FAILING_SECONDS_MAX * MICROSECONDS_PER_SECOND:
            disabled = f"It has taken nothing since {format_instant(failing_since)}: {attempt.reason}"
        return _Judged(failed, changes, disabled, rests=bool(rest))

    def _write(self, webhook: Webhook, judged: _Judged, attempt: Attempt) -> bool:
        """False when the receiver is another process's by now, or nobody's any more."""
        now = self._webhooks.clock.now()
        with self._webhooks.records.write() as connection:
            if not store.hold(connection, webhook, self._holder, now=now, until=now + self._hold_microseconds):
                return False
            store.settle(connection, webhook.organisation_id, judged.delivery, attempt, judged.changes)
            return True

    async def _disable(self, webhook: Webhook, reason: str) -> None:
        await asyncio.to_thread(self._switch_off, webhook, reason)
        self._webhooks.forget()
        _log.warning("webhook_disabled", webhook=format_id(webhook.id), reason=reason)
        if self._notice is not None:
            await self._notice(replace(webhook, state=WebhookState.DISABLED, reason=reason))

    def _switch_off(self, webhook: Webhook, reason: str) -> None:
        now = self._webhooks.clock.now()
        with self._webhooks.records.write() as connection:
            store.switch_off(connection, webhook, reason, now)
        self._webhooks.forget()
        data = {"webhook": format_id(webhook.id), "name": webhook.name, "reason": reason}
        happening = Happening(key=f"{webhook.id}:{now}", at=now, data=data)
        self._webhooks.tell(webhook.organisation_id, "webhook.disabled", [happening])

    async def ping(self, webhook: Webhook) -> Attempt:
        """Post a test event now and say what came of it; nothing is kept of it."""
        return await self._sender.send(webhook, self._webhooks.ping_event(webhook))


_COUNTED = ("failing_since", "failures", "rest_until", "succeeded_at")
