"""What units have, in memory: made of rows and subscriptions when it is first asked for, forgotten when they change.

Nothing here is a truth of its own. To forget too much costs time alone; so whoever is not sure forgets, and news that come
twice, late or in another order lead to the same answers.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from monokoto.earn.calendar import Span
from monokoto.earn.entitlements import store
from monokoto.earn.entitlements.entitlement import Entitlement, Held, Holder, Source
from monokoto.earn.entitlements.ports import Entitling, UnitHoldings, Usage
from monokoto.earn.entitlements.quota import Quota, QuotaState
from monokoto.earn.entitlements.standing import Standing, standing_of
from monokoto.earn.features import Feature
from monokoto.engines.records import Records
from monokoto.kernel.limits import ENTITLEMENT_TOKEN_TIMES_MAX, ENTITLEMENT_UNITS_AT_HAND_MAX
from monokoto.kernel.money import ZERO

Key = tuple[int, int]
"""Organisation and unit."""
_AHEAD_MAX = 4 * ENTITLEMENT_TOKEN_TIMES_MAX
_MORE_THAN_ANY = Decimal(10) ** 15


@dataclass(frozen=True, slots=True)
class PoolKey:
    """One quota."""

    organisation_id: int
    product: str
    feature: str
    meter: str
    holder: Held


@dataclass(slots=True)
class Pool:
    """A quota, who draws on it, and how it stood when it was last looked at."""

    key: PoolKey
    quota: Quota
    members: Mapping[int, Sequence[Span]]
    usage: Usage
    stale: bool = False
    """Something was used since."""
    state: QuotaState | None = None
    _ahead: dict[int, tuple[QuotaState, Decimal]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def at(self, at: int) -> QuotaState:
        """How it stands, as far as its usage was looked at."""
        state = self.state
        if state is not None and state.at <= at < state.turn:
            return state
        with self._lock:
            found = self.quota.state(at, self._sums)
            if state is None or at >= state.at:
                self.state = found
            return found

    def refreshed(self, at: int) -> QuotaState:
        """How it stands now, its usage looked at anew."""
        with self._lock:
            self.stale = False
            self._ahead.clear()
            self.state = self.quota.state(at, self._sums)
            return self.state

    def used(self, since: int) -> None:
        """Something was used, from an instant on."""
        with self._lock:
            self.quota.forget(since)
            self._ahead.clear()
            self.stale = True

    def ahead(self, at: int) -> tuple[QuotaState, Decimal]:
        """How it will stand at an instant to come if nothing is used until then, and what is left then at least, whatever is
        used until then."""
        with self._lock:
            found = self._ahead.get(at)
            if found is None:
                anew = (Quota(self.quota.inclusions, self.quota.rows) for _ in range(2))  # guesses are not remembered
                found = next(anew).state(at, self._sums), next(anew).state(at, _all_used).left
                if len(self._ahead) >= _AHEAD_MAX:
                    self._ahead.clear()
                self._ahead[at] = found
            return found

    def burned(self, grant: str, at: int) -> Decimal:
        """How much of one grant is used up."""
        with self._lock:
            return self.quota.burned(at, self._sums).get(grant, ZERO)

    def _sums(self, spans: Sequence[Span]) -> Sequence[Decimal]:
        key = self.key
        return self.usage.sums(key.organisation_id, key.product, key.meter, self.members, spans)


class Projection:
    """Any thread may ask. Blocks when something is asked for the first time."""

    def __init__(self, records: Records, entitling: Entitling, usage: Usage) -> None:
        self._records = records
        self.entitling = entitling
        self.usage = usage
        self._lock = threading.Lock()
        self._standings: dict[Key, Standing] = {}
        self._pools: dict[PoolKey, Pool] = {}
        self._pools_of: dict[Key, set[PoolKey]] = {}
        self._rest_on: dict[tuple[int, Held], set[int]] = {}
        """By what a standing rests on: the units."""
        self._changes = 0

    def __len__(self) -> int:
        return len(self._standings)

    # Units

    def standing(self, organisation_id: int, unit_id: int) -> Standing:
        """What a unit has, over all time."""
        found = self._standings.get((organisation_id, unit_id))
        return found if found is not None else self.load(organisation_id, [unit_id])[unit_id]

    def load(self, organisation_id: int, unit_ids: Sequence[int]) -> dict[int, Standing]:
        """What these have, read anew, few questions for many."""
        seen = self._changes
        holdings = {one: self.entitling.of_unit(organisation_id, one) for one in unit_ids}
        with self._records.read() as connection:
            rows = store.held_by(
                connection, organisation_id, {h for o, it in holdings.items() for h in _holders(o, it)}
            )
            origins = {row.origin.id for row in rows if row.source is Source.SHARED and row.origin}
            beside = {one: self.entitling.of_unit(organisation_id, one) for one in origins}
            theirs = {h for o, it in beside.items() for h in _holders(o, it)}
            others = store.held_by(connection, organisation_id, theirs)
            paying = {c for it in (*holdings.values(), *beside.values()) for c in _paying(it)}
            away = store.suspensions_of(connection, organisation_id, paying)
        own = [row for row in others if row.source is not Source.SHARED]
        shared = {one: standing_of(organisation_id, one, it, _of(own, one, it), away) for one, it in beside.items()}
        found = {
            one: standing_of(organisation_id, one, it, _of(rows, one, it), away, shared) for one, it in holdings.items()
        }
        with self._lock:
            for one, it in holdings.items():
                rests = {*_holders(one, it), *(Held(Holder.CUSTOMER, c) for c in _paying(it))}
                if any(row.origin for row in _of(rows, one, it)):
                    rests |= theirs
                for held in rests:
                    self._rest_on.setdefault((organisation_id, held), set()).add(one)
                if seen == self._changes:
                    self._keep((organisation_id, one), found[one])
        return found

    def _keep(self, key: Key, standing: Standing) -> None:
        if len(self._standings) >= ENTITLEMENT_UNITS_AT_HAND_MAX and key not in self._standings:
            self._standings.pop(next(iter(self._standings)))
        self._standings[key] = standing

    # Quotas

    def pool(self, organisation_id: int, product: str, feature: Feature, holder: Held) -> Pool:
        """The quota of a metered feature that a holder has."""
        key = PoolKey(organisation_id, product, feature.name, feature.meter, holder)
        found = self._pools.get(key)
        if found is not None:
            return found
        seen = self._changes
        found = self._made(key)
        with self._lock:
            if seen == self._changes:
                found = self._pools.setdefault(key, found)
                for unit_id in found.members:
                    self._pools_of.setdefault((organisation_id, unit_id), set()).add(key)
        return found

    def _made(self, key: PoolKey) -> Pool:
        base = self._base(key)
        with self._records.read() as connection:
            rows = store.held_by(connection, key.organisation_id, [key.holder])
            shares = store.shared_from(connection, key.organisation_id, base)
        mine = [row for row in rows if row.feature == key.feature and row.amount is not None and not row.void]
        receivers = {one.holder.id for one in shares if one.feature == key.feature and one.holder.kind is Holder.UNIT}
        members: dict[int, Sequence[Span]] = {}
        for unit_id in sorted({*base, *receivers}):
            spans = self.standing(key.organisation_id, unit_id).membership(key.feature).get(key.holder, ())
            if spans:
                members[unit_id] = spans
        inclusions = (
            self.entitling.of_subscription(key.organisation_id, key.holder.id)
            if key.holder.kind is Holder.SUBSCRIPTION
            else ()
        )
        quota = Quota(
            inclusions=tuple(one for one in inclusions if one.feature == key.feature),
            rows=tuple(row.grant() for row in mine),
        )
        return Pool(key, quota, members, self.usage)

    def _base(self, key: PoolKey) -> list[int]:
        """The units that may draw on a quota by themselves."""
        if key.holder.kind is Holder.UNIT:
            return [key.holder.id]
        if key.holder.kind is Holder.SUBSCRIPTION:
            return sorted(self.entitling.members(key.organisation_id, key.holder.id))
        return sorted(self.entitling.units_of_customer(key.organisation_id, key.holder.id, key.product))

    def used(self, organisation_id: int, product: str, meter: str, unit_id: int, since: int) -> None:
        """A unit used something; its quotas are looked at again by `stale`."""
        for key in list(self._pools_of.get((organisation_id, unit_id), ())):
            pool = self._pools.get(key)
            if pool is not None and (key.product, key.meter) == (product, meter):
                pool.used(since)

    def stale(self) -> list[Pool]:
        """The quotas of which something was used since they were last looked at."""
        return [pool for pool in list(self._pools.values()) if pool.stale]

    # Forgetting

    def forget(self, organisation_id: int, holder: Held) -> set[int]:
        """Something about a holder changed; the units of which what was known rested on it."""
        with self._lock:
            self._changes += 1
            units = self._rest_on.pop((organisation_id, holder), set())
            if holder.kind is Holder.UNIT:
                units = units | {holder.id}
            gone = {key for key in self._pools if key.organisation_id == organisation_id and key.holder == holder}
            for unit_id in units:
                self._standings.pop((organisation_id, unit_id), None)
                gone |= self._pools_of.pop((organisation_id, unit_id), set())
            for key in gone:
                self._pools.pop(key, None)
            return units

    def forget_all(self) -> None:
        """Everything may have changed."""
        with self._lock:
            self._changes += 1
            for known in (self._standings, self._pools, self._pools_of, self._rest_on):
                known.clear()


def _all_used(spans: Sequence[Span]) -> Sequence[Decimal]:
    return [_MORE_THAN_ANY] * len(spans)


def _holders(unit_id: int, holdings: UnitHoldings) -> set[Held]:
    """Whose rows concern a unit."""
    return {
        Held(Holder.UNIT, unit_id),
        *(Held(Holder.CUSTOMER, customer_id) for customer_id, _ in holdings.customers),
        *(Held(Holder.SUBSCRIPTION, one.subscription_id) for one in holdings.inclusions),
    }


def _paying(holdings: UnitHoldings) -> set[int]:
    return {*(customer for customer, _ in holdings.customers), *(one.customer_id for one in holdings.inclusions)}


def _of(rows: Iterable[Entitlement], unit_id: int, holdings: UnitHoldings) -> list[Entitlement]:
    holders = _holders(unit_id, holdings)
    return [row for row in rows if row.holder in holders and not row.void]
