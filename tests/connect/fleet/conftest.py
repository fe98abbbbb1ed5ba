"""The fleet on both kinds of records, with products that stand still."""

import pytest

from monokoto.connect.fleet import Credentials, Directory, Fleet, NewUnit, Registered
from monokoto.connect.products import ProductModel
from monokoto.engines.records import Records
from monokoto.kernel.clock import ManualClock
from monokoto.kernel.errors import NotFound
from monokoto.kernel.ids import OrganisationId, ProductName

ACME, OTHER = 11, 22


class FixedProducts:
    """Two organisations with the products `robot` (1.0.0, 1.1.0) and `arm` (2.0.0)."""

    versions = {"robot": ("1.0.0", "1.1.0"), "arm": ("2.0.0",)}  # noqa: RUF012

    def model(self, organisation_id: int, product: str, version: str) -> ProductModel:
        if version not in self.versions.get(product, ()):
            raise NotFound(f"There is no version {version!r} of {product!r}.")
        return ProductModel(
            organisation_id=OrganisationId(organisation_id), product=ProductName(product), version=version
        )

    def current(self, organisation_id: int, product: str) -> ProductModel:
        if product not in self.versions:
            raise NotFound(f"There is no product {product!r}.")
        return self.model(organisation_id, product, self.versions[product][-1])


@pytest.fixture(scope="session")
def fixed_products() -> FixedProducts:
    return FixedProducts()


@pytest.fixture
def fleet(records: Records, clock: ManualClock) -> Fleet:
    return Fleet(records, FixedProducts(), clock)


@pytest.fixture
def credentials(records: Records, clock: ManualClock) -> Credentials:
    return Credentials(records, clock)


@pytest.fixture
def directory(records: Records) -> Directory:
    return Directory(records)


@pytest.fixture
def robot(fleet: Fleet) -> Registered:
    return fleet.register(ACME, NewUnit(serial="R-1", product="robot"))
