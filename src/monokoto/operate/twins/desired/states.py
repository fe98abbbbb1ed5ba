"""Desired state: changed by whole or by merge patch, one revision at a time, kept with who and when."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from monokoto.connect.products import ProductModel
from monokoto.engines.records import Records
from monokoto.kernel.clock import Clock
from monokoto.kernel.errors import Conflict
from monokoto.operate.twins.desired import store
from monokoto.operate.twins.desired.checking import check_desired, check_document, check_size
from monokoto.operate.twins.twin import Desired, merge_patch, same

Precondition = Callable[[int], None]
"""Given the current revision; raises PreconditionFailed when the asker meant another."""
_TRIES_MAX = 3


class DesiredStates:
    """Desired state of all units. Blocking; call from a thread."""

    def __init__(self, records: Records, clock: Clock) -> None:
        self._records = records
        self._clock = clock

    def get(self, organisation_id: int, unit_id: int) -> Desired:
        """The current one; revision 0 when nothing was ever desired."""
        with self._records.read() as connection:
            return store.read_desired(connection, organisation_id, unit_id)

    def get_many(self, organisation_id: int, unit_ids: Sequence[int]) -> dict[int, Desired]:
        """The current ones of many units; units without one are left out."""
        with self._records.read() as connection:
            return store.read_many(connection, organisation_id, unit_ids)

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
        properties = check_document(document)
        check_desired(model, properties)
        return self._change(model, unit_id, lambda _: properties, by=by, precondition=precondition)

    def patch(
        self, model: ProductModel, unit_id: int, patch: Any, *, by: int, precondition: Precondition | None = None
    ) -> Desired:
        """Desire this as well: a JSON merge patch (RFC 7396), where null takes a property out.

        Only what the patch touches is checked: a property the unit's newer product version has lost stays removable.

        Raises:
            Invalid: with every fault of what the patch would make of the properties it names.
            PreconditionFailed: from `precondition`.
        """
        touched = check_document(patch)

        def merged(current: Mapping[str, Any]) -> Mapping[str, Any]:
            following: dict[str, Any] = merge_patch(current, touched)
            check_desired(model, {name: following[name] for name in touched if name in following})
            return following

        return self._change(model, unit_id, merged, by=by, precondition=precondition)

    def _change(
        self,
        model: ProductModel,
        unit_id: int,
        change: Callable[[Mapping[str, Any]], Mapping[str, Any]],
        *,
        by: int,
        precondition: Precondition | None,
    ) -> Desired:
        """Compare and set; two who make the first revision at once are the only ones who meet, and one looks again."""
        for _ in range(_TRIES_MAX):
            with self._records.write() as connection:
                current = store.lock_desired(connection, model.organisation_id, unit_id)
                if precondition is not None:
                    precondition(current.revision)
                properties = change(current.properties)
                if same(dict(properties), dict(current.properties)):
                    return current
                check_size(properties)
                following = replace(
                    current, revision=current.revision + 1, at=self._next_at(current), by=by, properties=properties
                )
                if store.write_next(connection, model.organisation_id, unit_id, following):
                    return following
        raise Conflict("Others keep changing this desired state.", remedy="Try again.")

    def _next_at(self, current: Desired) -> int:
        """Changes of a unit are never out of order, whatever the machine's clock does."""
        return max(self._clock.now(), (current.at or 0) + 1)
