"""The formats history travels in, both ways."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from monokoto.kernel.errors import Fault, Invalid


class Format(StrEnum):
    """How a file of readings is written."""

    CSV = "csv"
    NDJSON = "ndjson"
    PARQUET = "parquet"
    ARROW = "arrow"
    """Arrow IPC stream."""


@dataclass(frozen=True, slots=True)
class FormatFacts:
    """What the outside calls a format."""

    media_type: str
    suffix: str
    text: bool
    """Whether gzip makes sense of it; the others compress themselves."""


FORMATS: dict[Format, FormatFacts] = {
    Format.CSV: FormatFacts("text/csv", ".csv", text=True),
    Format.NDJSON: FormatFacts("application/x-ndjson", ".ndjson", text=True),
    Format.PARQUET: FormatFacts("application/vnd.apache.parquet", ".parquet", text=False),
    Format.ARROW: FormatFacts("application/vnd.apache.arrow.stream", ".arrow", text=False),
}
_OTHER_NAMES = {"application/jsonl": Format.NDJSON, "application/ndjson": Format.NDJSON, "application/csv": Format.CSV}

UNIT_COLUMN = "unit"
TIME_COLUMN = "at"
ROWS_PER_CHUNK = 65_536
"""Rows in hand at once, in either direction: what keeps memory flat."""


def format_of(name: str) -> Format:
    """A format by its name or media type.

    Raises:
        Invalid: there is no such format.
    """
    media_type = name.partition(";")[0].strip().lower()
    by_type = {facts.media_type: known for known, facts in FORMATS.items()} | _OTHER_NAMES
    by_name = {known.value: known for known in Format}
    found = by_name.get(media_type) or by_type.get(media_type)
    if found is None:
        reason = f"{name[:60]!r} is none of {', '.join([*by_name, *by_type])}"
        raise Invalid("The format is not known.", faults=[Fault(place="format", reason=reason)])
    return found
