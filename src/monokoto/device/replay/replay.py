"""The sending: one connection for each unit, rows in order, everything counted when it is acknowledged."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from monokoto.device.device import Device, DeviceOptions
from monokoto.device.replay.checksum import MODULUS, reading_hash
from monokoto.device.replay.mapping import ColumnMapping, Recorded
from monokoto.device.replay.pace import MAX_SPEED, Speed
from monokoto.device.replay.state import ReplayState
from monokoto.device.replay.table import WrongRow, read_table
from monokoto.device.telemetry import TELEMETRY, time_to_json
from monokoto.kernel.clock import MICROSECONDS_PER_SECOND
from monokoto.kernel.errors import Fault, Invalid, MonokotoError
from monokoto.mqtt import Reason

WRONG_KEPT_MAX = 100
_IN_FLIGHT_MAX = 20_000
_KEEP_SECONDS = 1.0
_CONNECT_AT_ONCE = 32
_ENCODE = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What to replay, and how."""

    path: Path
    mapping: ColumnMapping
    url: str
    speed: Speed = MAX_SPEED
    qos: int = 1
    batch: int = 1
    """Rows of one unit in one message."""
    strict: bool = False
    """Stop at the first wrong row; otherwise wrong rows are left out and reported."""
    checksum: bool = False
    options: DeviceOptions = field(default_factory=DeviceOptions)


@dataclass(slots=True)
class ReplayReport:
    """What was sent; `rows`, `readings` and `messages` are those acknowledged."""

    rows: int = 0
    readings: int = 0
    messages: int = 0
    refused: int = 0
    """Messages the platform did not take."""
    skipped: int = 0
    """Rows that were acknowledged in an earlier run."""
    empty: int = 0
    """Rows without any value."""
    wrong_rows: int = 0
    wrong: list[WrongRow] = field(default_factory=list)
    """The first of them."""
    units: int = 0
    seconds: float = 0.0
    checksum: int | None = None
    interrupted: bool = False
    acknowledged_rows: int = 0
    """Rows from the first on, in the order of sending, of which all are done: where a resumed replay goes on."""


@dataclass(slots=True)
class _Message:
    rows: list[Recorded]
    until: int
    """Rows of the file (in the order of sending) that are behind when this message is done."""
    done: asyncio.Future[int]


async def replay(
    plan: Replay,
    tokens: Mapping[str, str],
    *,
    state: ReplayState | None = None,
    told: Callable[[ReplayReport], None] = lambda _report: None,
) -> ReplayReport:
    """Send the table; `told` is called now and then with what is acknowledged so far. Cancelled, it returns what was
    acknowledged, as `interrupted`.

    Raises:
        Invalid: a wrong row with `strict`, or a file that is no table.
        Refused, Disconnected: the platform does not let a unit in, or is not there.
    """
    sending = _Sending(plan, tokens, state, told)
    try:
        await sending.run()
    except asyncio.CancelledError:
        sending.report.interrupted = True
    finally:
        await sending.finish()
    return sending.report


