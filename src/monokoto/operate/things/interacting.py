"""Reading and writing a unit's properties: what it reported last, what is desired of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

from monokoto.kernel.errors import Conflict, Fault, Invalid, NotFound, PreconditionFailed
from monokoto.operate.twins import Twins
from monokoto.web import Reach

_TRIES_MAX = 5


def values_of(twins: Twins, reach: Reach, names: Iterable[str] = ()) -> dict[str, Any]:
    """The newest values the caller may see; of these properties, or of all that have one."""
    reported = twins.reported(reach.organisation_id, reach.unit_id).properties
    wanted = set(names)
    return {
        name: held.value for name, held in reported.items() if (not wanted or name in wanted) and reach.holds(held.at)
    }


def value_of(twins: Twins, reach: Reach, name: str) -> Any:
    """The newest value of one property. Raises NotFound: there is none to be seen."""
    values = values_of(twins, reach, [name])
    if name not in values:
        raise NotFound(f"The unit has not reported {name[:64]!r}.", remedy="Its Thing Description says what it has.")
    return values[name]


async def write(twins: Twins, reach: Reach, values: Mapping[str, Any], *, by: int) -> None:
    """Desire these values, each whole, and leave what else is desired as it is.

    Raises:
        Invalid: with every fault.
        Conflict: others keep changing it.
    """
    faults = [
        Fault(place=f"/{name}", reason="null is no value; a desired value is taken back by PATCH of /twin/desired")
        for name, value in values.items()
        if _holds_null(value)
    ]
    if faults:
        raise Invalid("This cannot be written.", faults=faults)
    for _ in range(_TRIES_MAX):
        before = await asyncio.to_thread(twins.desired.get, reach.organisation_id, reach.unit_id)
        patch = {name: replacing(before.properties.get(name), value) for name, value in values.items()}

        def unchanged(revision: int, expected: int = before.revision) -> None:
            if revision != expected:
                raise PreconditionFailed("changed meanwhile")

        whole = any(isinstance(value, dict) for value in values.values())
        try:
            # Only objects are merged by a merge patch; without one it does not matter what was desired before.
            await twins.patch_desired(
                reach.organisation_id, reach.unit_id, patch, by=by, precondition=unchanged if whole else None
            )
        except PreconditionFailed:
            continue
        return
    raise Conflict("Others keep changing what is desired of this unit.", remedy="Try again.")


def replacing(before: Any, after: Any) -> Any:
    """The merge patch (RFC 7396) that makes one value out of another."""
    if not isinstance(before, dict) or not isinstance(after, dict):
        return after
    gone = {name: None for name in before if name not in after}
    return gone | {name: replacing(before.get(name), value) for name, value in after.items()}


def _holds_null(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_holds_null, value.values()))
    return value is None
