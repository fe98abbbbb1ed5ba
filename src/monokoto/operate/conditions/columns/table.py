"""What depends on one text or list alone is asked of the reference once for each that occurs, and looked up from then on.

So patterns are RE2's, cases and sizes are code points', exactly as the reference has them, at the price of a look-up.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from monokoto.kernel.limits import CONDITION_TABLE_MAX
from monokoto.operate.conditions.columns.step import INT64_MAX, LANE_DTYPES, Context, Lane, both
from monokoto.operate.conditions.frame import Bools, Codes, Vector
from monokoto.operate.conditions.reference import Reference
from monokoto.operate.conditions.types import CelType, Unknown

_DICTIONARIES_MAX = 8
"""Dictionaries a table is kept for at once: a column has one for each partition and product version at most."""
_AHEAD = 1024
"""Entries asked in advance of any row that has them: looking whether all are asked costs about as much."""


class Answers:
    """The reference's answers for the entries of one dictionary."""

    def __init__(self, dictionary: Sequence[Any], dtype: npt.DTypeLike) -> None:
        self.dictionary = dictionary
        self.asked = np.zeros(0, np.bool_)
        self.known = np.zeros(0, np.bool_)
        self.values = np.zeros(0, dtype)
        self.complete = 0
        """All entries before this one are asked."""
        self._sound = False
        self._few: list[int] | None = None
        """The entries that are true, where all are booleans, known, and few are true."""

    def grow(self) -> int:
        """Make room for the entries the dictionary has by now; how many that is."""
        size = len(self.dictionary)
        more = size - len(self.asked)
        if more > 0:
            room = max(more, len(self.asked))
            self.asked = np.concatenate((self.asked, np.zeros(room, np.bool_)))
            self.known = np.concatenate((self.known, np.zeros(room, np.bool_)))
            self.values = np.concatenate((self.values, np.zeros(room, self.values.dtype)))
        return size

    def put(self, code: int, stored: Any) -> None:
        """Note the answer for an entry; None: it has none."""
        self.known[code] = stored is not None
        self.values[code] = 0 if stored is None else stored
        self.asked[code] = True
        self._sound, self._few = False, None

    def summarise(self, size: int) -> None:
        """Once all entries are asked: see whether looking up can be saved."""
        self.complete = size
        self._sound = bool(self.known[:size].all())
        if self._sound and self.values.dtype == np.bool_:
            true = np.flatnonzero(self.values[:size])
            self._few = true.tolist() if len(true) <= _FEW else None

    def of(self, codes: Codes) -> tuple[npt.NDArray[Any], Bools | None]:
        """The answer for each code, and where there is one; codes outside the dictionary get any answer."""
        if self._few is not None:
            found = np.zeros(len(codes), np.bool_) if not self._few else codes == self._few[0]
            for code in self._few[1:]:
                found |= codes == code
            return found, None
        values = self.values.take(codes, mode="clip")
        return values, None if self._sound else self.known.take(codes, mode="clip")


_FEW = 4
"""Up to here comparing codes is several times faster than looking up."""


class Table:
    """A step over one variable that is a text or a list."""

    by_rows = False
    bound = INT64_MAX + 1

    def __init__(self, reference: Reference, kind: CelType) -> None:
        self._reference = reference
        self._name = reference.names[0]
        self._texts: dict[str, int] = {}
        self._outputs: list[str] | None = [] if kind is CelType.TEXT else None
        self._dtype = LANE_DTYPES.get(kind, np.int32)
        self._remembered: dict[Any, Any] = {}
        self._answers: dict[int, Answers] = {}
        self._without: Any = self._stored(reference.of_row({}))
        self._lock = threading.Lock()

    def run(self, context: Context) -> Lane:
        """Each row's answer: that of its text, or of there being none."""
        vector = context.frame.columns.get(self._name)
        nothing = None if self._without is None else np.array(self._without, self._dtype)
        if vector is None or (vector.known is not None and not vector.known.any()):
            if nothing is None:
                return Lane(np.zeros((), self._dtype), np.zeros((), np.bool_), self._outputs)
            return Lane(nothing, None, self._outputs)
        with self._lock:
            values, known = self._asked(vector).of(vector.values)
        if nothing is None:
            known = both(known, vector.known)
        elif vector.known is not None:
            values = np.where(vector.known, values, nothing)
            known = None if known is None else known | ~vector.known
        return Lane(values, known, self._outputs)

    def _asked(self, vector: Vector) -> Answers:
        """The answers of the vector's dictionary, with those the vector needs among them."""
        answers = self._answers.pop(id(vector.dictionary), None)
        if answers is None:
            answers = Answers(vector.dictionary, self._dtype)
            if len(self._answers) >= _DICTIONARIES_MAX:
                del self._answers[next(iter(self._answers))]
        self._answers[id(vector.dictionary)] = answers  # the last used comes last
        size = answers.grow()
        if answers.complete == size:
            return answers
        everything = size - answers.complete <= len(vector) + _AHEAD
        if everything:
            missing = answers.complete + np.flatnonzero(~answers.asked[answers.complete : size])
        else:
            codes = vector.values if vector.known is None else vector.values[vector.known]
            missing = np.unique(codes[~answers.asked.take(codes)])
        for code in missing.tolist():
            answers.put(code, self._remember(vector.dictionary[code]))
        if everything:
            answers.summarise(size)
        return answers

    def _remember(self, text: Any) -> Any:
        key = repr(text) if isinstance(text, list) else text  # repr: 0.0 is not -0.0
        if key not in self._remembered:
            if len(self._remembered) >= CONDITION_TABLE_MAX:
                self._remembered.clear()
            self._remembered[key] = self._stored(self._reference.of_row({self._name: text}))
        return self._remembered[key]

    def _stored(self, answer: Any) -> Any:
        """An answer as the table holds it; None when there is none."""
        if isinstance(answer, Unknown):
            return None
        if self._outputs is None:
            return answer
        if answer not in self._texts:
            self._texts[answer] = len(self._outputs)
            self._outputs.append(answer)
        return self._texts[answer]
