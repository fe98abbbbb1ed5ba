"""Booking: what has to be added to what is booked, so that all of it comes to what is due.

The one way from ratings to invoices. What is booked never changes; what became too much is taken back by a line of its own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from monokoto.earn.billing.due import Due
from monokoto.kernel.money import ZERO, exact


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """What invoices say so far under one key of a subscription."""

    key: str
    amount: Decimal
    quantity: Decimal = ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What an invoice adds under one key."""

    key: str
    amount: Decimal
    quantity: Decimal
    due: Due | None
    """None: nothing is due under the key any more, all of it is taken back."""
    before: Decimal = ZERO
    """What was booked."""

    @property
    def corrects(self) -> bool:
        """Whether it changes something a customer was told before."""
        return self.before != ZERO


@exact
def entries(dues: Iterable[Due], booked: Mapping[str, Booked], *, until: int) -> list[Entry]:
    """What is to be added for everything that is invoiced by `until`, in the order it is due; what is taken back wholly comes last.

    `booked` is of the same periods as `dues`, since what is booked and not due is taken back. A due that comes to nothing and of
    which nothing is booked leaves no entry.
    """
    known = list(dues)
    ready = sorted((due for due in known if due.at <= until), key=lambda due: due.at)
    return [*_changed(ready, booked), *_dropped({due.key for due in known}, booked)]


def _changed(ready: Iterable[Due], booked: Mapping[str, Booked]) -> Iterator[Entry]:
    nothing = Booked(key="", amount=ZERO)
    for due in ready:
        before = booked.get(due.key, nothing)
        if due.amount != before.amount:
            yield Entry(
                key=due.key, amount=due.amount - before.amount, quantity=due.quantity - before.quantity, due=due,
                before=before.amount,
            )  # fmt: skip


def _dropped(known: Collection[str], booked: Mapping[str, Booked]) -> Iterator[Entry]:
    """What is booked and due no more. What is due later (another invoice has it already) stays."""
    for key, before in booked.items():
        if key not in known and before.amount:
            yield Entry(key=key, amount=-before.amount, quantity=-before.quantity, due=None, before=before.amount)


@exact
def add_up(lines: Iterable[Booked]) -> dict[str, Booked]:
    """What several invoices say under each key."""
    found: dict[str, Booked] = {}
    for line in lines:
        had = found.get(line.key)
        found[line.key] = line if had is None else Booked(
            key=line.key, amount=had.amount + line.amount, quantity=had.quantity + line.quantity
        )  # fmt: skip
    return found
