"""Doubles as the decimals they were written as, on every path."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from monokoto.earn.metering.sampling import of_doubles
from monokoto.kernel.money import rounded


@pytest.mark.parametrize(("most", "places"), [(100, 0), (90, 2), (900_000, 6), (900, 9), (9_000_000, 5), (10**9, 4)])
def test_a_double_is_the_decimal_it_was_written_as(most: float, places: int) -> None:
    chance = np.random.default_rng(places)
    values = np.round(chance.uniform(-most, most, 2_000), places)
    expected = [rounded(Decimal(f"{value:.15g}"), 12) for value in values.tolist()]
    assert of_doubles(values).to_pylist() == expected


def test_one_value_changes_nothing_about_the_others() -> None:
    """The quick ways are taken by all values of a column or by none: what each comes to is the same."""
    chance = np.random.default_rng(5)
    few = np.round(chance.uniform(-5_000, 5_000, 500), 3)
    alone = of_doubles(few).to_pylist()
    for other in (0.1234567, 1 / 3, 5_000_000.5, 2e12, 1e17):
        assert of_doubles(np.append(few, other)).to_pylist()[:-1] == alone
