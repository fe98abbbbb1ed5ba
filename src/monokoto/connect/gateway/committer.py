"""Group commit: what all connections send is gathered into one log entry per partition, and acknowledged after it is kept.

A commit starts at once when none was started for `linger` seconds, so a quiet gateway adds no wait; under load it starts
every `linger` seconds, or as soon as `bytes_max` wait, so that one fsync pays for thousands of messages. Where many units each
wait for their last acknowledgement before they send again, it starts almost at once: when the last commit was worth its
cost and the log has nothing to do. Several commits
are under way at a time; acknowledgements go out in the order of the commits, whatever the order of the log's answers
(MQTT-4.6.0-2). An append that fails is tried again under the same message id, oldest first and one at a time, while no
new commit starts: a restart of the log costs time, and neither loss nor doubles. What cannot be kept within
`patience` seconds is given up: its senders are closed without an acknowledgement and send again.

Refused: a fixed tick (latency-bound when quiet: 19,000 messages/s with one in flight), one append per message (an fsync
each), a queue of message objects (columns cost a third).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from monokoto.connect.gateway.commit import Route, encode_commit
from monokoto.connect.gateway.counters import Counters
from monokoto.connect.gateway.partitions import partition_of
from monokoto.engines.log import Log
from monokoto.kernel.clock import Clock
from monokoto.kernel.errors import TooLarge, Unavailable
from monokoto.kernel.ids import format_id, new_id
from monokoto.kernel.limits import LOG_PATIENCE_SECONDS, LOG_WAITING_BYTES_MAX

COMMITS_UNDER_WAY_MAX = 8
WORTH_IT = 80  # records that pay for a commit (some 0.3 ms of CPU) however soon it follows the last one
SHORT_LINGER_SECONDS = 0.0005  # what those that were just acknowledged need to send again
_RECORD_BYTES = 13  # unit, route and length of one record
_COMMIT_BYTES = 16
_RETRY_SECONDS_MAX = 1.0
_ARRIVED_STEP = 1_000  # microseconds; see commit.py


class Acks:
    """What one sender is owed when a commit is kept: ready packets, and how many publishes they answer."""

    __slots__ = ("chunks", "count", "recorded")

    def __init__(self) -> None:
        self.chunks: list[bytes] = []
        self.count = 0
        self.recorded: list[int] | None = None
        """Packet identifiers of QoS 2 messages: their PUBREC follows when the session remembers them."""


class Sender(Protocol):
    """A connection whose publishes are in a commit."""

    def acknowledge(self, acks: Acks) -> None:
        """They are kept: send the acknowledgements."""
        ...

    def abandon(self) -> None:
        """They could not be kept: close without acknowledging."""
        ...


class Pending:
    """What waits for the next commit of one partition. The hot path fills the columns by itself, then calls `arm`."""

    __slots__ = ("acks", "futures", "partition", "payloads", "routes", "units")

    def __init__(self, partition: int) -> None:
        self.partition = partition
        self.clear()

    def clear(self) -> None:
        """Begin anew, with fresh lists: the old ones belong to the commit."""
        self.units: list[int] = []
        self.routes = bytearray()
        self.payloads: list[bytes] = []
        self.acks: dict[Sender, Acks] = {}
        self.futures: list[asyncio.Future[None]] = []

    def owed(self, sender: Sender) -> Acks:
        """Where to put the sender's acknowledgements."""
        acks = self.acks.get(sender)
        if acks is None:
            acks = self.acks[sender] = Acks()
        return acks


