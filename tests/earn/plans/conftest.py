"""Products that know plans, on both kinds of records."""

import sys
from pathlib import Path

import pytest

from monokoto.connect.products import Products
from monokoto.connect.tenancy import Organisations
from monokoto.earn.plans import Plans, PlansSection
from monokoto.engines.records import Records
from monokoto.kernel.clock import ManualClock

sys.path.append(str(Path(__file__).parent))


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def maker(records: Records, clock: ManualClock) -> int:
    return Organisations(records, clock).create("Washers", "washers").id


@pytest.fixture
def products(records: Records, clock: ManualClock) -> Products:
    return Products(records, clock, [PlansSection()])


@pytest.fixture
def plans(records: Records, products: Products, clock: ManualClock) -> Plans:
    return Plans(records, products, clock)
