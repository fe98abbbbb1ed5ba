"""What a rule stands in: the product it is for, the rules beside it, the groups it may name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from monokoto.connect.products import ProductModel
from monokoto.operate.conditions import CelType, variables_of

Int64s = npt.NDArray[np.int64]


Members = Callable[[str], Callable[[], Int64s]]
"""What gives the units of a group, by the group's name or id."""


def nobody() -> Int64s:
    """Nobody."""
    return np.empty(0, np.int64)


def no_members(_group: str) -> Callable[[], Int64s]:
    """Where there are no groups: a check without a platform."""
    return nobody


@dataclass(frozen=True, slots=True)
class Setting:
    """Handed through the reading of one rule."""

    model: ProductModel
    neighbours: tuple[str, ...] | None = None
    """Rules that `suppressed_by` may name; None: whichever."""
    members: Members = no_members
    variables: dict[str, CelType] = field(default_factory=dict)
    """What expressions may name so far: properties, and the signals above."""

    broken: set[str] = field(default_factory=set)
    """Signals with faults: what uses one is not checked further, so that one fault is told once."""

    def __post_init__(self) -> None:
        self.variables.update(variables_of(self.model))
