"""A clock of our own, for slices that keep records of products and organisations."""

import pytest

from monokoto.kernel.clock import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()
