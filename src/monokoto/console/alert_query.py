"""What the address of the inbox of alerts says: which alerts, as a list or as groups. Read from it, and written to it again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from monokoto.console.languages import mark
from monokoto.kernel.clock import MICROSECONDS_PER_SECOND, format_instant

PATH = "/console/alerts"
STATES = {
    "open": ("raised", "acknowledged"),
    "raised": ("raised",),
    "acknowledged": ("acknowledged",),
    "over": ("cleared", "closed"),
    "cleared": ("cleared",),
    "all": (),
}
"""What the choice of states says, and the states of the API it stands for; the first is what is shown unasked."""
STATE_LABELS = {
    "open": mark("Standing"),
    "raised": mark("Standing, not acknowledged"),
    "acknowledged": mark("Standing, acknowledged"),
    "over": mark("Over"),
    "cleared": mark("Over, not acknowledged"),
    "all": mark("All"),
}
SEVERITIES = ("critical", "major", "minor", "warning", "info")
SPANS = {"1h": 3600, "24h": 86_400, "7d": 7 * 86_400, "30d": 30 * 86_400}
SPAN_LABELS = {
    "": mark("Any time"),
    "1h": mark("1 hour"),
    "24h": mark("24 hours"),
    "7d": mark("7 days"),
    "30d": mark("30 days"),
}
QUIET = {
    "": {},
    "yes": {"shelved": "yes", "suppressed": "yes"},
    "shelved": {"shelved": "only", "suppressed": "yes"},
    "suppressed": {"shelved": "yes", "suppressed": "only"},
}
QUIET_LABELS = {
    "": mark("Left out"),
    "yes": mark("Shown too"),
    "shelved": mark("Only shelved ones"),
    "suppressed": mark("Only those another hides"),
}
_FIELDS = ("state", "severity", "since", "product", "unit", "rule", "group", "system", "assignee", "quiet", "view")
_CHOICES = {"state": STATES, "severity": SEVERITIES, "since": SPANS, "quiet": QUIET, "view": ("groups",)}


@dataclass(frozen=True, slots=True)
class AlertQuery:
    """The state of the inbox; a field that is not said has no value."""

    said: dict[str, str] = field(default_factory=dict)
    cursor: str = ""

    def get(self, name: str) -> str:
        """What a field says; empty: nothing."""
        return self.said.get(name, "")

    @property
    def grouped(self) -> bool:
        """Whether alerts that began together are one line."""
        return self.get("view") == "groups"

    @property
    def narrowed(self) -> bool:
        """Whether it leaves out more than an inbox does unasked."""
        return any(name != "view" for name in self.said)

    def address(self, **changed: str) -> str:
        """The address of this state with some fields changed; an empty value takes one away. Always without the page."""
        said = {**self.said, **changed}
        pairs = [(name, said[name]) for name in (*_FIELDS, "cursor") if said.get(name)]
        return f"{PATH}?{urlencode(pairs)}" if pairs else PATH

    def asked(self, now: int, unit: str = "") -> dict[str, Any]:
        """As `GET /api/v1/alerts` takes it; `unit`: the id that the field's text stands for."""
        state, since = self.get("state") or "open", self.get("since")
        found: dict[str, Any] = {name: self.get(name) for name in ("severity", "product", "rule")}
        found |= {"state": list(STATES[state]), **QUIET[self.get("quiet")]}
        if since:
            found["from"] = format_instant(now - SPANS[since] * MICROSECONDS_PER_SECOND)
        if not self.grouped:  # groups know none of these
            found |= {name: self.get(name) for name in ("group", "system", "assignee")} | {"unit": unit}
        return found


def read_query(pairs: Iterable[tuple[str, str]]) -> AlertQuery:
    """What an address says; what it says that is no part of the state is left out."""
    said: dict[str, str] = {}
    cursor = ""
    for name, text in pairs:
        value = text.strip()[:200]
        if name == "cursor":
            cursor = value
        elif name in _FIELDS and value and (name not in _CHOICES or value in _CHOICES[name]):
            said[name] = value
    if said.get("state") == "open":
        del said["state"]
    return AlertQuery(said, cursor)
