"""What has no way over columns: asked of the reference, row by row."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from monokoto.operate.conditions.columns.step import INT64_MAX, LANE_DTYPES, Context, Lane
from monokoto.operate.conditions.frame import Vector
from monokoto.operate.conditions.reference import Reference
from monokoto.operate.conditions.rows import answers_of
from monokoto.operate.conditions.types import CelType


@dataclass(frozen=True, slots=True)
class Ask:
    """A part of a condition that is evaluated by the reference: for rows that matter, and once for equal rows."""

    reference: Reference
    kind: CelType
    by_rows: bool = True
    bound: int = INT64_MAX + 1

    def run(self, context: Context) -> Lane:
        answers = answers_of(self.reference, context.frame, context.wanted)
        dtype = LANE_DTYPES.get(self.kind)
        if dtype is None:
            vector = Vector.of(self.kind, answers)
            return Lane(vector.values, vector.known, list(vector.dictionary) if self.kind.coded else None)
        known = np.array([answer is not None for answer in answers], np.bool_)
        values = np.array([0 if answer is None else answer for answer in answers], dtype)
        return Lane(values, None if known.all() else known)
