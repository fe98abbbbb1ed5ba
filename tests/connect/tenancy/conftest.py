"""Organisations and keys, and two organisations."""

import pytest

from monokoto.connect.tenancy import ApiKeys, Organisation, Organisations
from monokoto.engines.records import Records
from monokoto.kernel.clock import ManualClock


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
