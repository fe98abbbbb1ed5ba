"""The numbers of the platform process."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from monokoto.api import Sample

if TYPE_CHECKING:
    from monokoto.assembly.platform import Platform


def samples_of(platform: Platform) -> Iterator[Sample]:
    """Gathered anew for each scrape."""
    for line in platform.lines:
        state = line.state
        labels = {"partition": str(state.partition)}
        yield Sample("line_position", "Sequence of the log up to which the line is", state.position, labels)
        yield Sample("line_stalled", "1 while the line waits for an engine", float(bool(state.stalled)), labels)
        for name, help_text in _COUNTERS:
            yield Sample(f"line_{name}", help_text, getattr(state, name), labels, rises=True)
    yield Sample("units", "Units known to the directory", len(platform.directory))
    yield Sample("log_connected", "1 while the log can be reached", float(platform.engines.log.connected))


_COUNTERS = (
    ("messages", "Messages decoded into readings or events"),
    ("readings", "Readings decoded"),
    ("dead_letters", "Messages or values that could not be taken"),
    ("batches", "Batches handed to the observers"),
    ("set_aside", "Batches an observer could not take"),
)
