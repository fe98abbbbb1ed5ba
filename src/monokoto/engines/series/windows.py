"""A condition that lets through, of each unit, what lies in its own times: half-open, in order, without overlap.

Ten thousand units with a time each cost a look-up in a hash table a row (`transform`), twenty nanoseconds; a condition for
each unit would not fit into a statement. Refused: `arrayExists` over all times, a thousand times slower.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from monokoto.kernel.errors import Invalid

Times = Sequence[tuple[int, int]]
"""Pairs of first instant and end (not included), in microseconds."""
Bound = dict[str, int | list[int] | str | list[str]]
"""What a condition binds; a part of `Parameters`."""
_LAYERS_MAX = 256
_NEVER, _EVER = 1 << 62, -(1 << 62)


def within_times(windows: Mapping[int, Times], *, others: bool, unit: str = "unit", instant: str) -> tuple[str, Bound]:
    """The condition and what it binds (names that begin with `window`).

    `windows` has the times of each unit, none for a unit that is closed; `others`: whether units not in it are open
    altogether. `instant` is SQL for microseconds as Int64.

    Raises:
        Invalid: one of several units has more times than a statement can hold.
    """
    if not windows:
        return str(int(others)), {}
    distinct = {tuple(times) for times in windows.values()}
    if len(distinct) == 1 and not others:
        condition, bound = _same_for_all(next(iter(distinct)), instant)
        return f"{unit} IN {{window_units:Array(Int64)}} AND {condition}", {**bound, "window_units": list(windows)}
    layers = max((len(times) for times in windows.values()), default=0)
    if layers > _LAYERS_MAX:
        raise Invalid("One of these units was in too many hands.", remedy="Ask for it by itself.")
    clauses: list[str] = []
    parameters: Bound = {}
    for layer in range(max(layers, 1)):
        # A unit whose times are over is closed in the later layers; in the first one every unit has its place.
        units = [one for one, times in windows.items() if layer < len(times) or layer == 0]
        pairs = [windows[one][layer] if layer < len(windows[one]) else (_NEVER, _EVER) for one in units]
        open_ = others and layer == 0
        names = {part: f"window_{part}_{layer}" for part in ("units", "begins", "ends")}
        parameters |= {
            names["units"]: units,
            names["begins"]: [_clamped(begin) for begin, _ in pairs],
            names["ends"]: [_clamped(end) for _, end in pairs],
        }
        clauses.append(
            f"({instant} >= transform({unit}, {{{names['units']}:Array(Int64)}}, {{{names['begins']}:Array(Int64)}}, "
            f"toInt64({_EVER if open_ else _NEVER})) AND "
            f"{instant} < transform({unit}, {{{names['units']}:Array(Int64)}}, {{{names['ends']}:Array(Int64)}}, "
            f"toInt64({_NEVER if open_ else _EVER})))"
        )
    return f"({' OR '.join(clauses)})", parameters


def _same_for_all(times: Times, instant: str) -> tuple[str, Bound]:
    """Any number of times, found by halving."""
    if not times:
        return "0", {}
    begins = [_clamped(begin) for begin, _ in times]
    ends = [_clamped(end) for _, end in times]
    if len(times) == 1:
        return (
            f"({instant} >= {{window_begin:Int64}} AND {instant} < {{window_end:Int64}})",
            {"window_begin": begins[0], "window_end": ends[0]},
        )
    condition = (
        f"({instant} >= {{window_begin:Int64}} AND {instant} < transform(roundDown({instant}, "
        f"{{window_begins:Array(Int64)}}), {{window_begins:Array(Int64)}}, {{window_ends:Array(Int64)}}, toInt64({_EVER})))"
    )
    return condition, {"window_begin": begins[0], "window_begins": begins, "window_ends": ends}


def _clamped(instant: int) -> int:
    return max(_EVER, min(_NEVER, instant))
