"""A house of makers and owners, and an overview of it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.append(str(Path(__file__).parent))

from overview_making import FixedLetters, FixedPresence, Scene, Sets, make_house

from monokoto.connect.fleet import Places
from monokoto.connect.overview import Arrivals, Overview


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    house = make_house(tmp_path)
    presence: Any = FixedPresence(house)
    letters: Any = FixedLetters()

    def closed(organisation_id: int) -> list[int]:
        return [unit for unit, reach in house.ledger.clipped(organisation_id).items() if not reach.now]

    arrivals = Arrivals(house.clock, closed)
    overview = Overview(
        gate=house.gate,
        directory=house.directory,
        presence=presence,
        unit_sets=Sets(house),
        places=Places(house.records),
        dead_letters=letters,
        arrivals=arrivals,
        clock=house.clock,
    )
    yield Scene(house, presence, letters, arrivals, overview)
    house.records.close()


@pytest.fixture(scope="session")
def random() -> np.random.Generator:
    return np.random.default_rng(20260714)
