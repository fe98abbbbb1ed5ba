"""Series: chDB in this process, or a ClickHouse server. SQL is ClickHouse's; rows travel as Arrow tables."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from monokoto.engines.series.port import DURABLE, QUERY_SECONDS_MAX, Parameters, Problem, Series
from monokoto.engines.series.windows import Times, within_times

__all__ = ["DURABLE", "QUERY_SECONDS_MAX", "Parameters", "Problem", "Series", "Times", "open_series", "within_times"]

_MEMORY_BYTES_MAX: Final = 2 << 30


def open_series(
    *,
    url: str = "",
    username: str = "default",
    password: str = "",
    memory_bytes_max: int = _MEMORY_BYTES_MAX,
    data_dir: Path,
) -> Series:
    """The ClickHouse server at `url` (`http(s)://host:port/database`), or chDB in `data_dir/series` when it is empty.

    Raises:
        Conflict: the embedded store is open in another process.
        Unavailable: the server does not answer, or the folder cannot be written.
        BadSettings: the address is none.
    """
    # The drivers are imported when they are used: the engine alone takes 275 MB and most of a second.
    if url:
        from monokoto.engines.series.clickhouse import ClickHouseSeries  # noqa: PLC0415

        return ClickHouseSeries(url, username=username, password=password, memory_bytes_max=memory_bytes_max)
    from monokoto.engines.series.chdb import ChdbSeries  # noqa: PLC0415

    return ChdbSeries(data_dir / "series", memory_bytes_max=memory_bytes_max)
