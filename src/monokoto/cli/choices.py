"""The API's words that commands offer as choices.

Said again here, because to import a slice for three words takes seconds at each command: its front door brings the whole of it.
`tests/cli/test_choices.py` holds them against the slices.
"""

from __future__ import annotations

from enum import StrEnum


class Sort(StrEnum):
    """The order of a list of units."""

    OLDEST = "created_at"
    NEWEST = "-created_at"
    SERIAL = "serial"
    SERIAL_DOWN = "-serial"
    LEAST_CHANGED = "updated_at"
    LAST_CHANGED = "-updated_at"


class Format(StrEnum):
    """A file of readings."""

    CSV = "csv"
    NDJSON = "ndjson"
    PARQUET = "parquet"
    ARROW = "arrow"