class _Sending:
    def __init__(
        self,
        plan: Replay,
        tokens: Mapping[str, str],
        state: ReplayState | None,
        told: Callable[[ReplayReport], None],
    ) -> None:
        self.report = ReplayReport(checksum=0 if plan.checksum else None)
        self._plan = plan
        self._tokens = tokens
        self._state = state
        self._told = told
        self._devices: dict[str, Device] = {}
        self._starting: set[asyncio.Task[None]] = set()
        self._flight: deque[_Message] = deque()
        self._began = time.monotonic()
        self._kept_at = self._began
        self._skip = state.rows if state else 0
        self._behind = 0
        self._gap = False

    async def run(self) -> None:
        waiting: dict[str, list[Recorded]] = {}
        async for recorded in self._paced():
            rows = waiting.setdefault(recorded.serial, [])
            rows.append(recorded)
            if len(rows) >= self._plan.batch:
                await self._send(waiting.pop(recorded.serial), held=_rows_in(waiting))
        while waiting:
            serial = next(iter(waiting))
            await self._send(waiting.pop(serial), held=_rows_in(waiting))
        while self._starting:
            await asyncio.wait(self._starting, return_when=asyncio.FIRST_COMPLETED)
            self._check_started()
        for message in list(self._flight):
            await self._acknowledged(message)
        self._collect()
        self.report.acknowledged_rows = self._behind

    async def _paced(self) -> AsyncIterator[Recorded]:
        """The rows to send, each when its time has come."""
        speed = self._plan.speed
        rows: Iterable[Recorded] = self._recorded()
        if not speed.unlimited:
            # Units live side by side: the table is put into the order of time, which holds it in memory.
            rows = sorted(rows, key=lambda recorded: recorded.at)
        first: int | None = None
        begin = asyncio.get_running_loop().time()
        for count, recorded in enumerate(rows, 1):
            if count <= self._skip:
                self._behind = self.report.skipped = count
                continue
            if not speed.unlimited:
                first = recorded.at if first is None else first
                due = begin + (recorded.at - first) / MICROSECONDS_PER_SECOND / speed.factor
                if (wait := due - asyncio.get_running_loop().time()) > 0:
                    self._collect()
                    await asyncio.sleep(wait)
            self._behind = count
            yield recorded

    def _recorded(self) -> Iterator[Recorded]:
        without: set[str] = set()
        for row in read_table(self._plan.path):
            found = row if isinstance(row, WrongRow) else self._plan.mapping.recorded(row)
            if found is None:
                self.report.empty += 1
            elif isinstance(found, WrongRow):
                self._wrong(found)
            elif found.serial not in self._tokens:
                more = "" if found.serial in without else " (and none of its later rows is sent)"
                without.add(found.serial)
                self._wrong(WrongRow(found.line, f"there is no credential for the unit {found.serial!r}{more}"))
            else:
                yield found

    def _wrong(self, row: WrongRow) -> None:
        self.report.wrong_rows += 1
        if len(self.report.wrong) < WRONG_KEPT_MAX:
            self.report.wrong.append(row)
        if self._plan.strict:
            fault = Fault(file=str(self._plan.path), line=row.line, reason=row.reason)
            raise Invalid("A row is wrong; nothing after it was sent.", faults=[fault])

    async def _send(self, rows: list[Recorded], *, held: int) -> None:
        device = await self._device(rows[0].serial)
        bodies = [{"at": time_to_json(recorded.at), "values": recorded.values} for recorded in rows]
        payload = _ENCODE(bodies[0] if len(bodies) == 1 else bodies)
        done = await device.send(TELEMETRY, payload, qos=self._plan.qos)
        self._check_started()
        # A row of another unit that is still being gathered came before this one: not all behind it is sent.
        until = self._behind if not held else 0
        self._flight.append(_Message(rows, until, done))
        if len(self._flight) % 256 == 0:
            self._collect()
            await asyncio.sleep(0)
        while len(self._flight) >= _IN_FLIGHT_MAX:
            await self._acknowledged(self._flight[0])
            self._collect()

    async def _acknowledged(self, message: _Message) -> None:
        """Wait for it, unless its unit is refused for good meanwhile."""
        device = self._devices[message.rows[0].serial]
        while not message.done.done():
            await asyncio.wait((message.done,), timeout=0.2)
            self._collect()
            if device.failure is not None:
                raise device.failure

    async def _device(self, serial: str) -> Device:
        """The unit's connection, up or coming up: its messages wait in its outbox meanwhile."""
        device = self._devices.get(serial)
        if device is None:
            while len(self._starting) >= _CONNECT_AT_ONCE:
                await asyncio.wait(self._starting, return_when=asyncio.FIRST_COMPLETED)
                self._check_started()
            device = Device(self._plan.url, token=self._tokens[serial], options=self._plan.options)
            self._devices[serial] = device
            self._starting.add(asyncio.create_task(self._start(serial, device)))
        return device

    async def _start(self, serial: str, device: Device) -> None:
        try:
            await device.start()
        except MonokotoError as error:
            error.message = f"Unit {serial}: {error.message}"
            raise
        self.report.units += 1

    def _check_started(self) -> None:
        """Raises Refused, Disconnected: a unit could not connect."""
        for task in [task for task in self._starting if task.done()]:
            self._starting.discard(task)
            task.result()

    def _collect(self) -> None:
        """Count what is acknowledged, in the order of sending, and tell about it."""
        while self._flight and self._flight[0].done.done():
            message = self._flight.popleft()
            if message.done.cancelled():
                self._gap = True  # what follows may be acknowledged, and still a resumed replay begins here
                continue
            self._count(message, message.done.result())
            if not self._gap:
                self.report.acknowledged_rows = max(self.report.acknowledged_rows, message.until)
        self.report.seconds = time.monotonic() - self._began
        self._told(self.report)
        if self._state is not None and time.monotonic() - self._kept_at >= _KEEP_SECONDS:
            self._keep()

    def _count(self, message: _Message, reason: int) -> None:
        report = self.report
        if reason >= Reason.UNSPECIFIED_ERROR:
            report.refused += 1
            return
        report.messages += 1
        report.rows += len(message.rows)
        report.readings += sum(len(recorded.values) for recorded in message.rows)
        if report.checksum is not None:
            for recorded in message.rows:
                for name, value in recorded.values.items():
                    report.checksum += reading_hash(recorded.serial, name, recorded.at, value)
            report.checksum %= MODULUS

    def _keep(self) -> None:
        self._kept_at = time.monotonic()
        if self._state is not None and self.report.acknowledged_rows > self._state.rows:
            self._state.keep(self.report.acknowledged_rows)

    async def finish(self) -> None:
        for task in self._starting:
            task.cancel()
        await asyncio.gather(*self._starting, return_exceptions=True)
        self._collect()
        await asyncio.gather(*(device.stop(drain_seconds=0) for device in self._devices.values()))
        self._collect()
        self._keep()


def _rows_in(waiting: Mapping[str, list[Recorded]]) -> int:
    return sum(map(len, waiting.values()))
