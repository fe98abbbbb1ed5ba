"""What the series store had to set aside comes back from the log, as far as the log still holds it."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence

import structlog

from monokoto.assembly.engines import Engines
from monokoto.connect.line import POSITIONS, Line

_MARK = "replayed/series"
_log = structlog.get_logger(__name__)


async def replay_after_damage(engines: Engines, lines: Sequence[Line], observers: Sequence[str]) -> None:
    """Let the line offer everything again to the observers that keep series, once for the damage found at this start.

    The positions are set back before the mark is: a crash in between replays again, which changes nothing.
    """
    problems = await asyncio.to_thread(engines.series.problems)
    if not problems:
        return
    mark = hashlib.sha256("\n".join(sorted(problem.what for problem in problems)).encode()).hexdigest().encode()
    bucket = await engines.log.bucket(POSITIONS)
    known = await bucket.get(_MARK)
    if known is not None and known[0] == mark:
        return
    for problem in problems:
        _log.error("series_damaged", what=problem.what, remedy=problem.remedy)
    for line in lines:
        await line.replay(observers)
    await bucket.put(_MARK, mark)
    _log.warning("series_replayed_after_damage", observers=list(observers))
