"""A rule as it was written and understood: what the engine is told of it, and what people are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from enum import StrEnum
from typing import Any

import shapely

from monokoto.operate.conditions import CelType, Condition
from monokoto.operate.rules.change import Severity
from monokoto.operate.rules.engine.compiled import SignalSpec


class Audience(StrEnum):
    """Who is shown the alerts of a product's rule."""

    BOTH = "both"
    MAKER = "maker"
    OWNER = "owner"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule of a product, or one an organisation added, for units of one version of a product."""

    name: str
    title: Mapping[str, str]
    """By language; under `""` the title without one."""
    help: Mapping[str, str]
    """What to do, the same way."""
    severity: Severity
    severities: tuple[tuple[Severity, Condition], ...]
    """The ladder, the worst first."""
    severity_clears: tuple[tuple[Severity, Condition], ...]
    """Steps of the ladder that, once true, hold until this is; the others hold while their condition does."""
    audience: Audience
    signals: tuple[SignalSpec, ...]
    when: Condition
    clear: Condition | None
    """None: as soon as `when` no longer holds."""
    hold_us: int
    """How long `when` must hold before it is raised."""
    clear_hold_us: int
    lateness_us: int
    suppressed_by: str
    suppress_grace_us: int
    """How long its alerts wait for the one that hides them."""
    forbids: tuple[str, ...]
    document: Mapping[str, Any]
    """As it was written."""
    types: Mapping[str, CelType]
    """Of all its expressions could name: properties, and its signals."""

    @property
    def properties(self) -> frozenset[str]:
        """The properties it looks at, by themselves or through its signals."""
        own = {signal.name for signal in self.signals}
        named = {name.partition(".")[0] for condition in self.conditions() for name in condition.names - own}
        listed = {name for signal in self.signals for name in getattr(signal.kind, "properties", ())}
        return frozenset(named | listed)

    def conditions(self) -> Iterator[Condition]:
        """All its expressions."""
        yield from (part for part in self.parts() if isinstance(part, Condition))

    def parts(self) -> Iterator[Any]:
        """All its expressions and areas."""
        yield from _parts((self.when, self.clear, self.severities, self.severity_clears, self.signals))

    def called(self, language: str = "") -> str:
        """The title, in a language where there is one; the name where nothing is said."""
        return in_language(self.title, language) or self.name


def in_language(texts: Mapping[str, str], language: str) -> str:
    """The text for a language: its own, that of the language without its region, English, whichever comes first."""
    for tag in (language, language.partition("-")[0], "", "en"):
        if tag in texts:
            return texts[tag]
    return next(iter(texts.values()), "")


def _parts(value: Any) -> Iterator[Any]:
    if isinstance(value, Condition | shapely.Geometry):
        yield value
    elif isinstance(value, tuple):
        for one in value:
            yield from _parts(one)
    elif is_dataclass(value) and not isinstance(value, type):
        for one in fields(value):
            yield from _parts(getattr(value, one.name))
