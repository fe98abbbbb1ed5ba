"""A fact: something that happened, in the past tense, told to whoever listens.

A fact is a signal, never the only carrier of a change: it may be lost when a process dies between the commit and the
telling, so every listener also asks by period (house rule: reconcilers run by signal and by period).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from monokoto.kernel.clock import Instant
from monokoto.kernel.ids import OrganisationId


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """What happened, where and when."""

    name: str
    """`slice.noun_verbed`, for example `fleet.credential_revoked`."""
    organisation_id: OrganisationId
    at: Instant
    data: Mapping[str, Any]
    """Plain JSON values; ids in their integer form."""


class Facts(Protocol):
    """Where facts are told and heard. Handed in by assembly; the log engine carries them between processes."""

    async def tell(self, fact: Fact) -> None:
        """Tell every listener in every process. Never raises: a lost fact is mended by the next period."""
        ...

    async def listen(self, name: str, heard: Callable[[Fact], Awaitable[None]]) -> None:
        """Call `heard` for each fact of this name (`fleet.*` for all of a slice)."""
        ...
