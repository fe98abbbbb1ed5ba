"""A part of what is written: its value, its place, and the report that takes what is wrong with it.

Numbers of money and usage are exact decimals: a text, or a whole number. A number with a point (`1.20`) has been through
binary fractions by the time it comes here, so it is a fault and not a guess.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from monokoto.connect.products import Report, child, suggestion
from monokoto.kernel.errors import Invalid
from monokoto.kernel.limits import PLAN_SECONDS_MAX, TITLE_LENGTH_MAX
from monokoto.kernel.money import ZERO, Currency, number

_DURATION = re.compile(r"(\d{1,9})\s*([a-z]+)")
_SECOND = 1_000_000
_UNITS = {
    **dict.fromkeys(("s", "second", "seconds"), _SECOND),
    **dict.fromkeys(("min", "minute", "minutes"), 60 * _SECOND),
    **dict.fromkeys(("h", "hour", "hours"), 3600 * _SECOND),
    **dict.fromkeys(("d", "day", "days"), 86_400 * _SECOND),
    **dict.fromkeys(("w", "week", "weeks"), 604_800 * _SECOND),
}
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*")
DURATION_RULE = "a duration such as 12 h, 14 d, 2 w"


def parse_duration(value: object) -> int | None:
    """µs of `14 d`, `12h`; None when it is no duration."""
    match = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    return int(match[1]) * _UNITS[match[2]] if match is not None and match[2] in _UNITS else None


def described(value: object) -> str:
    """What a value is, for a sentence."""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    names = {type(None): "nothing", str: f"the text {str(value)[:40]!r}", list: "a list", dict: "a mapping"}
    return names.get(type(value), f"the number {str(value)[:40]}")


@dataclass(frozen=True, slots=True)
class Node:
    """A part and its place. What reads a member answers a harmless value where the member is wrong: the fault is told."""

    value: Any
    place: str
    report: Report

    def fault(self, reason: str, key: object = None) -> None:
        """What is wrong here, or with a member."""
        self.report.add(self.place if key is None else child(self.place, str(key)), reason)

    def refused(self, error: Invalid) -> None:
        """What a value said of itself when it was made."""
        for fault in error.faults:
            self.fault(f"{fault.place}: {fault.reason}" if fault.place else fault.reason)
        if not error.faults:
            self.fault(error.message)

    def child(self, key: str | int) -> Node:
        """The member under a key or an index; nothing where there is none."""
        found = self.value[key] if isinstance(key, int) else self.value.get(key)
        return Node(found, child(self.place, key), self.report)

    def has(self, key: str) -> bool:
        """Whether it says anything under this key."""
        return isinstance(self.value, dict) and key in self.value

    def mapping(self, what: str) -> bool:
        """Whether it is a mapping; a fault where not."""
        if not isinstance(self.value, dict):
            self.fault(f"{what} is a mapping, this is {described(self.value)}")
            return False
        return True

    def fields(self, known: Iterable[str], required: Iterable[str] = (), *, what: str) -> bool:
        """Whether it is a mapping; keys that are unknown or missing are faults."""
        if not self.mapping(what):
            return False
        names = tuple(known)
        for key in self.value:
            if key not in names:
                near = suggestion(key, names) or f"; there are {', '.join(names)}"
                self.fault(f"{what} has no `{key[:80]}`{near}", key)
        for key in required:
            if key not in self.value:
                self.fault(f"{what} needs `{key}`")
        return True

    def items(self, *, what: str, count_max: int) -> list[Node]:
        """The members of a list that has some."""
        if not isinstance(self.value, list) or not self.value:
            self.fault(f"{what} is a list that has something, this is {described(self.value)}")
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
            self.fault(error.message)
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
            self.fault(f"must be a whole number from {low} to {high}, this is {described(value)}", key)
            return default
        return value

    def choice(self, key: str, words: Iterable[str], default: str) -> str:
        """One of some words under a key."""
        if not self.has(key):
            return default
        value, known = self.value[key], tuple(words)
        if value not in known:
            near = suggestion(value, known) if isinstance(value, str) else ""
            self.fault(f"must be one of {', '.join(known)}, this is {described(value)}{near}", key)
            return default
        return str(value)

    def duration(self, key: str) -> int:
        """µs under a key; 0 where nothing is said."""
        if not self.has(key):
            return 0
        micros = parse_duration(self.value[key])
        if micros is None or micros > PLAN_SECONDS_MAX * _SECOND:
            most = f" of at most {PLAN_SECONDS_MAX // 86_400} d"
            self.fault(f"must be {DURATION_RULE}{most}, this is {described(self.value[key])}", key)
            return 0
        return micros

    def text(self, key: str) -> str:
        """A text under a key; empty where nothing is said."""
        if not self.has(key):
            return ""
        value = self.value[key]
        if not isinstance(value, str) or not value.strip() or len(value) > TITLE_LENGTH_MAX:
            self.fault(f"must be a text of 1 to {TITLE_LENGTH_MAX} characters, this is {described(value)}", key)
            return ""
        return value

    def translated(self, key: str) -> dict[str, str]:
        """A text, or one for each language; under `""` the text without a language."""
        if not isinstance(self.value.get(key), dict):
            found = self.text(key)
            return {"": found} if found else {}
        node = self.child(key)
        for tag in node.value:
            if not _LANGUAGE.fullmatch(tag):
                node.fault(f"{tag[:40]!r} is not a language tag such as `de` or `pt-BR`", tag)
        return {tag: node.text(tag) for tag in node.value}

    def names(self, key: str) -> tuple[str, ...]:
        """A text or a list of different texts under a key."""
        value = self.value.get(key)
        listed = value if isinstance(value, list) else [value]
        if not listed or not all(isinstance(one, str) and one for one in listed):
            self.fault("must be a name or a list of names", key)
            return ()
        if len(set(listed)) < len(listed):
            self.fault("names something twice", key)
        return tuple(dict.fromkeys(listed))
