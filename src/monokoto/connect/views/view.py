"""A saved view: the query of a list's address, under a name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from monokoto.kernel.clock import Instant
from monokoto.kernel.errors import Fault, Invalid
from monokoto.kernel.ids import OrganisationId, ViewId
from monokoto.kernel.limits import VIEW_NAME_LENGTH_MAX, VIEW_QUERY_LENGTH_MAX


class Listed(StrEnum):
    """The lists that views are of."""

    UNITS = "units"


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One saved view."""

    id: ViewId
    organisation_id: OrganisationId
    actor_id: int
    """The person, or the key, who saved it."""
    listed: Listed
    name: str
    query: str
    """As it follows the `?` of an address."""
    shared: bool
    created_at: Instant
    updated_at: Instant


def check(name: str, query: str) -> None:
    """Raises Invalid with every fault of a view's name and query."""
    if faults := list(_faults(name, query)):
        raise Invalid("The view cannot be saved so.", faults=faults)


def _faults(name: str, query: str) -> Iterator[Fault]:
    if not name.strip() or len(name) > VIEW_NAME_LENGTH_MAX or not name.isprintable():
        yield Fault(place="name", reason=f"has 1 to {VIEW_NAME_LENGTH_MAX} printable characters")
    if len(query) > VIEW_QUERY_LENGTH_MAX:
        yield Fault(place="query", reason=f"has at most {VIEW_QUERY_LENGTH_MAX} characters")
    if not query.isascii() or not query.isprintable() or query.startswith("?") or "#" in query:
        yield Fault(place="query", reason="is the query of an address, percent-encoded, without the `?`")
