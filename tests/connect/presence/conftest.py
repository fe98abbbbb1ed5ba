"""A presence on a folder of objects, with beats we control."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from presence_making import Beats, FixedUnits

from monokoto.connect.presence import Presence
from monokoto.engines.objects import Objects, open_objects
from monokoto.kernel.clock import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def beats() -> Beats:
    return Beats()


@pytest.fixture
def objects(tmp_path: Path) -> Objects:
    return open_objects("", data_dir=tmp_path)


@pytest.fixture
def make(beats: Beats, objects: Objects, clock: ManualClock) -> Callable[[], Presence]:
    """A presence that has not started; each call is the process after a restart."""

    def made() -> Presence:
        units: Any = FixedUnits()
        log: Any = beats
        return Presence(log=log, objects=objects, directory=units, clock=clock)

    return made


@pytest.fixture
def presence(make: Callable[[], Presence]) -> Presence:
    return make()
