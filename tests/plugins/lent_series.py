"""One embedded store for all tests of a process: whoever opens one gets that, without a table, and gives it back by closing it.

Starting the engine costs a second, and stopping it in a process that goes on ends that process now and then, in the middle of
whatever test it runs: a thread of the engine's background pool reads what was given back (chdb 26.9). So it starts once, never
stops, and the process leaves without tidying up.

Tests that look at a store's files, damage them or open the same folder twice say `pytest.mark.own_process` (own_process.py):
there a store is what it is elsewhere.
"""

import atexit
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, closing
from pathlib import Path

import pytest
from own_process import in_own_process

from monokoto.engines.series import Series, open_series
from monokoto.engines.series.chdb import ChdbSeries
from monokoto.kernel.errors import Conflict

MEMORY_BYTES = 1 << 30
_really_open = ChdbSeries.__init__
_kept: list[ChdbSeries] = []
_lent: list[ChdbSeries] = []
_folders: list[Path] = []


def _engine() -> ChdbSeries:
    """The one that is kept, started when it is first wanted."""
    if not _kept:
        _folders.append(Path(tempfile.mkdtemp(prefix="monokoto-series-")))
        engine = object.__new__(ChdbSeries)
        _really_open(engine, _folders[0] / "series", memory_bytes_max=MEMORY_BYTES)
        _kept.append(engine)
    return _kept[0]


def _open(self: ChdbSeries, _folder: Path, **_named: object) -> None:
    """Wherever it was wanted, and with whatever memory: both are the engine's, which runs already."""
    if _lent:
        raise Conflict("This process has another embedded series store open", remedy="Close that one first.")
    self.__dict__.update(_engine().__dict__, _damage={})
    _lent.append(self)


def _close(self: ChdbSeries) -> None:
    if self not in _lent:
        return
    self._closed = True  # its streams end, and nothing more is asked through it
    engine = _engine()
    for name in engine.query("SHOW TABLES").column(0).to_pylist():
        engine.command(f"DROP TABLE `{name}` SYNC")
    _lent.remove(self)


if not in_own_process():
    ChdbSeries.__init__ = _open  # type: ignore[method-assign, assignment]
    ChdbSeries.close = _close  # type: ignore[method-assign]


@pytest.fixture(scope="session")
def lend_series() -> Callable[[], AbstractContextManager[Series]]:
    """The embedded store, without a table, for as long as a `with` takes; nobody else of the process may have it meanwhile."""
    return lambda: closing(open_series(data_dir=Path("lent")))


_status = [0]


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(exitstatus: int) -> Generator[None, None, None]:
    _status[0] = int(exitstatus)
    return (yield)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    """Everything is told: a process with the engine in it leaves at once, for the engine does not leave it safely."""
    for folder in _folders:
        shutil.rmtree(folder, ignore_errors=True)
    if _kept or in_own_process():
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(_status[0])
