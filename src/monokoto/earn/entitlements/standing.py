"""What a unit has, over all time: worked out of rows and subscriptions, and nothing else. Pure.

Time moves nothing here: a standing holds every beginning and every end, and is asked for an instant. So it stays right until a
row or a subscription changes, and whoever acts on it knows when to look again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from monokoto.earn.calendar import Span
from monokoto.earn.entitlements.entitlement import FOREVER, Entitlement, Held, Holder, Source, Suspension
from monokoto.earn.entitlements.ports import UnitHoldings


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A time in which a unit has a feature, and why."""

    begin: int
    end: int
    value: Any = None
    priority: int = 1
    source: str = ""
    order: tuple[int, int] = (0, 0)
    """Among equals: the later begun, then the later made."""
    pool: Held | None = None
    """Of a metered feature: on whose quota it draws."""
    shared: bool = False
    customer_id: int = 0
    """Who pays for it; 0: nobody."""

    def holds(self, at: int) -> bool:
        """Whether the instant lies in it."""
        return self.begin <= at < self.end


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One unit."""

    organisation_id: int
    unit_id: int
    pieces: Mapping[str, tuple[Piece, ...]] = field(default_factory=dict)
    """By feature."""
    customers: tuple[tuple[int, int, int], ...] = ()
    """Customer, from, until."""
    suspended: Mapping[int, tuple[tuple[int, int], ...]] = field(default_factory=dict)
    """By customer: when."""
    hands: tuple[int, ...] = ()
    """When it came into other hands."""

    def live(self, feature: str, at: int, *, safety: bool) -> Iterator[Piece]:
        """The pieces that count at an instant."""
        closed = not safety and any(
            begin <= at < end and self._is_suspended(customer, at) for customer, begin, end in self.customers
        )
        if closed:
            return
        for piece in self.pieces.get(feature, ()):
            if piece.holds(at) and (safety or not self._is_suspended(piece.customer_id, at)):
                yield piece

    def is_suspended(self, feature: str, at: int) -> bool:
        """Whether the feature would be there but for a suspension."""
        return any(piece.holds(at) for piece in self.pieces.get(feature, ()))

    def pool_at(self, feature: str, at: int) -> Held | None:
        """On whose quota the unit draws: a shared one before that of a subscription, of its customer, its own. A suspension
        changes nothing of that."""
        return min(
            (piece for piece in self.pieces.get(feature, ()) if piece.pool and piece.holds(at)),
            key=_drawn_first,
            default=_NO_PIECE,
        ).pool

    def membership(self, feature: str) -> dict[Held, tuple[Span, ...]]:
        """When the unit draws on which quota."""
        pieces = self.pieces.get(feature, ())
        edges = sorted({edge for piece in pieces for edge in (piece.begin, piece.end)})
        found: dict[Held, list[Span]] = {}
        for begin, end in pairwise(edges):
            pool = self.pool_at(feature, begin)
            if pool is None:
                continue
            spans = found.setdefault(pool, [])
            if spans and spans[-1].end == begin:
                spans[-1] = Span(spans[-1].start, end)
            else:
                spans.append(Span(begin, end))
        return {pool: tuple(spans) for pool, spans in found.items()}

    def turns(self, feature: str | None = None) -> Iterator[int]:
        """All instants at which something may change by itself."""
        chosen = self.pieces.values() if feature is None else (self.pieces.get(feature, ()),)
        for pieces in chosen:
            for piece in pieces:
                yield piece.begin
                yield piece.end
        for spans in self.suspended.values():
            for begin, end in spans:
                yield begin
                yield end
        for _, begin, end in self.customers:
            yield begin
            yield end

    def next_turn(self, at: int, feature: str | None = None) -> int | None:
        """The first of them after an instant."""
        return min((one for one in self.turns(feature) if at < one < FOREVER), default=None)

    def _is_suspended(self, customer_id: int, at: int) -> bool:
        return any(begin <= at < end for begin, end in self.suspended.get(customer_id, ()))


_NO_PIECE = Piece(begin=0, end=0)
_KINDS = {kind: place for place, kind in enumerate(Holder)}


def _drawn_first(piece: Piece) -> tuple[bool, int, int]:
    assert piece.pool is not None
    return (not piece.shared, _KINDS[piece.pool.kind], piece.pool.id)


def best(pieces: Iterable[Piece]) -> Piece | None:
    """Of those that count the one that says the value: the lowest priority, then the largest number, then the latest."""
    return min(pieces, key=_rank, default=None)


def _rank(piece: Piece) -> tuple[int, float, int, int]:
    numeric = isinstance(piece.value, int | float) and not isinstance(piece.value, bool)
    return (piece.priority, -float(piece.value) if numeric else 0.0, -piece.order[0], -piece.order[1])


def standing_of(
    organisation_id: int,
    unit_id: int,
    holdings: UnitHoldings,
    rows: Iterable[Entitlement],
    suspensions: Iterable[Suspension] = (),
    shared: Mapping[int, Standing] | None = None,
) -> Standing:
    """Work it out. The order of anything that is given changes nothing.

    Args:
        rows: Those held by the unit, its customers and its subscriptions; others are left out.
        shared: The standings, without shares, of the units that share something with this one.
    """
    found: dict[str, list[Piece]] = {}
    for inclusion in holdings.inclusions:
        if inclusion.amount is None and inclusion.value in {None, False}:
            continue
        for span in inclusion.spans:
            begin, end = max(inclusion.begin, span.start), min(inclusion.end, span.end)
            if begin < end:
                piece = Piece(
                    begin=begin, end=end, value=inclusion.value, priority=inclusion.priority,
                    source=f"{Source.PLAN.value} {inclusion.plan}", order=(inclusion.begin, inclusion.subscription_id),
                    pool=None if inclusion.amount is None else Held(Holder.SUBSCRIPTION, inclusion.subscription_id),
                    customer_id=inclusion.customer_id,
                )  # fmt: skip
                found.setdefault(inclusion.feature, []).append(piece)
    for row in rows:
        found.setdefault(row.feature, []).extend(_of_row(unit_id, holdings, row, shared or {}))
    customers = sorted({(customer, span.start, span.end) for customer, span in holdings.customers})
    away: dict[int, list[tuple[int, int]]] = {}
    for one in suspensions:
        if one.begin < one.until:
            away.setdefault(one.customer_id, []).append((one.begin, one.until))
    return Standing(
        organisation_id=organisation_id,
        unit_id=unit_id,
        pieces={feature: tuple(sorted(pieces, key=_order)) for feature, pieces in sorted(found.items()) if pieces},
        customers=tuple(customers),
        suspended={customer: tuple(sorted(set(spans))) for customer, spans in sorted(away.items())},
        hands=tuple(sorted(set(holdings.hands))),
    )


def _order(piece: Piece) -> tuple[Any, ...]:
    return (piece.begin, piece.end, piece.priority, piece.order, piece.source, repr(piece.value), str(piece.pool))


def _of_row(unit_id: int, holdings: UnitHoldings, row: Entitlement, shared: Mapping[int, Standing]) -> Iterator[Piece]:
    """The times in which the unit has what a row gives."""
    for begin, end, customer_id in _times(unit_id, holdings, row.holder):
        first, last = max(begin, row.begin), min(end, row.until)
        if first >= last:
            continue
        if row.source is Source.SHARED:
            other = shared.get(row.origin.id) if row.origin is not None else None
            if other is not None:
                yield from _shared(other, row, first, min(last, _kept_until(row.begin, *holdings.hands, *other.hands)))
            continue
        yield Piece(
            begin=first, end=last, value=row.value, priority=row.priority, source=row.source.value,
            order=(row.begin, row.id), customer_id=customer_id, pool=None if row.amount is None else row.holder,
        )  # fmt: skip


def _kept_until(since: int, *hands: int) -> int:
    """When the first of two units comes into other hands: who has it then has agreed to nothing."""
    return min((at for at in hands if at > since), default=FOREVER)


def _shared(other: Standing, row: Entitlement, first: int, last: int) -> Iterator[Piece]:
    """What the other unit has, while it is shared and while the other's customer is not suspended."""
    for piece in other.pieces.get(row.feature, ()):
        begin, end = max(first, piece.begin), min(last, piece.end)
        if begin < end:
            for from_, to in _without(begin, end, other.suspended.get(piece.customer_id, ())):
                yield Piece(
                    begin=from_, end=to, value=piece.value, priority=max(row.priority, piece.priority),
                    source=Source.SHARED.value, order=(row.begin, row.id), pool=piece.pool, shared=True,
                    customer_id=piece.customer_id,
                )  # fmt: skip


def _without(begin: int, end: int, away: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """A time without others."""
    for from_, to in sorted(away):
        if to <= begin or from_ >= end:
            continue
        if begin < from_:
            yield begin, from_
        begin = max(begin, to)
    if begin < end:
        yield begin, end


def _times(unit_id: int, holdings: UnitHoldings, holder: Held) -> Iterator[tuple[int, int, int]]:
    """When a unit belongs to a holder, and who pays."""
    if holder.kind is Holder.UNIT:
        if holder.id == unit_id:
            yield -FOREVER, FOREVER, 0
    elif holder.kind is Holder.CUSTOMER:
        for customer_id, span in holdings.customers:
            if customer_id == holder.id:
                yield span.start, span.end, customer_id
    else:
        mine = [one for one in holdings.inclusions if one.subscription_id == holder.id]
        for start, end, customer_id in {(s.start, s.end, one.customer_id) for one in mine for s in one.spans}:
            yield start, end, customer_id
