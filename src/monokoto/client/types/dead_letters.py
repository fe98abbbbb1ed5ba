# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""Types of `client.dead_letters`."""

from __future__ import annotations

from msgspec import Struct


class DeadLetter(Struct, frozen=True, kw_only=True):
    """Something a unit sent that could not be taken, and why."""

    unit: str
    arrived: str
    route: str
    subject: str
    reason: str
    detail: str
    payload: str
    payload_encoding: str


class DeadLetterCount(Struct, frozen=True, kw_only=True):
    """How many letters of each reason one unit ever caused."""

    unit: str
    total: int
    reasons: dict[str, int]


class DeadLetterPage(Struct, frozen=True, kw_only=True):
    """Some items and the way to the next ones."""

    items: list[DeadLetter]
    next_cursor: str | None = None
    """Pass as `cursor` for the next page; null on the last"""
