"""A part of a plan: what is written of money, usage and time is read exactly.

Numbers of money and usage are exact decimals: a text, or a whole number. A number with a point (`1.20`) has been through
binary fractions by the time it comes here, so it is a fault and not a guess.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Self

from monokoto.connect.products import Part, kind_of
from monokoto.kernel.durations import MICROSECONDS_OF, parse_duration
from monokoto.kernel.errors import Invalid
from monokoto.kernel.limits import PLAN_SECONDS_MAX
from monokoto.kernel.money import ZERO, Currency, number

_SECOND = 1_000_000
_UNITS = {word: micros for word, micros in MICROSECONDS_OF.items() if word not in {"ms", "sec", "m"}}
"""Without `m`: in a contract it might be a month."""
DURATION_RULE = "a duration such as 12 h, 14 d, 2 w"


@dataclass(frozen=True, slots=True)
class Node(Part):
    """A part of a plan and its place."""

    def refused(self, error: Invalid) -> None:
        """What a value said of itself when it was made."""
        for fault in error.faults:
            self.fault(f"{fault.place}: {fault.reason}" if fault.place else fault.reason)
        if not error.faults:
            self.fault(error.message)

    def items(self, *, what: str, count_max: int) -> list[Self]:
        """The members of a list that has some."""
        if not isinstance(self.value, list) or not self.value:
            self.fault(f"{what} is a list that has something, this is {kind_of(self.value)}")
            return []
        if len(self.value) > count_max:
            self.fault(f"has {len(self.value)} members; at most {count_max}")
            return []
        return [self.child(index) for index in range(len(self.value))]

    def exact(self, *, negative: bool = False) -> Decimal | None:
        """The exact decimal it is; None, and a fault, where it is none."""
        if isinstance(self.value, float):
            self.fault(f'is a binary fraction by now; write the amount as a text: "{self.value!r}"')
            return None
        try:
            found = number(self.value)
        except Invalid as error:
            self.fault(f"{error.message} {error.remedy}".rstrip())
            return None
        if found < 0 and not negative:
            self.fault("is negative")
            return None
        return found

    def decimal(self, key: str, default: Decimal = ZERO) -> Decimal:
        """An exact decimal of zero or more under a key."""
        found = self.child(key).exact() if self.has(key) else None
        return default if found is None else found

    def perhaps_decimal(self, key: str) -> Decimal | None:
        """An exact decimal under a key; None where nothing is said."""
        return self.child(key).exact() if self.has(key) else None

    def money(self, key: str, currency: Currency | None) -> Decimal | None:
        """A payable amount under a key: with no more digits than its currency has."""
        found = self.perhaps_decimal(key)
        if found is not None and currency is not None and currency.round(found) != found:
            self.fault(f"{currency.code} has {currency.digits} digits after the point, this is {found}", key)
            return currency.round(found)
        return found

    def whole(self, key: str, default: int, *, low: int, high: int) -> int:
        """A whole number under a key."""
        if not self.has(key):
            return default
        value = self.value[key]
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            self.fault(f"must be a whole number from {low} to {high}, this is {kind_of(value)}", key)
            return default
        return value

    def duration(self, key: str) -> int:
        """µs under a key; 0 where nothing is said."""
        if not self.has(key):
            return 0
        micros = parse_duration(self.value[key], _UNITS)
        if micros is None or micros > PLAN_SECONDS_MAX * _SECOND:
            most = f" of at most {PLAN_SECONDS_MAX // 86_400} d"
            self.fault(f"must be {DURATION_RULE}{most}, this is {kind_of(self.value[key])}", key)
            return 0
        return micros
