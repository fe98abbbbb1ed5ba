"""Fresh records, a clock of our own, two organisations."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from monokoto.connect.tenancy import ApiKeys, Organisation, Organisations
from monokoto.engines.records import Records, metadata, open_records
from monokoto.kernel.clock import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    opened = open_records("", data_dir=tmp_path)
    metadata.create_all(opened.engine)
    yield opened
    opened.close()


@pytest.fixture
def organisations(records: Records, clock: ManualClock) -> Organisations:
    return Organisations(records, clock)


@pytest.fixture
def api_keys(records: Records, clock: ManualClock) -> ApiKeys:
    return ApiKeys(records, clock)


@pytest.fixture
def acme(organisations: Organisations) -> Organisation:
    return organisations.create("Acme", "acme")


@pytest.fixture
def other(organisations: Organisations) -> Organisation:
    return organisations.create("Other", "other", kind="provider")
