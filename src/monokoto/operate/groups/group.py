"""A group: units under a name, some named one by one, some found by what they are."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated
from zoneinfo import available_timezones

import msgspec
from msgspec import Meta

from monokoto.kernel.clock import Instant
from monokoto.kernel.errors import Fault, Invalid
from monokoto.kernel.ids import GroupId, OrganisationId
from monokoto.kernel.limits import NAME_LENGTH_MAX, TAG_LENGTH_MAX, TAGS_PER_UNIT_MAX, TITLE_LENGTH_MAX
from monokoto.kernel.names import SLUG_RULE, is_slug


class GroupFilter(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Which units belong by what they are: all conditions given must hold. Looked up whenever the group is used."""

    product: Annotated[str, Meta(max_length=NAME_LENGTH_MAX)] = ""
    tags: Annotated[
        list[Annotated[str, Meta(max_length=TAG_LENGTH_MAX)]],
        Meta(max_length=TAGS_PER_UNIT_MAX, description="All of them; the maker's, whose notes they are"),
    ] = []
    below: Annotated[str, Meta(max_length=13, description="All parts of this unit, at every depth")] = ""

    @property
    def says(self) -> bool:
        """Whether it has a condition at all."""
        return bool(self.product or self.tags or self.below)


class GroupPlace(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Where a group is, for schedules by its clock or its sun."""

    timezone: Annotated[str, Meta(max_length=64, description="IANA name, such as Asia/Seoul")] = ""
    latitude: Annotated[float, Meta(ge=-90, le=90)] | None = None
    longitude: Annotated[float, Meta(ge=-180, le=180)] | None = None

    def faults(self, where: str) -> Iterator[Fault]:
        """What is wrong with it."""
        if self.timezone and self.timezone not in available_timezones():
            yield Fault(place=f"{where}timezone", reason=f"{self.timezone!r} is no IANA time zone such as Asia/Seoul")
        if (self.latitude is None) != (self.longitude is None):
            yield Fault(place=f"{where}latitude", reason="latitude and longitude go together")
        if not all(math.isfinite(one) for one in (self.latitude, self.longitude) if one is not None):
            yield Fault(place=f"{where}latitude", reason="must be finite")


NO_PLACE = GroupPlace()


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupDraft:
    """What somebody says of a group."""

    title: str = ""
    filter: GroupFilter | None = None
    place: GroupPlace = NO_PLACE
    units: tuple[int, ...] | None = None
    """Its members by name; None leaves those it has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Units under a name."""

    id: GroupId
    organisation_id: OrganisationId
    organisation_kind: str
    """Decides, with the gate, which units are within its reach."""
    name: str
    title: str
    filter: GroupFilter | None
    place: GroupPlace
    version: int
    """Counts the changes of the group itself; `Groups.version` also moves when its units may have changed."""
    named: int = 0
    """How many members are named one by one."""
    created_at: Instant
    created_by: int
    updated_at: Instant


def named_faults(name: str, title: str) -> list[Fault]:
    """What is wrong with the name and title of a group, a scene or a schedule."""
    faults = []
    if not is_slug(name):
        faults.append(Fault(place="name", reason=SLUG_RULE))
    if len(title) > TITLE_LENGTH_MAX or (title and not title.isprintable()) or title != title.strip():
        faults.append(Fault(place="title", reason=f"has at most {TITLE_LENGTH_MAX} printable characters"))
    return faults


def check_named(what: str, faults: list[Fault]) -> None:
    """Raises Invalid with all of them, when there are any."""
    if faults:
        raise Invalid(f"The {what} cannot be saved so.", faults=faults)
