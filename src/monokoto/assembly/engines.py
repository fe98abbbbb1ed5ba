"""Which engines: the ones the settings name, opened and brought up to date."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from monokoto.connect.gateway import line_stream
from monokoto.engines.log import Log, log_facts, open_log
from monokoto.engines.objects import Objects, open_objects
from monokoto.engines.records import Records, migrate, open_records, records_file, seal_all
from monokoto.engines.series import Series, open_series
from monokoto.kernel.clock import Clock, SystemClock
from monokoto.kernel.errors import Unavailable
from monokoto.kernel.facts import Facts
from monokoto.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Engines:
    """What everything stands on, opened."""

    log: Log
    series: Series
    records: Records
    objects: Objects
    facts: Facts
    clock: Clock

    async def close(self) -> None:
        """Give them back, the log last: it carries what the others still have to say."""
        await asyncio.to_thread(self.series.close)
        self.records.close()
        await self.log.close()


async def open_engines(settings: Settings) -> Engines:
    """The engines the settings name, their schema brought up to date."""
    data_dir = Path(settings.data_dir)
    _require_records(settings, data_dir)
    records = open_records(settings.records.url, data_dir=data_dir, keys_file=settings.records.keys_file)
    await asyncio.to_thread(migrate, records)
    await asyncio.to_thread(seal_all, records)
    log = await open_log(
        settings.log.url, credentials_file=settings.log.credentials_file, replicas=settings.log.replicas
    )
    await log.ensure_stream(line_stream(settings.log))
    given = settings.series
    series = await asyncio.to_thread(
        lambda: open_series(
            url=given.url,
            username=given.username,
            password=given.password,
            memory_bytes_max=given.memory_bytes_max,
            data_dir=data_dir,
        )
    )
    return Engines(
        log=log,
        series=series,
        records=records,
        objects=open_objects(settings.objects.url, data_dir=data_dir),
        facts=log_facts(log),
        clock=SystemClock(),
    )


def _require_records(settings: Settings, data_dir: Path) -> None:
    """Never begin anew beside readings: without the records nobody could say any more whose they are."""
    file = records_file(data_dir)
    if not settings.records.url and not file.exists() and (data_dir / "series" / "store").exists():
        raise Unavailable(
            f"The records of this installation are missing: there are readings in {data_dir}, but no {file.name}.",
            remedy=f"Restore {file.name} from a backup, or begin anew with another data_dir.",
        )
