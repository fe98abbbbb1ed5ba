"""Views on both kinds of records."""

from __future__ import annotations

import pytest

from monokoto.connect.views import Views
from monokoto.engines.records import Records
from monokoto.kernel.clock import ManualClock


@pytest.fixture
def views(records: Records, clock: ManualClock) -> Views:
    return Views(records, clock)
