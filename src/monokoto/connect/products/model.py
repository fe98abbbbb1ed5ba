"""A product's model: a W3C WoT Thing Model 1.1, compiled into what the line, the twin and the API ask of it.

Source: https://www.w3.org/TR/wot-thing-description11/ (sections 5.3.1, 5.3.2, 9).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from monokoto.kernel.ids import OrganisationId, ProductName
from monokoto.kernel.values import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class PropertyModel:
    """One property: what a reading of it must look like."""

    name: str
    kind: Kind
    schema: Mapping[str, Any]
    """The WoT data schema, verbatim."""
    title: str = ""
    unit: str = ""
    read_only: bool = False
    observable: bool = True
    minimum: float | None = None
    maximum: float | None = None
    exclusive_minimum: float | None = None
    exclusive_maximum: float | None = None
    enum: tuple[Any, ...] = ()
    length_max: int | None = None
    retention_days: int | None = None
    """`monokoto:retentionDays`; None: kept for ever."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventModel:
    """One event: `data` is the schema of its payload, None when it carries none."""

    name: str
    data: Mapping[str, Any] | None = None
    title: str = ""


@dataclass(frozen=True, slots=True)
class Forbidding:
    """A state in which an action must not be asked."""

    when: str
    """CEL over the product's properties."""
    reason: str = ""
    """For people; empty: the condition speaks for itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionModel:
    """One action and the schemas of what goes in and what comes out."""

    name: str
    input: Mapping[str, Any] | None = None
    output: Mapping[str, Any] | None = None
    title: str = ""
    synchronous: bool = False
    """One after the other: a unit gets the next one when it has given its last word of the one before."""
    idempotent: bool = False
    """Doing it twice is doing it once."""
    deadline_seconds: float | None = None
    """`monokoto:deadline`; None: the platform's default."""
    forbidden_when: tuple[Forbidding, ...] = ()
    """`monokoto:forbiddenWhen`"""
    confirm: bool = False
    """`monokoto:confirm`: it is done once somebody has said yes to it."""
    confirm_text: str = ""
    two_person: bool = False
    """`monokoto:twoPerson`: and that is another person than the one who asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductModel:
    """One immutable version of a product."""

    organisation_id: OrganisationId
    product: ProductName
    version: str
    """Semantic version, from `model.version.model`."""
    properties: Mapping[str, PropertyModel] = field(default_factory=dict)
    events: Mapping[str, EventModel] = field(default_factory=dict)
    actions: Mapping[str, ActionModel] = field(default_factory=dict)
    title: str = ""

    @property
    def key(self) -> tuple[int, str, str]:
        """What tells two compiled models apart: organisation, product, version."""
        return (self.organisation_id, self.product, self.version)
