"""Which of many values for the same row holds: the one with the greatest (at, arrived), the later one among equals.

That order makes reported state a lattice: however the log is cut into batches, and however often a piece of it is seen
again, the same values hold in the end.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Int64s = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


def winners(rows: Int64s, at: Int64s, arrived: Int64s, scratch: Int64s) -> Int64s:
    """One index per distinct row: where the value that holds stands.

    `scratch` is any int64 array longer than the greatest row; what it holds before does not matter. In the usual case
    (times of a unit do not go back) the last of each row wins and nothing is sorted.
    """
    order = np.arange(len(rows), dtype=np.int64)
    scratch[rows] = order  # of equal indices the last assignment stays
    last = scratch[rows]
    at_last, arrived_last = at[last], arrived[last]
    beaten = (at > at_last) | ((at == at_last) & (arrived > arrived_last))
    if not beaten.any():
        return np.flatnonzero(last == order)
    return _winners_by_sorting(rows, at, arrived)


def _winners_by_sorting(rows: Int64s, at: Int64s, arrived: Int64s) -> Int64s:
    ordered = np.lexsort((arrived, at, rows))  # stable: equal keys keep their order, the later one comes last
    ends = np.flatnonzero(np.diff(rows[ordered], append=-1))
    return ordered[ends]


def newer(at: Int64s, arrived: Int64s, held_at: Int64s, held_arrived: Int64s) -> Bools:
    """Which of the values hold against those held so far."""
    later: Bools = at > held_at
    if later.all():
        return later
    later |= (at == held_at) & (arrived >= held_arrived)
    return later
