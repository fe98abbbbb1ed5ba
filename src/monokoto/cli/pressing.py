"""What is said to `koto simulate` of people at its units and of networks that go, and how the units' answers are shown."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import msgspec

from monokoto.connect.products import ProductModel, parse_duration
from monokoto.device.simulate import Note, Pressing
from monokoto.kernel.errors import Fault, Invalid
from monokoto.kernel.limits import SIMULATION_PLANNED_MAX


def pressings(texts: Sequence[str], model: ProductModel) -> tuple[Pressing, ...]:
    """What is wanted at the units: `start@10m`, `start={"programme": "eco"}@1d`. Raises Invalid with every fault."""
    faults: list[Fault] = []
    found = []
    for text in texts[:SIMULATION_PLANNED_MAX]:
        said, _, after = text.rpartition("@")
        action, _, given = said.partition("=")
        seconds = parse_duration(after.strip())
        if seconds is None or seconds < 0:
            faults.append(Fault(place=f"--press {text[:80]}", reason="does not end with a time such as @10m"))
        elif action not in model.actions:
            known = ", ".join(model.actions) or "none"
            faults.append(
                Fault(place=f"--press {text[:80]}", reason=f"{action[:80]!r} is no action; there are: {known}")
            )
        else:
            found.append(Pressing(action=action, after_seconds=seconds, input=_input(text, given, faults)))
    _raise("press", texts, faults)
    return tuple(found)


def absences(texts: Sequence[str]) -> tuple[tuple[float, float], ...]:
    """When there is no network: `1h-49h`. They do not overlap. Raises Invalid with every fault."""
    faults: list[Fault] = []
    found: list[tuple[float, float]] = []
    for text in texts[:SIMULATION_PLANNED_MAX]:
        gone, back = (parse_duration(one.strip()) for one in (text.partition("-")[0], text.partition("-")[2]))
        if gone is None or back is None or not 0 <= gone < back:
            faults.append(
                Fault(place=f"--away {text[:80]}", reason="is not from one time to a later one, such as 1h-2d")
            )
        else:
            found.append((gone, back))
    found.sort()
    faults += [
        Fault(place="--away", reason="two absences overlap")
        for one, following in pairwise(found)
        if following[0] < one[1]
    ]
    _raise("away", texts, faults)
    return tuple(found)


def _input(text: str, given: str, faults: list[Fault]) -> Any:
    try:
        return msgspec.json.decode(given) if given else None
    except msgspec.DecodeError as error:
        faults.append(Fault(place=f"--press {text[:80]}", reason=f"the input is no JSON: {error}"))
        return None


def _raise(option: str, texts: Sequence[str], faults: list[Fault]) -> None:
    if len(texts) > SIMULATION_PLANNED_MAX:
        faults.append(Fault(place=f"--{option}", reason=f"is given at most {SIMULATION_PLANNED_MAX} times"))
    if faults:
        raise Invalid("This cannot be simulated.", faults=faults)


def line_of(note: Note) -> str:
    """A note as people see it."""
    reason = f": {note.reason}" if note.reason else ""
    return f"{note.at}  {note.serial}  {'online' if note.online else 'away'}  {note.what}  {note.outcome}{reason}"
