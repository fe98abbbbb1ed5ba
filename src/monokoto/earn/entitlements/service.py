"""Entitlements: asked for, given, taken back, shared, handed on, suspended. Blocking; called in threads (`may` answers from
memory where the unit was asked about before)."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

import sqlalchemy as sa

from monokoto.connect.fleet import UnitIdentity
from monokoto.earn.entitlements import store
from monokoto.earn.entitlements.ahead import Judged, ahead_of
from monokoto.earn.entitlements.checking import check_given, feature_named
from monokoto.earn.entitlements.entitlement import Entitlement, Held, Holder, Source, SuspendedBy, Suspension, Verdict
from monokoto.earn.entitlements.facts import ENTITLEMENTS_CHANGED
from monokoto.earn.entitlements.grants import Category
from monokoto.earn.entitlements.judging import judge
from monokoto.earn.entitlements.ports import Entitling, Usage
from monokoto.earn.entitlements.projection import Projection
from monokoto.earn.features import Feature, FeatureBook, FeatureKind
from monokoto.engines.records import Records
from monokoto.kernel.clock import Clock, Instant
from monokoto.kernel.errors import Conflict, Invalid, NotFound
from monokoto.kernel.facts import Fact
from monokoto.kernel.ids import EntitlementId, OrganisationId, format_id, new_id
from monokoto.kernel.limits import ENTITLEMENT_GRANTS_PER_UNIT_MAX, PAGE_SIZE_DEFAULT

Changed = Callable[[int, Held], None]
"""Hears at once, in whatever thread, whose features are others now."""


class Units(Protocol):
    """Who the units are (fleet's `Directory`)."""

    def get(self, unit_id: int) -> UnitIdentity | None: ...

    def find(self, unit_id: int) -> UnitIdentity | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Gift:
    """What somebody is to have."""

    feature: str
    holder: Held
    product: str = ""
    """Of a customer or a subscription; a unit has one."""
    source: Source = Source.GIVEN
    key: str = ""
    """Names it: the same name again is the same entitlement. Empty: a new one each time."""
    begin: int | None = None
    """None: now."""
    end: int | None = None
    value: Any = None
    amount: Decimal | None = None
    priority: int = 1
    category: Category = Category.PAID
    note: str = ""
    by: int = 0


class Entitlements:
    """Of all organisations."""

    def __init__(
        self,
        records: Records,
        clock: Clock,
        *,
        units: Units,
        book: FeatureBook,
        current_version: Callable[[int, str], str],
        entitling: Entitling,
        usage: Usage,
        tell: Callable[[Fact], None] = lambda _fact: None,
    ) -> None:
        """`current_version` is that of a product; `tell` takes facts from any thread."""
        self._records = records
        self._clock = clock
        self._units = units
        self.book = book
        self._current_version = current_version
        self.projection = Projection(records, entitling, usage)
        self._tell = tell
        self._hear: list[Changed] = []

    def listen(self, heard: Changed) -> None:
        """Let somebody hear of every change of this process, at once."""
        self._hear.append(heard)

    # Asking

    def may(self, organisation_id: int, unit_id: int, feature: str, at: int | None = None) -> Verdict:
        """Whether a unit may use a feature, now or at an instant.

        Raises:
            NotFound: there is no such unit in this organisation, or its product has no such feature.
        """
        unit, features = self.features(organisation_id, unit_id)
        return self._judge(unit, feature_named(features, unit.product, feature), at)

    def all_of(self, organisation_id: int, unit_id: int, at: int | None = None) -> list[tuple[Feature, Verdict]]:
        """The same for every feature of the unit's product. Raises NotFound."""
        unit, features = self.features(organisation_id, unit_id)
        now = self._clock.now() if at is None else at
        return [(one, self._judge(unit, one, now)) for one in features.values()]

    def standing_ahead(self, unit: UnitIdentity, at: int | None = None) -> builtins.list[Judged]:
        """Every feature of a unit now, with what of it is known to come."""
        now = self._clock.now() if at is None else at
        standing = self.projection.standing(unit.organisation_id, unit.unit_id)
        product, found = unit.product, []
        for feature in self.book.of(unit.organisation_id, product, unit.version).values():
            verdict = judge(self.projection, standing, product, feature, now)
            later = ahead_of(self.projection, standing, product, feature, verdict, now)
            found.append(Judged(feature, verdict, later))
        return found

    def _judge(self, unit: UnitIdentity, feature: Feature, at: int | None) -> Verdict:
        standing = self.projection.standing(unit.organisation_id, unit.unit_id)
        return judge(self.projection, standing, unit.product, feature, self._clock.now() if at is None else at)

    def features(self, organisation_id: int, unit_id: int) -> tuple[UnitIdentity, Mapping[str, Feature]]:
        """A unit, and the features of its product by name. Raises NotFound."""
        unit = self._units.find(unit_id)
        if unit is None or unit.organisation_id != organisation_id:
            raise NotFound(f"There is no unit {format_id(unit_id)}.")
        return unit, self.book.of(organisation_id, unit.product, unit.version)

    def get(self, organisation_id: int, entitlement_id: int) -> Entitlement:
        """One row; raises NotFound."""
        with self._records.read() as connection:
            return store.find(connection, organisation_id, entitlement_id)

    def list(
        self,
        organisation_id: int,
        *,
        product: str = "",
        feature: str = "",
        holder: Held | None = None,
        before: int | None = None,
        limit: int = PAGE_SIZE_DEFAULT,
    ) -> builtins.list[Entitlement]:
        """Rows, the newest first."""
        with self._records.read() as connection:
            return store.find_all(
                connection, organisation_id, product=product, feature=feature, holder=holder, before=before, limit=limit
            )

    def reached(
        self,
        organisation_id: int,
        *,
        product: str = "",
        feature: str = "",
        before: int | None = None,
        limit: int = PAGE_SIZE_DEFAULT,
    ) -> builtins.list[store.Told]:
        """Thresholds of quotas that were reached, the newest first."""
        with self._records.read() as connection:
            return store.reached(
                connection, organisation_id, product=product, feature=feature, before=before, limit=limit
            )

    def shared_from(self, organisation_id: int, unit_ids: Sequence[int]) -> builtins.list[Entitlement]:
        """The shares in what these units have, ended ones too."""
        with self._records.read() as connection:
            return store.shared_from(connection, organisation_id, unit_ids)

    # Giving and taking

    def give(self, organisation_id: int, gift: Gift) -> tuple[Entitlement, bool]:
        """The entitlement, and whether it is new (else the one that has the name).

        What is metered and given to a unit goes to the quota the unit draws on when it begins: that of its subscription,
        where it has one.

        Raises:
            NotFound: there is no such unit or feature.
            Invalid: the value, amount, times or texts are none.
            Conflict: the name is another entitlement's, or the holder has as many as it may.
        """
        return self._insert(self._made(organisation_id, gift))

    def _made(self, organisation_id: int, gift: Gift) -> Entitlement:
        """What is given, checked and not yet there."""
        feature, product = self._feature(organisation_id, gift)
        now = self._clock.now()
        begin = now if gift.begin is None else gift.begin
        check_given(feature, gift.value, gift.amount, begin, gift.end, gift.key, gift.note)
        return Entitlement(
            id=EntitlementId(new_id()),
            organisation_id=OrganisationId(organisation_id),
            product=product,
            feature=feature.name,
            holder=self._drawn(organisation_id, feature, gift.holder, begin),
            source=gift.source,
            key=gift.key or f"made:{new_id()}",
            begin=Instant(begin),
            end=None if gift.end is None else Instant(gift.end),
            value=gift.value,
            amount=gift.amount,
            priority=gift.priority,
            category=gift.category,
            note=gift.note,
            created_at=now,
            created_by=gift.by,
            changed_at=now,
        )

    def _feature(self, organisation_id: int, gift: Gift) -> tuple[Feature, str]:
        if gift.holder.kind is Holder.UNIT:
            unit, features = self.features(organisation_id, gift.holder.id)
            product = str(unit.product)
        else:
            product = gift.product
            features = self.book.of(organisation_id, product, self._current_version(organisation_id, product))
        return feature_named(features, product, gift.feature), product

    def _drawn(self, organisation_id: int, feature: Feature, holder: Held, begin: int) -> Held:
        if feature.kind is not FeatureKind.METERED or holder.kind is not Holder.UNIT:
            return holder
        standing = self.projection.load(organisation_id, [holder.id])[holder.id]
        return standing.pool_at(feature.name, begin) or holder

    def _insert(self, one: Entitlement) -> tuple[Entitlement, bool]:
        try:
            with self._records.write() as connection:
                before = self._put(connection, one)
        except sa.exc.IntegrityError:
            with self._records.read() as connection:
                before = store.by_key(connection, one.organisation_id, one.key)
        if before is None:
            self._changed(one)
            return one, True
        return _same(before, one), False

    def _put(self, connection: sa.Connection, one: Entitlement) -> Entitlement | None:
        """Write it down; the one that has its name already, where there is one."""
        before = store.by_key(connection, one.organisation_id, one.key)
        if before is None:
            if store.count_standing(connection, one.organisation_id, one.holder, self._clock.now()) >= _MAX:
                raise Conflict(f"{one.holder} has {_MAX} entitlements already.", remedy="Take some back.")
            store.insert(connection, one)
        return before

    def take(self, organisation_id: int, entitlement_id: int, at: int | None = None) -> Entitlement:
        """End one, now or at an instant; what ended before stays as it is.

        Raises: NotFound.
        """
        with self._records.write() as connection:
            one = self._end(connection, organisation_id, entitlement_id, at)
        self._changed(one)
        return one

    def _end(self, connection: sa.Connection, organisation_id: int, entitlement_id: int, at: int | None) -> Entitlement:
        now = self._clock.now()
        before = store.find(connection, organisation_id, entitlement_id, lock=True)
        end = max(before.begin, now if at is None else at)
        if before.until > end:
            store.set_end(connection, before, end, now)
        return store.find(connection, organisation_id, entitlement_id)

    def share(
        self, organisation_id: int, unit_id: int, feature: str, with_unit: int, *, until: int | None = None, by: int = 0
    ) -> Entitlement:
        """Let another unit of the same product use what this one has, as long as it has it.

        Raises:
            NotFound: one of the units, or the feature, is not there.
            Invalid: the units are not of one product, or one and the same.
        """
        unit, features = self.features(organisation_id, unit_id)
        other, _ = self.features(organisation_id, with_unit)
        found = feature_named(features, unit.product, feature)
        if other.product != unit.product or unit_id == with_unit:
            raise Invalid("A feature is shared with another unit of the same product.")
        now = self._clock.now()
        one = Entitlement(
            id=EntitlementId(new_id()),
            organisation_id=OrganisationId(organisation_id),
            product=unit.product,
            feature=found.name,
            holder=Held(Holder.UNIT, with_unit),
            source=Source.SHARED,
            key=f"share:{new_id()}",
            begin=now,
            end=None if until is None else Instant(until),
            origin=Held(Holder.UNIT, unit_id),
            priority=2,
            created_at=now,
            created_by=by,
            changed_at=now,
        )
        check_given(found, None, None, now, until, one.key, "", shared=True)
        return self._insert(one)[0]

    def hand_on(self, organisation_id: int, entitlement_id: int, to_unit: int, *, by: int = 0) -> Entitlement:
        """Give what somebody bought, and has not begun to use up, to another unit: a gift.

        Raises:
            NotFound: it or the unit is not there.
            Conflict: it comes with a plan, is shared, has ended, or some of it is used.
        """
        one = self.get(organisation_id, entitlement_id)
        now = self._clock.now()
        if one.source is Source.SHARED or one.until <= now:
            raise Conflict("This cannot be handed on: it has ended, or is shared.")
        if one.amount is not None and self._burned(one, now):
            raise Conflict("This cannot be handed on: some of it is used already.")
        gift = Gift(
            feature=one.feature, holder=Held(Holder.UNIT, to_unit), source=Source.GIFT, key=f"gift:{one.id}",
            begin=max(one.begin, now), end=one.end, value=one.value, amount=one.amount, priority=one.priority,
            category=Category.PROMOTIONAL, by=by,
        )  # fmt: skip
        made = self._made(organisation_id, gift)
        # In one transaction: whatever dies in the middle, one of the two units has it.
        with self._records.write() as connection:
            if store.find(connection, organisation_id, entitlement_id, lock=True).until <= now:
                raise Conflict("This cannot be handed on: it has ended.")
            before = self._put(connection, made)
            made = made if before is None else _same(before, made)
            ended = self._end(connection, organisation_id, entitlement_id, now)
        self._changed(ended)
        self._changed(made)
        return made

    def _burned(self, one: Entitlement, at: int) -> bool:
        features = self.book.of(
            one.organisation_id, one.product, self._current_version(one.organisation_id, one.product)
        )
        pool = self.projection.pool(
            one.organisation_id, one.product, feature_named(features, one.product, one.feature), one.holder
        )
        return pool.burned(f"entitlement:{one.id}", at) > 0

    # Suspending

    def suspend(
        self,
        organisation_id: int,
        customer_id: int,
        because: str,
        at: int | None = None,
        *,
        by: SuspendedBy = SuspendedBy.HAND,
    ) -> Suspension:
        """Close all features of a customer, but for those of safety, until `resume`. Again by the same: the one that goes on."""
        now = self._clock.now()
        one = Suspension(
            id=new_id(),
            organisation_id=OrganisationId(organisation_id),
            customer_id=customer_id,
            because=because[:500],
            by=by,
            begin=Instant(now if at is None else at),
            changed_at=now,
        )
        with self._records.write() as connection:
            known = store.suspensions_of(connection, organisation_id, [customer_id])
            going_on = [other for other in known if other.end is None and other.by is by]
            if going_on:
                return going_on[0]
            store.insert_suspension(connection, one)
        self._changed_of(organisation_id, Held(Holder.CUSTOMER, customer_id))
        return one

    def resume(self, organisation_id: int, customer_id: int, *, by: SuspendedBy | None = None) -> bool:
        """End what suspends a customer, or of that only what one began (the rest goes on); whether there was any."""
        with self._records.write() as connection:
            ended = store.end_suspensions(connection, organisation_id, customer_id, self._clock.now(), by)
        self._changed_of(organisation_id, Held(Holder.CUSTOMER, customer_id))
        return ended > 0

    def suspensions(self, organisation_id: int, *, after: int = 0, limit: int) -> builtins.list[Suspension]:
        """Those that go on, by id."""
        with self._records.read() as connection:
            return store.open_suspensions(connection, organisation_id, after=after, limit=limit)

    # News

    def _changed(self, one: Entitlement) -> None:
        origin = one.origin.id if one.source is Source.SHARED and one.origin is not None else 0
        self._changed_of(one.organisation_id, one.holder, feature=one.feature, origin=origin)

    def _changed_of(self, organisation_id: int, holder: Held, *, feature: str = "", origin: int = 0) -> None:
        self.heard(organisation_id, _concerned(holder, origin))
        data = {"holder_kind": holder.kind.value, "holder_id": holder.id, "feature": feature, "origin_unit": origin}
        at = self._clock.now()
        self._tell(Fact(name=ENTITLEMENTS_CHANGED, organisation_id=OrganisationId(organisation_id), at=at, data=data))

    def heard(self, organisation_id: int, holders: Iterable[Held]) -> None:
        """Something about these changed, here or elsewhere."""
        for holder in holders:
            units = self.projection.forget(organisation_id, holder)
            for concerned in {holder, *(Held(Holder.UNIT, one) for one in units)}:
                for hear in self._hear:
                    hear(organisation_id, concerned)

    def heard_fact(self, fact: Fact) -> None:
        """As `heard`, of a fact `entitlements.changed`."""
        holder = Held(Holder(fact.data["holder_kind"]), int(fact.data["holder_id"]))
        self.heard(fact.organisation_id, _concerned(holder, int(fact.data.get("origin_unit", 0))))

    def catch_up(self, since: int, limit: int = 10_000) -> int:
        """Hear of what was changed since an instant, by whomever; the instant up to which everything is known."""
        with self._records.read() as connection:
            rows = store.changed_since(connection, since, limit)
            away = store.suspended_since(connection, since, limit)
        for row in rows:
            origin = row.origin.id if row.source is Source.SHARED and row.origin is not None else 0
            self.heard(row.organisation_id, _concerned(row.holder, origin))
        for one in away:
            self.heard(one.organisation_id, [Held(Holder.CUSTOMER, one.customer_id)])
        times = [[one.changed_at for one in rows], [one.changed_at for one in away]]
        full = [found[-1] for found in times if len(found) >= limit]
        return min(full) if full else max((at for found in times for at in found), default=since)


_MAX = ENTITLEMENT_GRANTS_PER_UNIT_MAX


def _same(before: Entitlement, one: Entitlement) -> Entitlement:
    """The one that has the name, where it is what is asked for. Raises Conflict."""
    if (before.feature, before.holder, before.amount) != (one.feature, one.holder, one.amount):
        raise Conflict(f"The name {one.key!r} is another entitlement's.", remedy="Use another one.")
    return before


def _concerned(holder: Held, origin: int) -> builtins.list[Held]:
    return [holder, *([Held(Holder.UNIT, origin)] if origin else [])]
