"""Numbers, instants and periods as the visitor writes them: CLDR by Babel, in the person's language and time zone."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale, dates, numbers
from markupsafe import Markup

from monokoto.kernel.clock import MICROSECONDS_PER_SECOND, format_instant, parse_instant

DASH = "–"
"""Shown where there is no value."""
_NO_TIME = Markup("–")
_DIGITS_SHOWN = 6
_DIGITS_OF = re.compile(r"\.0+")
"""What a pattern of CLDR says of the digits after the point."""
_DATES = {"short": "medium", "medium": "medium", "long": "long", "full": "full"}
_CLOCKS = {"short": "HH:mm", "medium": "HH:mm:ss", "long": "HH:mm:ss z", "full": "HH:mm:ss zzzz"}
"""24 hours in every language: shorter, sorted as written, and without the AM and PM that CLDR has even in Korean."""


@lru_cache(maxsize=512)
def zone_of(name: str) -> tzinfo:
    """The time zone of an IANA name; UTC when there is none of that name."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return UTC


def instant_of(value: Any) -> int | None:
    """Microseconds out of what the API says (RFC 3339) or out of microseconds; None for nothing."""
    if value is None or value == "":
        return None
    return parse_instant(value) if isinstance(value, str) else int(value)


@dataclass(frozen=True, slots=True)
class Formats:
    """How one visitor writes."""

    language: str
    zone: str
    now: int
    """The present, microseconds: what `ago` counts from."""

    @property
    def locale(self) -> Locale:
        """CLDR's locale of the language."""
        return _locale(self.language)

    def number(self, value: Any, digits: int | None = None) -> str:
        """A number with the language's separators; `digits` after the point, else as many as say something (six)."""
        if value is None:
            return DASH
        if isinstance(value, bool) or not isinstance(value, int | float):
            return str(value)
        if digits is not None:
            pattern: str | None = f"#,##0.{'0' * digits}"
        elif isinstance(value, int) or not math.isfinite(value):
            pattern = None
        elif value and not 1e-4 <= abs(value) < 1e15:
            return str(numbers.format_scientific(value, locale=self.locale))
        else:
            pattern = f"#,##0.{'#' * _DIGITS_SHOWN}"
        return str(numbers.format_decimal(value, format=pattern, locale=self.locale))

    def money(self, value: Any, currency: str) -> str:
        """An amount the API gave as text, with the currency's sign and digits; no digit is lost, none is made up."""
        if value is None or value == "":
            return DASH
        amount = Decimal(str(value))
        spent = max(0, -int(amount.normalize().as_tuple().exponent))
        digits = max(spent, numbers.get_currency_precision(currency))
        pattern = self.locale.currency_formats["standard"].pattern
        shown = _DIGITS_OF.sub("." + "0" * digits if digits else "", pattern)
        return str(numbers.format_currency(amount, currency, format=shown, locale=self.locale, currency_digits=False))

    def exact(self, value: Any) -> str:
        """A decimal the API gave as text, with the language's separators and all of its digits."""
        if value is None or value == "":
            return DASH
        return str(numbers.format_decimal(Decimal(str(value)), locale=self.locale, decimal_quantization=False))

    def compact(self, value: float) -> str:
        """A count in few characters: 12K, 1.2만."""
        return str(numbers.format_compact_decimal(value, locale=self.locale, fraction_digits=1))

    def percent(self, value: float, digits: int = 0) -> str:
        """A share of one as a percentage."""
        pattern = "#,##0" + ("." + "0" * digits if digits else "") + "%"
        return str(numbers.format_percent(value, format=pattern, locale=self.locale))

    def size(self, count: float) -> str:
        """Bytes in binary units."""
        for unit in ("B", "KiB", "MiB", "GiB"):
            if count < 1024 or unit == "GiB":
                return f"{self.number(round(count, 1) if unit != 'B' else int(count))} {unit}"
            count /= 1024
        raise AssertionError

    def instant_text(self, value: Any, length: str = "medium") -> str:
        """Date and time in the visitor's zone, as plain text: the date as the language has it, the clock with 24 hours."""
        at = instant_of(value)
        if at is None:
            return DASH
        moment, zone = _moment(at), zone_of(self.zone)
        day = dates.format_date(moment.astimezone(zone), _DATES[length], locale=self.locale)
        clock = dates.format_time(moment, _CLOCKS[length], tzinfo=zone, locale=self.locale)
        return f"{day} {clock}" if day.endswith((".", "일")) else f"{day}, {clock}"

    def instant(self, value: Any, length: str = "medium") -> Markup:
        """A `<time>` element: the visitor's zone to read, UTC for machines."""
        at = instant_of(value)
        if at is None:
            return _NO_TIME
        return Markup('<time datetime="{}">{}</time>').format(format_instant(at), self.instant_text(at, length))

    def date(self, value: Any, length: str = "medium") -> str:
        """The date in the visitor's zone."""
        at = instant_of(value)
        if at is None:
            return DASH
        return str(dates.format_date(_moment(at).astimezone(zone_of(self.zone)), length, locale=self.locale))

    def country(self, code: str) -> str:
        """What a country is called; the code as it is where nobody knows it."""
        return str(self.locale.territories.get(code, code))

    def month(self, value: str, skeleton: str = "yMMM") -> str:
        """A month such as 2026-05, of whichever calendar it was counted in; `MMM`: without its year."""
        first = datetime.strptime(value, "%Y-%m").replace(tzinfo=UTC)
        return str(dates.format_skeleton(skeleton, first, locale=self.locale))

    def ago(self, value: Any) -> Markup:
        """How long ago (or until), as a `<time>` with the full instant in its title; `static/console.js` keeps it current."""
        at = instant_of(value)
        if at is None:
            return _NO_TIME
        return Markup('<time class="ago" datetime="{}" title="{}" data-ago>{}</time>').format(
            format_instant(at), self.instant_text(at, "long"), self.ago_text(at)
        )

    def ago_text(self, at: int) -> str:
        """How long ago in words; what is just now is past, whichever clock is a little ahead."""
        seconds = round((at - self.now) / MICROSECONDS_PER_SECOND) or -1
        return str(dates.format_timedelta(seconds, add_direction=True, locale=self.locale, threshold=0.95))


@lru_cache(maxsize=16)
def _locale(language: str) -> Locale:
    return Locale.parse(language)


def _moment(at: int) -> datetime:
    return datetime.fromtimestamp(at / MICROSECONDS_PER_SECOND, tz=UTC)
