"""The book of rules: all that is to be watched for, worked out of the products' versions in use and of the added rules.

A rule whose text several versions of a product share is one rule for the units of all of them, so that a unit that moves to
another version keeps its state; it is told by the newest of those versions.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import structlog

from monokoto.connect.products import ProductModel, Products, parse_version
from monokoto.kernel.errors import Invalid, NotFound
from monokoto.operate.rules.added.added_rule import AddedRule
from monokoto.operate.rules.added.service import Rules
from monokoto.operate.rules.compiling import compile_rule, digest_of
from monokoto.operate.rules.engine.compiled import CompiledRule, UnitSet
from monokoto.operate.rules.parsing.rule import read_document
from monokoto.operate.rules.parsing.setting import Members, Setting
from monokoto.operate.rules.ports import Int64s, Reach, units_of
from monokoto.operate.rules.rule import Rule
from monokoto.operate.rules.section import rules_of

Kind = tuple[int, str, str]
"""Organisation, product, version."""
_NOBODY: Int64s = np.empty(0, np.int64)
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Unwatched:
    """A version of a product for whose units a rule does not run."""

    version: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One rule in the book: as people see it, and as the engine runs it."""

    rule: Rule
    compiled: CompiledRule
    added: AddedRule | None = None
    """None: it is the product's."""

    @property
    def shape(self) -> tuple[object, ...]:
        """What makes the book another one when it changes."""
        it = self.compiled
        return (
            *it.state_key, it.version, it.versions, it.name, it.audience, it.suppressed_by,
            it.suppress_grace_us, it.forbids, it.units is None,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Page:
    """The book at one moment."""

    number: int = 0
    """Another one whenever the rules are others."""
    entries: tuple[Entry, ...] = ()
    unwatched: Mapping[int, tuple[Unwatched, ...]] = field(default_factory=dict)
    """By added rule: the versions it does not suit."""

    @property
    def rules(self) -> tuple[CompiledRule, ...]:
        """As the engine takes them."""
        return tuple(entry.compiled for entry in self.entries)


class _Units:
    """The units of one added rule; a `UnitSet` asks it from any thread."""

    def __init__(self) -> None:
        self.number = 0
        self.ids = _NOBODY

    def put(self, ids: Int64s) -> None:
        if not np.array_equal(ids, self.ids):
            self.ids, self.number = ids, self.number + 1


class RuleBook:
    """Kept up to date by `refresh`, which blocks; `page` is read from any thread."""

    def __init__(self, products: Products, rules: Rules, reach: Reach) -> None:
        self._products = products
        self._rules = rules
        self._reach = reach
        self._lock = threading.Lock()
        # A version never changes, so its rules are understood once; there are as many as versions in use.
        self._of_product: dict[Kind, tuple[Rule, ...]] = {}
        self._faulty: set[Kind] = set()
        self._of_added: dict[tuple[int, int, Kind], Rule | str] = {}
        self._units: dict[int, _Units] = {}
        self.page = Page()

    def refresh(self) -> Page:
        """Work the book out anew; the same page comes back while nothing changed."""
        with self._lock:
            kinds = _by_product(self._reach.kinds())
            live = self._rules.live()
            unwatched: dict[int, tuple[Unwatched, ...]] = {}
            entries = [
                entry for product, versions in kinds.items() for entry in self._products_rules(*product, versions)
            ]
            for added in live:
                versions = kinds.get((added.watched.maker_id, added.watched.product), [])
                found, refused = self._added_rules(added, versions)
                entries += found
                if refused:
                    unwatched[added.id] = tuple(refused)
            self._put_units(live)
            self._forget(live, kinds)
            if [entry.shape for entry in entries] != [entry.shape for entry in self.page.entries]:
                self.page = Page(self.page.number + 1, tuple(entries), unwatched)
            elif unwatched != self.page.unwatched:
                self.page = Page(self.page.number, self.page.entries, unwatched)
            return self.page

    def called(self, key: str) -> str:
        """What people call the rule with this key: an added one by its name, which its key does not say."""
        return next((one.rule.name for one in self.page.entries if one.added and one.compiled.key == key), key)

    def rules_of_version(self, organisation_id: int, product: str, version: str) -> tuple[Rule, ...]:
        """The rules of a product's version. Raises NotFound; Invalid when it was applied before rules meant anything, and
        has faults."""
        key = (organisation_id, product, version)
        found = self._of_product.get(key)
        if found is not None:
            return found
        content = self._products.content(organisation_id, product, version)
        model = self._products.model(organisation_id, product, version)
        return rules_of(content.document, model, content.files, self.members(organisation_id))

    def _products_rules(self, maker_id: int, product: str, versions: Iterable[str]) -> Iterable[Entry]:
        groups: dict[tuple[str, str], tuple[Rule, list[str]]] = {}
        for version in versions:
            for rule in self._understood((maker_id, product, version)):
                same = (rule.name, digest_of(rule))
                # The newest version's words are shown.
                groups[same] = (rule, [*(groups[same][1] if same in groups else ()), version])
        for (name, _), (rule, suited) in groups.items():
            compiled = compile_rule(
                rule, key=f"{product}/{name}", version=suited[-1], organisation_id=maker_id, maker_id=maker_id,
                product=product, versions=frozenset(suited),
            )  # fmt: skip
            yield Entry(rule=rule, compiled=compiled)

    def _understood(self, kind: Kind) -> tuple[Rule, ...]:
        found = self._of_product.get(kind)
        if found is None and kind not in self._faulty:
            try:
                found = self.rules_of_version(*kind)
            except Invalid as error:
                # Applied before the section meant anything: its units are not watched, and the log says so.
                _log.error(
                    "rules_not_understood", product=kind[1], version=kind[2], faults=[str(one) for one in error.faults]
                )
                self._faulty.add(kind)
                return ()
            except NotFound:  # a unit of a version that is not there yet, in a read between two commits
                return ()
            self._of_product[kind] = found
        return found or ()

    def _added_rules(self, added: AddedRule, versions: Iterable[str]) -> tuple[list[Entry], list[Unwatched]]:
        maker_id, product = added.watched.maker_id, added.watched.product
        groups: dict[str, tuple[Rule, list[str]]] = {}
        refused = []
        for version in versions:
            rule = self._suited(added, (maker_id, product, version))
            if isinstance(rule, str):
                refused.append(Unwatched(version, rule))
            else:
                groups.setdefault(digest_of(rule), (rule, []))[1].append(version)
        units = self._units.setdefault(added.id, _Units())
        entries = [
            Entry(
                rule=rule,
                added=added,
                compiled=compile_rule(
                    rule, key=added.key, version=str(added.version), organisation_id=added.organisation_id,
                    maker_id=maker_id, product=product, versions=frozenset(suited),
                    units=UnitSet(version=lambda: units.number, units=lambda: units.ids),
                ),
            )
            for rule, suited in groups.values()
        ]  # fmt: skip
        return entries, refused

    def _suited(self, added: AddedRule, kind: Kind) -> Rule | str:
        """The rule for units of a version, or why it does not suit them."""
        key = (added.id, added.version, kind)
        found = self._of_added.get(key)
        if found is None:
            try:
                setting = Setting(self._model(kind), None, self.members(added.organisation_id))
                found = read_document(added.document, added.name, setting)
            except Invalid as error:
                found = "; ".join(str(fault) for fault in error.faults[:3])
            except NotFound as error:
                return error.message
            self._of_added[key] = found
        return found

    def _model(self, kind: Kind) -> ProductModel:
        return self._products.model(*kind)

    def members(self, organisation_id: int) -> Members:
        """The groups an organisation's rules may name."""

        def members(group: str) -> Callable[[], Int64s]:
            return lambda: self._reach.members(organisation_id, group)

        return members

    def _put_units(self, live: Iterable[AddedRule]) -> None:
        opened: dict[tuple[int, int, str, bool], Int64s] = {}
        for added in live:
            watched, control = added.watched, bool(added.document.get("forbids"))
            key = (added.organisation_id, watched.maker_id, watched.product, control)
            if key not in opened:
                opened[key] = self._reach.open_units(*key[:3], control=control)
            self._units.setdefault(added.id, _Units()).put(
                units_of(self._reach, added.organisation_id, watched, opened[key])
            )

    def _forget(self, live: Iterable[AddedRule], kinds: Mapping[tuple[int, str], object]) -> None:
        """Let go of what nobody asks for any more, so that what is kept is bounded by what is in use."""
        versions: dict[int, int] = {added.id: added.version for added in live}
        self._of_added = {key: rule for key, rule in self._of_added.items() if versions.get(key[0]) == key[1]}
        self._units = {rule_id: units for rule_id, units in self._units.items() if rule_id in versions}
        self._faulty = {kind for kind in self._faulty if kind[:2] in kinds}
        self._of_product = {kind: rules for kind, rules in self._of_product.items() if kind[:2] in kinds}


def _by_product(kinds: Iterable[Kind]) -> dict[tuple[int, str], list[str]]:
    """The versions in use of each product, the oldest first."""
    found: dict[tuple[int, str], list[str]] = {}
    for organisation_id, product, version in kinds:
        found.setdefault((organisation_id, product), []).append(version)
    return {product: sorted(versions, key=parse_version) for product, versions in sorted(found.items())}
