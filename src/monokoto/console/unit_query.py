"""What the address of the list of units says: conditions, order, columns, page. Read from it, and written to it again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

from monokoto.console.languages import mark

PATH = "/console/units"
_FIELDS_MAX = 200


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the list."""

    label: str
    sort: str = ""
    """The API's name of the field it is sorted by; empty: it cannot be."""


COLUMNS = {
    "product": Column(mark("Product"), "product"),
    "version": Column(mark("Version"), "version"),
    "online": Column(mark("Connection")),
    "last_seen": Column(mark("Last heard of")),
    "status": Column(mark("Status"), "status"),
    "tags": Column(mark("Tags")),
    "place": Column(mark("Place")),
    "owned": Column(mark("Owner")),
    "parent": Column(mark("Part of")),
    "created_at": Column(mark("Registered"), "created_at"),
    "updated_at": Column(mark("Changed"), "updated_at"),
}
"""Beside the unit itself, which is always there."""
DEFAULT_COLUMNS = ("product", "version", "online", "last_seen", "tags", "place")
CONDITIONS = (
    "text", "product", "version", "status", "online", "claimed", "parent", "below", "box", "serial", "serial_prefix", "side",
)  # fmt: skip
"""As `GET /api/v1/units` names them; `tag` may be there several times."""
_OF_JOBS = {"tag": "tags", "side": ""}
"""What a job's selection calls otherwise, or does not know."""


@dataclass(frozen=True, slots=True)
class UnitQuery:
    """The state of the list."""

    conditions: dict[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    sort: str = ""
    columns: tuple[str, ...] = DEFAULT_COLUMNS
    cursor: str = ""

    def get(self, name: str) -> str:
        """A condition; empty: there is none."""
        return self.conditions.get(name, "")

    @property
    def narrowed(self) -> bool:
        """Whether there is any condition."""
        return bool(self.conditions or self.tags)

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """All of it but the page, in one order, so that the same state has one address."""
        pairs = [(name, self.conditions[name]) for name in CONDITIONS if name in self.conditions]
        pairs += [("tag", tag) for tag in self.tags]
        pairs += [("sort", self.sort)] if self.sort else []
        if self.columns != DEFAULT_COLUMNS:
            pairs += [("columns", name) for name in self.columns or ("",)]
        return pairs

    @property
    def text(self) -> str:
        """`pairs` as they follow the `?`."""
        return urlencode(self.pairs)

    def address(self, path: str = PATH, **more: str) -> str:
        """The address of this state, with some fields more."""
        pairs = [*self.pairs, *((name, value) for name, value in more.items() if value)]
        return f"{path}?{urlencode(pairs)}" if pairs else path

    def sorted_by(self, name: str) -> str:
        """The address of the same list in this order; in the other direction when it is in this order already."""
        return replace(self, sort=f"-{name}" if self.sort == name else name, cursor="").address()

    def without(self, name: str) -> str:
        """The address of the same list without a condition."""
        rest = {one: value for one, value in self.conditions.items() if one != name}
        return replace(self, conditions=rest, tags=() if name == "tag" else self.tags, cursor="").address()

    def asked(self) -> dict[str, Any]:
        """The conditions as the list of units takes them."""
        return {**self.conditions, **({"tag": list(self.tags)} if self.tags else {})}

    def selection(self) -> dict[str, Any]:
        """The conditions as a job takes them."""
        found: dict[str, Any] = {
            _OF_JOBS.get(name, name): value for name, value in self.conditions.items() if _OF_JOBS.get(name, name)
        }
        for name in ("online", "claimed"):
            if name in found:
                found[name] = found[name] == "true"
        if "status" in found:
            found["status"] = [found["status"]]
        return {**found, **({"tags": list(self.tags)} if self.tags else {})}


def read_query(pairs: Iterable[tuple[str, str]]) -> UnitQuery:
    """What an address says; what it says that is no part of the state is left out."""
    conditions: dict[str, str] = {}
    tags: list[str] = []
    chosen: list[str] = []
    others = {"sort": "", "cursor": ""}
    for name, text in pairs:
        value = text.strip()
        if name == "columns":
            chosen += value.split(",")
        elif name == "tag":
            tags += [tag.strip() for tag in value.split(",") if tag.strip()]
        elif name in CONDITIONS and value:
            conditions[name] = value
        elif name in others:
            others[name] = value
    columns = tuple(name for name in COLUMNS if name in chosen) if chosen else DEFAULT_COLUMNS
    return UnitQuery(conditions, tuple(dict.fromkeys(tags)), others["sort"], columns, others["cursor"])


def parse_query(text: str) -> UnitQuery:
    """As `read_query`, of what follows a `?`."""
    return read_query(parse_qsl(text, keep_blank_values=True, max_num_fields=_FIELDS_MAX))
