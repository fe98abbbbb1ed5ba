"""Views on both kinds of records."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from monokoto.connect.views import Views
from monokoto.engines.records import Records, migrate, open_records
from monokoto.kernel.clock import ManualClock


@pytest.fixture(params=["sqlite", "postgresql"])
def records(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Records]:
    url = "" if request.param == "sqlite" else request.getfixturevalue("postgresql")
    opened = open_records(url, data_dir=tmp_path)
    migrate(opened)
    with opened.write() as connection:
        connection.execute(sa.text("DELETE FROM saved_views"))
    yield opened
    opened.close()


@pytest.fixture
def views(records: Records, clock: ManualClock) -> Views:
    return Views(records, clock)
