"""From a rule to what the engine runs, and the digest by which its state is known again."""

from __future__ import annotations

import hashlib

import msgspec
import shapely

from monokoto.operate.rules.engine.compiled import CompiledRule, UnitSet
from monokoto.operate.rules.rule import Rule

_WORDS = frozenset({"title", "help", "audience", "forbids", "suppressed_by"})
"""What may change without the rule becoming another one: its state goes on."""


def compile_rule(
    rule: Rule,
    *,
    key: str,
    version: str,
    organisation_id: int,
    maker_id: int,
    product: str,
    versions: frozenset[str],
    units: UnitSet | None = None,
) -> CompiledRule:
    """The rule as the engine runs it, for units of these versions of the product."""
    own = {signal.name for signal in rule.signals}
    return CompiledRule(
        key=key, version=version, digest=digest_of(rule), organisation_id=organisation_id, maker_id=maker_id,
        product=product, versions=versions, units=units, name=rule.name, severity=rule.severity,
        severities=rule.severities, severity_clears=rule.severity_clears, signals=rule.signals, when=rule.when,
        clear=rule.clear, hold_us=rule.hold_us,
        clear_hold_us=rule.clear_hold_us, lateness_us=rule.lateness_us, audience=rule.audience.value,
        suppressed_by=rule.suppressed_by,
        suppress_grace_us=rule.suppress_grace_us, forbids=rule.forbids,
        variables={name: kind for name, kind in rule.types.items() if name not in own},
    )  # fmt: skip


def digest_of(rule: Rule) -> str:
    """SHA-256 of all that decides when it raises: what is written, the types of what it names, its areas."""
    said = {name: value for name, value in rule.document.items() if name not in _WORDS}
    named = {name for condition in rule.conditions() for name in condition.names}
    types = {name: rule.types[name].value for name in named if name in rule.types}
    areas = [shapely.to_wkb(part, hex=True) for part in rule.parts() if isinstance(part, shapely.Geometry)]
    encoded = msgspec.json.encode([said, types, areas], order="deterministic")
    return hashlib.sha256(encoded).hexdigest()
