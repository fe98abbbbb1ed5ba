# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""Types of `client.groups`."""

from __future__ import annotations

from msgspec import Struct


class Group(Struct, frozen=True, kw_only=True):
    """A named set of units."""

    id: str
    name: str
    title: str
    filter: GroupFilter | None
    place: GroupPlace
    named: int
    """Members named one by one"""
    version: int
    """Rises with every change of the group itself; also its ETag"""
    created_at: str
    updated_at: str


class GroupFilter(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which units belong by what they are: all conditions given must hold. Looked up whenever the group is used."""

    product: str = ""
    tags: list[str] = []
    """All of them; the maker's, whose notes they are"""
    below: str = ""
    """All parts of this unit, at every depth"""


class GroupMember(Struct, frozen=True, kw_only=True):
    """A unit of a group."""

    unit: str


class GroupMemberPage(Struct, frozen=True, kw_only=True):
    """Some items and the way to the next ones."""

    items: list[GroupMember]
    next_cursor: str | None = None
    """Pass as `cursor` for the next page; null on the last"""


class GroupPage(Struct, frozen=True, kw_only=True):
    """Some items and the way to the next ones."""

    items: list[Group]
    next_cursor: str | None = None
    """Pass as `cursor` for the next page; null on the last"""


class GroupPlace(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where a group is, for schedules by its clock or its sun."""

    timezone: str = ""
    """IANA name, such as Asia/Seoul"""
    latitude: float | None = None
    longitude: float | None = None
