"""The book of meters: what each version of a product in use counts."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

import structlog

from monokoto.connect.products import ProductModel, parse_version
from monokoto.earn.metering.meters.meter import Meter, split_key
from monokoto.earn.metering.meters.section import meters_of
from monokoto.kernel.errors import Invalid, NotFound

_VERSIONS_MAX = 10_000
_log = structlog.get_logger(__name__)


class Content(Protocol):
    """What was applied as one version."""

    @property
    def document(self) -> Mapping[str, Any]: ...


class ProductsPort(Protocol):
    """What the book asks of products."""

    def content(self, organisation_id: int, product: str, version: str) -> Any: ...

    def model(self, organisation_id: int, product: str, version: str) -> ProductModel: ...

    def versions(self, organisation_id: int, product: str) -> Sequence[Any]: ...


class MeterBook:
    """Blocking where a version is asked about for the first time; from memory from then on: versions never change."""

    def __init__(self, products: ProductsPort) -> None:
        self._products = products
        self._lock = threading.Lock()
        self._known: dict[tuple[int, str, str], tuple[Meter, ...]] = {}

    def at_hand(self, model: ProductModel) -> tuple[Meter, ...] | None:
        """The meters of a version if they are in memory; None: ask `of_version` in a thread."""
        return self._known.get(model.key)

    def of_version(self, organisation_id: int, product: str, version: str) -> tuple[Meter, ...]:
        """The meters of a version; none when it was applied before they meant anything and has faults: the log says so."""
        key = (organisation_id, product, version)
        found = self._known.get(key)
        if found is not None:
            return found
        document = self._products.content(organisation_id, product, version).document
        try:
            found = meters_of(document, self._products.model(organisation_id, product, version))
        except Invalid as error:
            _log.error(
                "meters_not_understood", product=product, version=version, faults=[str(one) for one in error.faults]
            )
            found = ()
        with self._lock:
            if len(self._known) >= _VERSIONS_MAX:
                self._known.clear()
            self._known[key] = found
        return found

    def of_product(self, organisation_id: int, product: str) -> tuple[Meter, ...]:
        """Every meter any version has, each as the newest version with it says. Raises NotFound."""
        versions = [one.version for one in self._products.versions(organisation_id, product)]
        found: dict[str, Meter] = {}
        for version in sorted(versions, key=parse_version):
            for meter in self.of_version(organisation_id, product, version):
                found[meter.name] = meter
        return tuple(found[name] for name in sorted(found))

    def get(self, organisation_id: int, key: str) -> Meter:
        """The meter `product/name` as the newest version with it says. Raises NotFound, Invalid."""
        product, name = split_key(key)
        for meter in self.of_product(organisation_id, product):
            if meter.name == name:
                return meter
        raise NotFound(f"The product {product} has no meter {name!r}.", remedy="See /api/v1/meters.")


def by_subject(meters: Iterable[Meter]) -> dict[tuple[str, str], list[Meter]]:
    """The meters by origin and what they look at."""
    found: dict[tuple[str, str], list[Meter]] = {}
    for meter in meters:
        found.setdefault((meter.origin, meter.subject), []).append(meter)
    return found
