"""What is asked of a trial, checked and bounded; blocking, called from threads."""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from threading import BoundedSemaphore, Event
from typing import Any

from monokoto.connect.products import ProductModel, Products
from monokoto.kernel.errors import Fault, Invalid, TooMany
from monokoto.kernel.ids import OrganisationId, UnitId
from monokoto.kernel.limits import (
    HISTORY_PROPERTIES_MAX,
    TRIAL_DAYS_MAX,
    TRIAL_READINGS_MAX,
    TRIAL_SECONDS_MAX,
    TRIAL_UNITS_MAX,
    TRIALS_AT_ONCE_MAX,
)
from monokoto.operate.rules.added.added_rule import Watched
from monokoto.operate.rules.book import RuleBook
from monokoto.operate.rules.compiling import compile_rule
from monokoto.operate.rules.engine import compiled as spec
from monokoto.operate.rules.engine.surroundings import Surroundings
from monokoto.operate.rules.parsing.rule import read_document
from monokoto.operate.rules.parsing.setting import Setting
from monokoto.operate.rules.ports import Reach, units_of
from monokoto.operate.rules.rule import Rule
from monokoto.operate.rules.trial.pieces import pieces_of
from monokoto.operate.rules.trial.run import Bounds, Tally, Trying, run
from monokoto.operate.telemetry import Selection, Telemetry

_DAY_US = 86_400_000_000
_UNTRIED = (spec.Offline, spec.Drift)
"""What is not in the history of readings and events: in a trial it is never true."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What to try, on what."""

    watched: Watched
    start: int
    end: int
    document: Mapping[str, Any] | None = None
    """A rule as written; None: rules of the product."""
    name: str = "tried"
    rules: tuple[str, ...] = ()
    """Names of the product's rules; empty: all of them."""
    version: str = ""
    """Of the product; empty: the one new units get."""


class Trials:
    """Runs rules over what is stored. Nothing of it touches what the line watches for."""

    def __init__(
        self,
        *,
        book: RuleBook,
        products: Products,
        telemetry: Telemetry,
        reach: Reach,
        surroundings: Surroundings | None = None,
    ) -> None:
        self._book = book
        self._products = products
        self._telemetry = telemetry
        self._reach = reach
        self._surroundings = surroundings
        self._places = BoundedSemaphore(TRIALS_AT_ONCE_MAX)

    def begin(self, organisation_id: int, question: Question, select: Callable[[Sequence[UnitId]], Selection]) -> Begun:
        """Check a question; `select` bounds the units' readings to the times that lie open to the asker.

        Raises:
            Invalid: with every fault; NotFound; TooMany: as many trials run as may at once.
        """
        model = self._model(question)
        rules = self._rules(organisation_id, question, model)
        units = self._units(organisation_id, question)
        selection = replace(select(units), start=question.start, end=question.end, properties=_properties(rules))
        if not self._places.acquire(blocking=False):
            raise TooMany(f"{TRIALS_AT_ONCE_MAX} trials are running.", remedy="Wait until one of them is over.")
        begun = Begun(self, rules, tuple(units), selection, model)
        # A place comes back also when whoever asked goes away before the trial runs.
        begun.close = weakref.finalize(begun, self._places.release)
        return begun

    def _model(self, question: Question) -> ProductModel:
        watched = question.watched
        if question.version:
            return self._products.model(watched.maker_id, watched.product, question.version)
        return self._products.current(watched.maker_id, watched.product)

    def _rules(self, organisation_id: int, question: Question, model: ProductModel) -> tuple[Rule, ...]:
        if question.document is not None:
            members = self._book.members(organisation_id)
            return (read_document(question.document, question.name, Setting(model, None, members), place="/rule"),)
        found = self._book.rules_of_version(question.watched.maker_id, str(model.product), model.version)
        names = {rule.name for rule in found}
        faults = [
            Fault(place=f"/rules/{place}", reason=f"{name[:64]!r} is no rule of {model.product} {model.version}")
            for place, name in enumerate(question.rules)
            if name not in names
        ]
        if faults or not found:
            raise Invalid(
                "There is no such rule to try.", faults=faults or [Fault(place="/rules", reason="it has none")]
            )
        return tuple(rule for rule in found if not question.rules or rule.name in question.rules)

    def _units(self, organisation_id: int, question: Question) -> list[UnitId]:
        watched, faults = question.watched, []
        if not 0 < question.end - question.start <= TRIAL_DAYS_MAX * _DAY_US:
            faults.append(Fault(place="/to", reason=f"lies after `from`, at most {TRIAL_DAYS_MAX} days"))
        opened = self._reach.open_units(
            organisation_id, watched.maker_id, watched.product, control=False, wanted=watched.units
        )
        units = units_of(self._reach, organisation_id, watched, opened).tolist()
        if not 0 < len(units) <= TRIAL_UNITS_MAX:
            faults.append(
                Fault(place="/units", reason=f"these are {len(units)} units; 1 to {TRIAL_UNITS_MAX} can be tried")
            )
        if faults:
            raise Invalid("This cannot be tried.", faults=faults)
        return [UnitId(one) for one in units]

    def run(self, begun: Begun) -> Iterator[Tally]:
        """As `Begun.tallies`."""
        engine = Trying(compiled_for_trial(begun.rules, begun.model), self._surroundings)
        events = sorted({kind.event for kind in kinds_of(begun.rules) if isinstance(kind, spec.Event)})
        pieces = pieces_of(self._telemetry, begun.selection, begun.model, events)
        deadline = time.monotonic() + TRIAL_SECONDS_MAX

        def stops() -> str:
            if begun.cancelled.is_set():
                return "it was cancelled"
            return f"it took more than {TRIAL_SECONDS_MAX} s" if time.monotonic() > deadline else ""

        return run(engine, pieces, Bounds(TRIAL_READINGS_MAX, stops))


