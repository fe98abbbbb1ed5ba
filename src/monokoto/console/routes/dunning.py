"""When nobody pays: the steps that follow, and whom they are about now."""

from __future__ import annotations

import json
from typing import Any

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery

from monokoto.console.api import Fault, Problem, Refused
from monokoto.console.languages import mark
from monokoto.console.money_forms import names_in
from monokoto.console.visit import Visit
from monokoto.kernel.limits import DUNNING_STEPS_MAX

PATH = "/console/dunning"
PAGE_SIZE = 50
SAVED = mark("The steps are kept.")
NO_DAYS = mark("Give whole days.")


class DunningPagesController(Controller):
    """`/console/dunning`."""

    path = "/dunning"

    @get("/")
    async def index(self, visit: NamedDependency[Visit], cursor: FromQuery[str] = "") -> Response[str]:
        """The oldest invoice first."""
        policy = await visit.api.get("/api/v1/dunning-policy")
        return visit.page("payments/dunning.html", **await _shown(visit, cursor), rows=_rows(policy["steps"]))

    @post("/")
    async def save(self, visit: NamedDependency[Visit]) -> Response[str]:
        """Say the steps anew; a row without days is no step."""
        said = zip(visit.values("after_days"), visit.values("act"), visit.values("texts"), strict=False)
        rows = [
            {"after_days": day.strip(), "act": act, "texts": _texts(text)} for day, act, text in said if day.strip()
        ]
        try:
            steps = [_step(visit, row, at) for at, row in enumerate(rows)]
            kept = await visit.api.get("/api/v1/dunning-policy")
            await visit.api.put("/api/v1/dunning-policy", {**kept, "steps": steps})
        except Refused as refused:
            return visit.again("payments/dunning.html", refused, **await _shown(visit, ""), rows=_rows(rows))
        return visit.go(PATH, visit.say(SAVED))


def _texts(hidden: str) -> Any:
    """A step's own texts, which the form carries along."""
    try:
        return json.loads(hidden or "{}")
    except ValueError:
        return {}


def _step(visit: Visit, row: dict[str, Any], at: int) -> dict[str, Any]:
    if not (row["after_days"].isascii() and row["after_days"].isdigit() and len(row["after_days"]) <= 4):
        raise Refused(Problem(status=422, code="invalid", faults=[Fault(visit.say(NO_DAYS), f"steps/{at}/after_days")]))
    # A suspension tells nobody: words of a step that becomes one go.
    texts = row["texts"] if row["act"] == "notice" else {}
    return {"after_days": int(row["after_days"]), "act": row["act"], "texts": texts}


def _rows(steps: list[Any]) -> list[Any]:
    """Those there are, and one to add another."""
    return [*steps, {"after_days": "", "act": "notice", "texts": {}}][:DUNNING_STEPS_MAX]


async def _shown(visit: Visit, cursor: str) -> dict[str, Any]:
    found = await visit.api.get("/api/v1/dunning", cursor=cursor, limit=PAGE_SIZE)
    return {"found": found, "names": await names_in(visit, (one["customer"] for one in found["items"]))}