@dataclass(slots=True, eq=False)
class _Commit:
    """One commit under way."""

    subject: str
    message_id: str
    body: bytes | None
    """None: nothing but acknowledgements, which wait for the commits before."""
    before: _Commit | None
    """The piece in front of this one, where one body would have passed the log's limit: its failure is this one's."""
    acks: dict[Sender, Acks]
    futures: list[asyncio.Future[None]]
    deadline: float
    bytes: int
    settled: bool = False
    error: Unavailable | None = None
    first: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when every earlier commit is settled."""


class Committer:
    """Gathers records and keeps them. Everything here runs on one event loop; nothing is safe from threads."""

    def __init__(
        self,
        log: Log,
        clock: Clock,
        *,
        partitions: int = 1,
        linger_ms: float = 4.0,
        bytes_max: int = 900_000,
        waiting_bytes_max: int = LOG_WAITING_BYTES_MAX,
        patience_seconds: float = LOG_PATIENCE_SECONDS,
        counters: Counters | None = None,
    ) -> None:
        self._log = log
        self._clock = clock
        self._linger = linger_ms / 1000
        self._patience = patience_seconds
        self._waiting_bytes_max = waiting_bytes_max
        self._name = format_id(new_id())
        self._number = 0
        self._arrived = 0
        self._loop = asyncio.get_running_loop()
        self._started = 0.0
        self._last_records = 0
        self._timer: asyncio.TimerHandle | asyncio.Handle | None = None
        self._under_way: deque[_Commit] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._troubled = 0
        self._ended = False
        self._under_way_bytes = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._pendings = tuple(Pending(partition) for partition in range(partitions))
        self.counters = counters or Counters()
        self.bytes_max = min(bytes_max, waiting_bytes_max // 2)
        self.bytes = 0
        """Bytes received since the last commit; the hot path adds to it."""
        self.armed = False
        """Whether a commit is on its way for what waits; when not, the hot path calls `arm`."""
        self.stalled = False
        """More waits than may: read no sockets, refuse requests."""
        self.when_stalled: Callable[[bool], None] = lambda _stalled: None
        """Called when `stalled` changes."""

    def pending(self, unit_id: int) -> Pending:
        """Where this unit's records wait."""
        return self._pendings[partition_of(unit_id, len(self._pendings))]

    @property
    def troubled(self) -> bool:
        """Whether the log did not take a commit at the last try."""
        return self._troubled > 0

    @property
    def payload_bytes_max(self) -> int:
        """The largest payload `submit` takes."""
        return self._log.body_bytes_max - _RECORD_BYTES - _COMMIT_BYTES

    def submit(self, unit_id: int, route: Route, payload: bytes) -> asyncio.Future[None]:
        """One record; the future is done when it is kept.

        Raises (from the future too):
            Unavailable: the log does not keep up or is away.
            TooLarge: the payload is over `payload_bytes_max`.
        """
        if self.stalled:
            raise Unavailable("The log does not keep up with what arrives.", remedy="Send it again in a second.")
        if len(payload) > self.payload_bytes_max:
            raise TooLarge(f"One record may hold {self.payload_bytes_max} bytes, this one has {len(payload)}.")
        future: asyncio.Future[None] = self._loop.create_future()
        pending = self.pending(unit_id)
        pending.units.append(unit_id)
        pending.routes.append(route)
        pending.payloads.append(payload)
        pending.futures.append(future)
        self.bytes += len(payload)
        self.arm()
        return future

    def arm(self) -> None:
        """See to it that what waits is committed soon. Called after anything was added."""
        if self._under_way_bytes + self.bytes > self._waiting_bytes_max and not self.stalled:
            self._stall(True)
        if self.armed:
            if self.bytes > self.bytes_max and self._may_start:
                self._commit()
            return
        self.armed = True
        wait = self._started + self._linger - self._loop.time()
        if self._last_records >= WORTH_IT and not self._under_way:
            wait = min(wait, SHORT_LINGER_SECONDS)
        self._timer = self._loop.call_later(wait, self._tick) if wait > 0 else self._loop.call_soon(self._tick)

    async def drain(self) -> None:
        """Return when nothing waits and nothing is under way."""
        while (self.armed or self._under_way) and not self._ended:
            if self.armed and self._may_start:
                self._commit()
            await self._idle.wait()
            await asyncio.sleep(0)

    @property
    def _may_start(self) -> bool:
        return len(self._under_way) < COMMITS_UNDER_WAY_MAX and not self._troubled and not self._ended

    def _tick(self) -> None:
        self._timer = None
        if self._may_start:
            self._commit()
        # Otherwise the next commit to settle starts it.

    def _commit(self) -> None:
        """Start a commit for every partition that has something waiting."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._started = self._loop.time()
        self.armed = False
        share = self.bytes
        self.bytes = 0
        for pending in self._pendings:
            if pending.payloads or pending.acks:
                self._start(pending, share)
                share = 0  # bytes are counted over all partitions; the first commit carries them
        if not self._under_way:
            self._idle.set()

    def _start(self, pending: Pending, share: int) -> None:
        units, routes, payloads, acks, futures = (
            pending.units,
            pending.routes,
            pending.payloads,
            pending.acks,
            pending.futures,
        )
        pending.clear()
        self._idle.clear()
        self._under_way_bytes += share
        entries = self._bodies(units, routes, payloads, share) or [("", None)]
        commit = None
        for index, (message_id, body) in enumerate(entries):
            last = index == len(entries) - 1
            commit = _Commit(
                subject=f"line.{pending.partition}",
                message_id=message_id,
                body=body,
                before=commit,
                acks=acks if last else {},
                futures=futures if last else [],
                deadline=self._started + self._patience,
                bytes=share if last else 0,
            )
            if not self._under_way:
                commit.first.set()
            self._under_way.append(commit)
            task = self._loop.create_task(self._keep(commit))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        self.counters.commits += 1
        self.counters.records += len(payloads)
        self._last_records = len(payloads)

    def _bodies(
        self, units: Sequence[int], routes: Sequence[int], payloads: Sequence[bytes], share: int
    ) -> list[tuple[str, bytes | None]]:
        """The entries of one commit: one, unless it would pass the log's limit."""
        if not payloads:
            return []
        limit = self._log.body_bytes_max
        if share + _RECORD_BYTES * len(units) + _COMMIT_BYTES <= limit:
            return [self._entry(units, routes, payloads)]
        entries: list[tuple[str, bytes | None]] = []
        start, size = 0, _COMMIT_BYTES
        for index, payload in enumerate(payloads):
            more = len(payload) + _RECORD_BYTES
            if size + more > limit and index > start:
                entries.append(self._entry(units[start:index], routes[start:index], payloads[start:index]))
                start, size = index, _COMMIT_BYTES
            size += more
        entries.append(self._entry(units[start:], routes[start:], payloads[start:]))
        return entries

    def _entry(
        self, units: Sequence[int], routes: Sequence[int], payloads: Sequence[bytes]
    ) -> tuple[str, bytes | None]:
        arrived = -(-max(self._clock.now(), self._arrived) // _ARRIVED_STEP) * _ARRIVED_STEP
        self._arrived = arrived + len(units)
        self._number += 1
        body = encode_commit(units, routes, payloads, arrived=arrived)
        self.counters.committed_bytes += len(body)
        return f"{self._name}-{self._number}", body

    async def _keep(self, commit: _Commit) -> None:
        """Append the commit's entry, however long it takes within the patience; then settle."""
        wait, troubled, body = 0.02, False, commit.body
        try:
            while body is not None:
                try:
                    await self._log.append(commit.subject, body, message_id=commit.message_id)
                    body = None
                except Unavailable as error:
                    if self._loop.time() > commit.deadline:
                        commit.error = error
                        return
                    if not troubled:
                        troubled = True
                        self._troubled += 1
                    self.counters.retries += 1
                    await commit.first.wait()
                    await asyncio.sleep(wait)
                    wait = min(wait * 2, _RETRY_SECONDS_MAX)
        except Exception as error:  # an engine's own fault must not leave senders waiting for ever
            commit.error = Unavailable(f"The log failed: {error}")
        finally:
            if body is not None and commit.error is None:  # cancelled while the process ends
                commit.error = Unavailable("The gateway stopped.")
                self._ended = True
            self._troubled -= troubled
            commit.settled = True
            self._settle()

    def _settle(self) -> None:
        """Answer the senders of the oldest commits that are through, in order, and start what waits."""
        under_way = self._under_way
        while under_way and under_way[0].settled:
            commit = under_way.popleft()
            self._under_way_bytes -= commit.bytes
            if commit.before is not None:
                commit.error, commit.before = commit.error or commit.before.error, None
            if commit.error is None:
                _answer(commit)
            else:
                self.counters.failed_commits += 1
                _give_up(commit, commit.error)
        if under_way:
            under_way[0].first.set()
        if self.armed and self._timer is None and self._may_start:
            self._commit()
        elif self.armed and self._timer is not None and not under_way and self._last_records >= WORTH_IT:
            # What waits was armed while the log was busy: it need not wait for its full turn any more.
            self._timer.cancel()
            self._timer = self._loop.call_later(SHORT_LINGER_SECONDS, self._tick)
        if self.stalled and self._under_way_bytes + self.bytes < self._waiting_bytes_max // 2:
            self._stall(False)
        if not under_way and not self.armed:
            self._idle.set()

    def _stall(self, stalled: bool) -> None:
        self.stalled = stalled
        self.counters.stalls += stalled
        self.when_stalled(stalled)


def _answer(commit: _Commit) -> None:
    for sender, acks in commit.acks.items():
        sender.acknowledge(acks)
    for future in commit.futures:
        if not future.done():
            future.set_result(None)


def _give_up(commit: _Commit, error: Unavailable) -> None:
    for sender in commit.acks:
        sender.abandon()
    for future in commit.futures:
        if not future.done():
            future.set_exception(
                Unavailable("The log did not take it in time; nothing was acknowledged.", remedy=error.remedy)
            )
