"""Commands as tables show them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from monokoto.console.api import Part
from monokoto.console.values import plain

UNCONFIRMED = "unconfirmed"
OPEN = (UNCONFIRMED, "queued", "sent", "received", "running")
"""Stages from which more may come."""
ENDED = ("succeeded", "failed", "expired", "cancelled")


def told(found: Part, model: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The commands of a page of the API; `open` says whether more may come of any of them."""
    return {"problem": found.problem, **rows([] if found.problem else found.value["items"], model)}


def rows(items: Iterable[Mapping[str, Any]], model: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """As `told`, of commands from several places."""
    actions = (model or {}).get("actions") or {}
    made = [_row(one, actions.get(one["action"]) or {}) for one in items]
    return {"items": made, "open": any(row["open"] for row in made)}


def _row(one: Mapping[str, Any], action: Mapping[str, Any]) -> dict[str, Any]:
    text = action.get("monokoto:confirm")
    return {
        **one,
        "title": str(action.get("title") or one["action"]),
        "input": plain(one["input"]),
        "output": plain(one["output"]),
        "open": one["status"] in OPEN,
        "confirm_text": text if isinstance(text, str) else "",
        "two_person": bool(action.get("monokoto:twoPerson")),
    }
