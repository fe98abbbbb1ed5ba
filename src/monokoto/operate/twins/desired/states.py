"""Desired state: changed by whole or by merge patch, one revision at a time, kept with who and when.

Changes are made in groups: all that wait are read, decided and written in one transaction, because the wait for the disk costs
the same for one as for hundreds. Each change of a group succeeds or fails by itself, and is answered once the group is on disk.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.exc import IntegrityError

from monokoto.connect.products import ProductModel
from monokoto.engines.records import Records
from monokoto.kernel.clock import Clock
from monokoto.kernel.errors import Conflict, MonokotoError
from monokoto.operate.twins.desired import store
from monokoto.operate.twins.desired.at_hand import AtHand
from monokoto.operate.twins.desired.checking import check_desired, check_document, check_size
from monokoto.operate.twins.twin import Desired, merge_patch, same

Precondition = Callable[[int], None]
"""Given the current revision; raises PreconditionFailed when the asker meant another."""
_TRIES_MAX = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change asked for; `following` makes the new properties out of the current ones, or raises Invalid."""

    model: ProductModel
    unit_id: int
    following: Callable[[Mapping[str, Any]], Mapping[str, Any]]
    by: int
    precondition: Precondition | None = None

    @property
    def key(self) -> tuple[int, int]:
        """Organisation and unit."""
        return self.model.organisation_id, self.unit_id


Outcome = Desired | Exception
"""What came of a change: the state after it, or why it was refused."""


def whole(
    model: ProductModel, unit_id: int, document: Any, *, by: int, precondition: Precondition | None = None
) -> Change:
    """Desire exactly this; refused when made (Invalid, with every fault of the document)."""
    properties = check_document(document)

    def following(_: Mapping[str, Any]) -> Mapping[str, Any]:
        check_desired(model, properties)
        return properties

    return Change(model=model, unit_id=unit_id, following=following, by=by, precondition=precondition)


def merged(
    model: ProductModel, unit_id: int, patch: Any, *, by: int, precondition: Precondition | None = None
) -> Change:
    """Desire this as well: a JSON merge patch (RFC 7396), where null takes a property out.

    Only what the patch touches is checked: a property the unit's newer product version has lost stays removable.
    """
    touched = check_document(patch)

    def following(current: Mapping[str, Any]) -> Mapping[str, Any]:
        made: dict[str, Any] = merge_patch(current, touched)
        check_desired(model, {name: made[name] for name in touched if name in made})
        return made

    return Change(model=model, unit_id=unit_id, following=following, by=by, precondition=precondition)


class DesiredStates:
    """Desired state of all units. Blocking, `at_hand` apart; call from a thread."""

    def __init__(self, records: Records, clock: Clock) -> None:
        self._records = records
        self._clock = clock
        self._known = AtHand(alone=records.dialect == "sqlite")

    def at_hand(self, organisation_id: int, unit_id: int) -> Desired | None:
        """The current one, when it is known without asking the records; safe on the event loop."""
        return self._known.get((organisation_id, unit_id))

    def get(self, organisation_id: int, unit_id: int) -> Desired:
        """The current one; revision 0 when nothing was ever desired."""
        seen = self._known.changes
        with self._records.read() as connection:
            found = store.read_desired(connection, organisation_id, unit_id)
        self._known.read((organisation_id, unit_id), found, seen)
        return found

    def get_many(self, organisation_id: int, unit_ids: Sequence[int]) -> dict[int, Desired]:
        """The current ones of many units; units without one are left out."""
        with self._records.read() as connection:
            return store.read_many(connection, organisation_id, unit_ids)

    def units_with(self, organisation_id: int) -> list[int]:
        """Units of the organisation of which something was ever desired."""
        with self._records.read() as connection:
            return store.read_units(connection, organisation_id)

    def revisions(self, organisation_id: int, unit_id: int, *, before: int | None = None, limit: int) -> list[Desired]:
        """Newest first, as many as are kept (`DESIRED_REVISIONS_MAX`)."""
        with self._records.read() as connection:
            return store.read_revisions(connection, organisation_id, unit_id, before=before, limit=limit)

    def changed_since(self, organisation_id: int, since: int, *, limit: int) -> dict[int, Desired]:
        """What changed at or after an instant, the oldest first."""
        with self._records.read() as connection:
            return store.read_changed_since(connection, organisation_id, since, limit=limit)

    def put(
        self, model: ProductModel, unit_id: int, document: Any, *, by: int, precondition: Precondition | None = None
    ) -> Desired:
        """Desire exactly this.

        Raises:
            Invalid: with every fault of the document.
            PreconditionFailed: from `precondition`.
        """
        return self._make_one(whole(model, unit_id, document, by=by, precondition=precondition))

    def patch(
        self, model: ProductModel, unit_id: int, patch: Any, *, by: int, precondition: Precondition | None = None
    ) -> Desired:
        """Desire this as well (RFC 7396). Raises as `put`."""
        return self._make_one(merged(model, unit_id, patch, by=by, precondition=precondition))

    def _make_one(self, change: Change) -> Desired:
        (outcome,) = self.make([change])
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def make(self, changes: Sequence[Change]) -> list[Outcome]:
        """Make these changes in their order, in one transaction; what came of each.

        Raises:
            Unavailable: the records are; nothing was changed.
        """
        for _ in range(_TRIES_MAX):
            try:
                with self._records.write() as connection:
                    held = store.lock_many(connection, [change.key for change in changes])
                    steps: list[tuple[Change, Desired]] = []
                    outcomes = [self._decide(change, held, steps) for change in changes]
                    store.write_steps(connection, [(*change.key, following) for change, following in steps])
            except IntegrityError:
                # Another process made the first revision of one of these units in between: look again.
                continue
            self._known.changed({change.key: following for change, following in steps})
            return outcomes
        raise Conflict("Others keep changing this desired state.", remedy="Try again.")

    def _decide(
        self, change: Change, held: dict[tuple[int, int], Desired], steps: list[tuple[Change, Desired]]
    ) -> Outcome:
        """What comes of a change; where it changes something, `held` and `steps` have it."""
        current = held.get(change.key, Desired())
        try:
            if change.precondition is not None:
                change.precondition(current.revision)
            properties = change.following(current.properties)
            if same(dict(properties), dict(current.properties)):
                return current
            check_size(properties)
        except MonokotoError as error:
            return error
        following = replace(
            current,
            revision=current.revision + 1,
            at=max(self._clock.now(), (current.at or 0) + 1),  # never out of order, whatever the machine's clock does
            by=change.by,
            properties=properties,
        )
        held[change.key] = following
        steps.append((change, following))
        return following
