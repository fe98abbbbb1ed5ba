"""The numbers of the platform process."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence

from monokoto.api import Sample
from monokoto.connect.fleet import Directory
from monokoto.connect.gateway import COUNTERS, DEAD_SECONDS, beats
from monokoto.connect.line import Line
from monokoto.connect.presence import Presence
from monokoto.engines.log import Log
from monokoto.kernel.clock import MICROSECONDS_PER_SECOND, Clock
from monokoto.kernel.errors import Unavailable
from monokoto.operate.twins import Twins


def samples_of(
    lines: Sequence[Line], *, log: Log, directory: Directory, presence: Presence, twins: Twins
) -> Iterator[Sample]:
    """Gathered anew for each scrape."""
    for line in lines:
        state = line.state
        labels = {"partition": str(state.partition)}
        yield Sample("line_position", "Sequence of the log up to which the line is", state.position, labels)
        yield Sample("line_stalled", "1 while the line waits for an engine", float(bool(state.stalled)), labels)
        for name, help_text in _COUNTERS:
            yield Sample(f"line_{name}", help_text, getattr(state, name), labels, rises=True)
    yield Sample("units", "Units known to the directory", len(directory))
    yield Sample("units_online", "Units connected, as presence knows it", presence.online())
    yield Sample("twins", "Units that reported anything", sum(map(len, twins.state.tables())))
    yield Sample("streams", "Clients that follow twins live", len(twins.listeners))
    yield Sample("log_connected", "1 while the log can be reached", float(log.connected))


async def gateway_samples(log: Log, clock: Clock) -> Sequence[Sample]:
    """What the gateways counted, from their last beats (at most five seconds old); none while the log is away."""
    try:
        async with asyncio.timeout(BEATS_SECONDS):
            known = await beats(log)
    except (Unavailable, TimeoutError):
        return []
    now, found = clock.now(), []
    for beat in known:
        labels = {"gateway": beat.gateway}
        alive = now - beat.at < DEAD_SECONDS * MICROSECONDS_PER_SECOND
        found.append(Sample("gateway_up", "1 while the gateway beats", float(alive), labels))
        for name, kind, what in COUNTERS:
            count = beat.counters.get(name, 0) if alive or kind == "counter" else 0
            found.append(Sample(f"gateway_{name}", what, count, labels, rises=kind == "counter"))
    return found


BEATS_SECONDS = 2.0


_COUNTERS = (
    ("messages", "Messages decoded into readings or events"),
    ("readings", "Readings decoded"),
    ("dead_letters", "Messages or values that could not be taken"),
    ("batches", "Batches handed to the observers"),
    ("set_aside", "Batches an observer could not take"),
)
