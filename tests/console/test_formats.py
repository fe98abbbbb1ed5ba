"""Numbers and times as the visitor writes them."""

from __future__ import annotations

import math

import pytest

from monokoto.console.formats import DASH, Formats
from monokoto.kernel.clock import parse_instant

NOW = parse_instant("2026-03-29T12:00:00Z")
ENGLISH = Formats("en", "America/New_York", NOW)
KOREAN = Formats("ko", "Asia/Seoul", NOW)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, DASH),
        (0, "0"),
        (12345, "12,345"),
        (-0.25, "-0.25"),
        (21.5, "21.5"),
        (1234.5678901, "1,234.56789"),
        (0.0001, "0.0001"),
        (1.5e-7, "1.5E-7"),
        (10**20, "100,000,000,000,000,000,000"),
        ("boil", "boil"),
    ],
)
def test_numbers_say_what_they_hold(value: object, shown: str) -> None:
    assert ENGLISH.number(value) == shown


@pytest.mark.parametrize(("value", "shown"), [(math.nan, "NaN"), (math.inf, "∞"), (-math.inf, "-∞")])
def test_what_is_no_number_is_shown_and_breaks_nothing(value: float, shown: str) -> None:
    assert ENGLISH.number(value) == shown


def test_times_are_in_the_visitors_zone_and_language() -> None:
    at = "2026-03-29T20:30:05Z"
    assert ENGLISH.instant_text(at) == "Mar 29, 2026, 16:30:05"
    assert KOREAN.instant_text(at) == "2026. 3. 30. 05:30:05"
    assert ENGLISH.date(at) == "Mar 29, 2026"
    assert KOREAN.date(at) == "2026. 3. 30."
    assert 'datetime="2026-03-29T20:30:05Z"' in KOREAN.instant(at)


def test_how_long_ago() -> None:
    assert ENGLISH.ago_text(NOW - 80 * 60 * 1_000_000) == "1 hour ago"
    assert KOREAN.ago_text(NOW - 3 * 86_400 * 1_000_000) == "3일 전"
    assert ENGLISH.ago_text(NOW + 7 * 86_400 * 1_000_000) == "in 1 week"


def test_a_zone_nobody_knows_is_utc() -> None:
    assert Formats("en", "Mars/Olympus", NOW).instant_text(NOW) == "Mar 29, 2026, 12:00:00"
    assert Formats("en", "../../etc/passwd", NOW).instant_text(NOW) == "Mar 29, 2026, 12:00:00"


def test_bytes_shares_and_counts() -> None:
    assert ENGLISH.size(512) == "512 B"
    assert ENGLISH.size(123456) == "120.6 KiB"
    assert ENGLISH.percent(0.256, 1) == "25.6%"
    assert KOREAN.compact(12_000) == "1.2만"


@pytest.mark.parametrize(
    ("amount", "currency", "en", "ko"),
    [
        ("1234.5", "EUR", "€1,234.50", "€1,234.50"),
        ("0.005", "EUR", "€0.005", "€0.005"),
        ("-2.00", "EUR", "-€2.00", "-€2.00"),
        ("1200", "KRW", "₩1,200", "₩1,200"),
        ("12345678901234567890.12", "USD", "$12,345,678,901,234,567,890.12", "US$12,345,678,901,234,567,890.12"),
        ("", "EUR", "–", "–"),
    ],
)
def test_amounts_keep_every_digit(amount: str, currency: str, en: str, ko: str) -> None:
    assert (Formats("en", "UTC", 0).money(amount, currency), Formats("ko", "UTC", 0).money(amount, currency)) == (
        en,
        ko,
    )


def test_decimals_keep_every_digit() -> None:
    assert Formats("en", "UTC", 0).exact("1234567.000000000001") == "1,234,567.000000000001"
    assert Formats("ko", "UTC", 0).exact("3") == "3"
