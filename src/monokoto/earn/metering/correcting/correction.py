"""A correction: what a sample counts from now on, instead of what was told; who said so, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from monokoto.earn.metering.keeping import SampleKind
from monokoto.kernel.clock import Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked for: of a sample that is there (`name`), or of one that nobody told (`id`)."""

    meter: str
    """`product/name`"""
    unit_id: int
    at: int
    value: Decimal | None
    """None: it does not count."""
    reason: str
    name: int | None = None
    id: str = ""
    groups: Mapping[str, str] = field(default_factory=dict)
    key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """One that was made."""

    id: int
    organisation_id: int
    meter: str
    unit_id: int
    at: int
    name: int
    kind: SampleKind
    value: Decimal
    before: Decimal | None
    """What it counted until then; None: nothing."""
    key: str
    groups: Mapping[str, str]
    source: str
    told_id: str
    arrived: int
    reason: str
    corrected_at: Instant
    corrected_by: int