class Begun:
    """A trial that may run. `close` it, run or not: others wait for its place."""

    def __init__(
        self,
        trials: Trials,
        rules: tuple[Rule, ...],
        units: tuple[UnitId, ...],
        selection: Selection,
        model: ProductModel,
    ) -> None:
        self.rules = rules
        self.units = units
        self.selection = selection
        self.model = model
        self.notes = notes_of(rules)
        """What a reader of the answer must know."""
        self.cancelled = Event()
        """Set it, and the run ends at its next piece."""
        self.close: Callable[[], object] = lambda: None
        self._trials = trials

    def tallies(self) -> Iterator[Tally]:
        """Run it; blocking between two of them."""
        return self._trials.run(self)


def notes_of(rules: Sequence[Rule]) -> list[str]:
    """What a trial cannot know."""
    found = [
        f"{rule.name}: `{signal.name}` is not in the history of readings; here it is never true"
        for rule in rules
        for signal in rule.signals
        if isinstance(signal.kind, _UNTRIED)
    ]
    if any(rule.lateness_us for rule in rules):
        found.append("readings are tried in order of their own time: none of them is late")
    return found


def kinds_of(rules: Sequence[Rule]) -> Iterator[spec.SignalKind]:
    """The kinds of all signals."""
    return (signal.kind for rule in rules for signal in rule.signals)


def compiled_for_trial(rules: Sequence[Rule], model: ProductModel) -> list[spec.CompiledRule]:
    """As the engine runs them, for whichever version's readings they are fed."""
    return [
        compile_rule(
            rule, key=rule.name, version=model.version, organisation_id=OrganisationId(model.organisation_id),
            maker_id=model.organisation_id, product=str(model.product), versions=frozenset(),
        )
        for rule in rules
    ]  # fmt: skip


def _properties(rules: Sequence[Rule]) -> tuple[str, ...]:
    """The properties rules look at; empty: all, because one looks at any, or at more than can be asked for."""
    if any(isinstance(kind, spec.Silent) and not kind.properties for kind in kinds_of(rules)):
        return ()
    found = sorted({name for rule in rules for name in rule.properties})
    return tuple(found) if len(found) <= HISTORY_PROPERTIES_MAX else ()
