"""Which unit a person means: by its id, or by its serial if only one has it."""

from __future__ import annotations

from typing import Annotated

import typer

from monokoto.cli.client import ApiClient
from monokoto.client.types import UnitStatus
from monokoto.kernel.errors import Conflict, Invalid, NotFound
from monokoto.kernel.ids import parse_id

PATH = "/api/v1/units"
UnitArgument = Annotated[str, typer.Argument(metavar="UNIT", help="The unit's id, or its serial if only one has it.")]


def unit_id_of(client: ApiClient, unit: str) -> str:
    """The id of the unit a person named by id or serial.

    Raises:
        NotFound: there is no such unit.
        Conflict: several units have this serial.
    """
    try:
        parse_id(unit)
    except Invalid:
        asked = {"serial": unit, "limit": 2, "status": list(UnitStatus)}
        found = client.ask("GET", PATH, query=asked)["items"]
    else:
        return unit
    if not found:
        raise NotFound(f"There is no unit {unit!r}.", remedy="`koto units list` shows those there are.")
    if len(found) > 1:
        raise Conflict(f"Several units have the serial {unit!r}.", remedy="Name the one by its id.")
    return str(found[0]["id"])
