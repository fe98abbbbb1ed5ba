"""What is given and taken back on the pages about features: the form's fields as the API wants them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from monokoto.console.api import Problem, Refused
from monokoto.console.features import FeatureView, value_of
from monokoto.console.form_values import unreadable
from monokoto.console.languages import mark
from monokoto.console.values import instant_from_local
from monokoto.console.visit import Visit

GIVEN = mark("It is given. Units open it within a second.")
TAKEN = mark("It is taken back. That it was there stays known.")
NO_TIME = mark("This is not a date and time.")
NO_PRIORITY = mark("A priority is a number from 0 to 255; lower is used first.")
SOURCES = ("given", "bought", "top-up")


async def give(visit: Visit, features: Iterable[FeatureView], holder: dict[str, str]) -> None:
    """Give what the form says to a holder (`{"unit": id}`, …). Raises Refused."""
    feature = next((one for one in features if one.key == visit.value("feature")), None)
    product, _, name = visit.value("feature").partition("/")
    priority = visit.value("priority") or "1"
    if not (priority.isascii() and priority.isdigit() and len(priority) < 4):
        raise unreadable(visit, "priority", NO_PRIORITY)
    body: dict[str, Any] = {
        **holder,
        "feature": name,
        "key": visit.value("key"),
        "source": visit.value("source") or "given",
        "begin": _instant(visit, "begin"),
        "end": _instant(visit, "end"),
        "value": value_of(visit, feature),
        "amount": visit.value("amount") or None,
        "priority": int(priority),
        "note": visit.value("note"),
    }
    if "unit" not in holder:
        body["product"] = product
    await visit.api.post("/api/v1/entitlements", body)


async def take(visit: Visit) -> None:
    """Take back the one the form names. Raises Refused."""
    named = visit.value("entitlement")
    if not named:
        raise Refused(Problem(status=422, code="invalid"))
    await visit.api.delete(f"/api/v1/entitlements/{quote(named, safe='')}")


def _instant(visit: Visit, name: str) -> str | None:
    text = visit.value(name)
    if not text:
        return None
    try:
        return instant_from_local(text, visit.formats.zone)
    except ValueError:
        raise unreadable(visit, name, NO_TIME) from None
