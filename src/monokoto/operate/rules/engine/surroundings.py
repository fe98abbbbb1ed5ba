"""What the engine asks of others; handed in by assembly. All of it blocks at most for a look into memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from monokoto.operate.rules.engine.arrays import Int64s


class Identity(Protocol):
    """Who a unit is."""

    @property
    def organisation_id(self) -> int: ...
    @property
    def product(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def parent_id(self) -> int:
        """0: it is the topmost of its system."""
        ...


@dataclass(frozen=True, slots=True)
class Held:
    """What the units of a product last reported."""

    unit: Int64s
    columns: Mapping[str, tuple[Sequence[Any], Int64s]]
    """By property: values as JSON has them (None: never reported), and the instant of each."""


Reported = Callable[[int, str, Sequence[str]], Held]
"""Maker, product, properties. From memory."""


def nothing_reported(organisation_id: int, product: str, names: Sequence[str]) -> Held:
    """As of units that never reported anything."""
    del organisation_id, product, names
    return Held(np.empty(0, np.int64), {})


def _nobody(unit_id: int) -> Identity | None:
    del unit_id
    return None


def _nothing(organisation_id: int, product: str, name: str) -> Int64s:
    del organisation_id, product, name
    return np.empty(0, np.int64)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Everything from outside the log."""

    identity: Callable[[int], Identity | None] = _nobody
    """Of a unit (fleet's directory)."""
    drifting: Callable[[int, str, str], Int64s] = _nothing
    """Maker, product, property to the units whose desired value is not the reported one."""
