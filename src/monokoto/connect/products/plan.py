"""A plan: what applying a folder would do. Data, to be shown, compared and approved; `Products.apply` carries it out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from monokoto.connect.products.changes.change import ABSENT, Change, change_at
from monokoto.connect.products.changes.compatibility import compare_models, compare_sections
from monokoto.connect.products.description.checking import CheckedProduct
from monokoto.connect.products.description.folder import PRODUCT_FILE
from monokoto.connect.products.description.report import Note
from monokoto.connect.products.sections import SectionChecker
from monokoto.connect.products.semver import Bump, Version, parse_version
from monokoto.connect.products.store import VersionContent
from monokoto.kernel.errors import Fault


class Outcome(StrEnum):
    """What applying would come to."""

    CREATE = "create"
    """The product is new."""
    ADD_VERSION = "add-version"
    UNCHANGED = "unchanged"
    """This version is there and says the same."""
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What would happen, and why."""

    product: str
    version: str
    outcome: Outcome
    base: str = ""
    """The version it is compared with; empty for a new product."""
    changes: tuple[Change, ...] = ()
    needed: Bump = Bump.NONE
    """How far the version must move from the base for these changes."""
    suggested_version: str = ""
    """A version that would be accepted, when this one is not."""
    refusal: str = ""
    faults: tuple[Fault, ...] = ()
    notes: tuple[Note, ...] = ()


def neighbours(version: str, existing: Sequence[str]) -> tuple[str, str]:
    """The releases right below and right above a version, empty where there is none; pre-releases promise nothing."""
    here = parse_version(version)
    releases = sorted(one for text in existing if not (one := parse_version(text)).pre_release)
    below = [one for one in releases if one < here]
    above = [one for one in releases if here < one]
    return (str(below[-1]) if below else "", str(above[0]) if above else "")


def current_of(existing: Sequence[str]) -> str:
    """The version new units get: the highest release; while there is none, the highest pre-release."""
    versions = [parse_version(text) for text in existing]
    return str(max(versions, key=lambda one: (not one.pre_release, one)))


def make_plan(
    checked: CheckedProduct,
    existing: Sequence[str],
    content: Callable[[str], VersionContent],
    sections: Sequence[SectionChecker] = (),
) -> Plan:
    """What applying this product comes to beside the versions there are; `content` reads one of them."""
    version = parse_version(checked.version)
    if checked.version in existing:
        return _same_version(checked, content(checked.version), existing, sections)
    if not existing:
        return Plan(product=checked.product, version=checked.version, outcome=Outcome.CREATE, notes=checked.notes)
    base, over = neighbours(checked.version, existing)
    below, above = content(base) if base else None, content(over) if over and not version.pre_release else None
    changes = changes_between(below, checked, sections) if below else ()
    needed = max((change.bump for change in changes), default=Bump.NONE)
    plan = Plan(
        product=checked.product,
        version=checked.version,
        outcome=Outcome.ADD_VERSION,
        base=base,
        changes=changes,
        needed=needed,
        notes=checked.notes,
    )
    if below is not None and version.bump_from(lower := parse_version(base)) < needed:
        return _refused(plan, changes, _free(lower.raised(needed), existing), f"{base} and {checked.version}")
    if above is not None:
        upper = parse_version(over)
        later = compare_models(checked.thing_model, above.thing_model)
        if upper.bump_from(version) < max((change.bump for change in later), default=Bump.NONE):
            between = f"{checked.version} and {over}, which is there already,"
            return _refused(plan, later, _free(upper, existing), between)
    return plan


def changes_between(
    older: VersionContent, checked: CheckedProduct | VersionContent, sections: Sequence[SectionChecker] = ()
) -> tuple[Change, ...]:
    """Every change from an applied version to this folder, or to another applied version."""
    return (
        *compare_models(older.thing_model, checked.thing_model),
        *compare_sections(older.document, checked.document, {one.name: one.changes for one in sections}),
        *_compare_files(older.files, checked.files),
    )


def _compare_files(before: Mapping[str, str], after: Mapping[str, str]) -> list[Change]:
    """Files beside product.yaml, as texts."""
    names = sorted((before.keys() | after.keys()) - {PRODUCT_FILE})
    reason = "no unit or caller depends on it"
    return [
        change_at(f"/{name}", before.get(name, ABSENT), after.get(name, ABSENT), Bump.PATCH, reason)
        for name in names
        if before.get(name) != after.get(name)
    ]


def _free(candidate: Version, existing: Sequence[str]) -> str:
    """This version, or when there are releases from it on, the next major one: anything may change with that."""
    highest = max(parse_version(text) for text in existing)
    return str(candidate if highest < candidate else highest.raised(Bump.MAJOR))


def _same_version(
    checked: CheckedProduct, there: VersionContent, existing: Sequence[str], sections: Sequence[SectionChecker]
) -> Plan:
    version = parse_version(checked.version)
    plan = Plan(
        product=checked.product,
        version=checked.version,
        outcome=Outcome.UNCHANGED,
        base=there.header.version,
        notes=checked.notes,
    )
    if checked.digest == there.header.digest:
        return plan
    changes = changes_between(there, checked, sections)
    needed = max((change.bump for change in changes), default=Bump.PATCH)
    return replace(
        plan,
        outcome=Outcome.REFUSED,
        changes=changes,
        needed=needed,
        suggested_version=_next_after(version, needed, existing),
        refusal=f"{checked.product} {checked.version} is applied already and says something else; a version never changes.",
        faults=tuple(_fault(change) for change in changes),
    )


def _next_after(version: Version, needed: Bump, existing: Sequence[str]) -> str:
    if not version.pre_release:
        return _free(version.raised(needed), existing)
    # A pre-release promises nothing: the next one may carry any change.
    stem, dot, last = version.pre_release.rpartition(".")
    following = f"{stem}{dot}{int(last) + 1}" if last.isdigit() else f"{version.pre_release}.1"
    return _free(Version(version.major, version.minor, version.patch, following), existing)


def _refused(plan: Plan, changes: Sequence[Change], suggested: str, between: str) -> Plan:
    needed = max(change.bump for change in changes)
    breaking = [change for change in changes if change.bump == needed]
    return replace(
        plan,
        outcome=Outcome.REFUSED,
        suggested_version=suggested,
        refusal=f"Between {between} lies what needs a {needed.word} version.",
        faults=tuple(_fault(change) for change in breaking),
    )


def _fault(change: Change) -> Fault:
    return Fault(place=change.place, reason=f"{change.kind.value}: {change.reason}")
