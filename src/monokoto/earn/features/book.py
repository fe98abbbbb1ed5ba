"""The book of features: of every version of every product, understood once. Blocks when it meets a version first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import structlog

from monokoto.connect.products import ProductModel
from monokoto.earn.features.feature import Feature
from monokoto.earn.features.section import features_of
from monokoto.kernel.errors import Invalid

_KEPT_MAX = 100_000
_log = structlog.get_logger(__name__)


class _Content(Protocol):
    @property
    def document(self) -> Mapping[str, Any]: ...


class Versions(Protocol):
    """What products say (`Products`)."""

    def content(self, organisation_id: int, product: str, version: str) -> _Content: ...

    def model(self, organisation_id: int, product: str, version: str) -> ProductModel: ...


class FeatureBook:
    """Any thread may ask."""

    def __init__(self, products: Versions) -> None:
        self._products = products
        self._known: dict[tuple[int, str, str], Mapping[str, Feature]] = {}

    def of(self, organisation_id: int, product: str, version: str) -> Mapping[str, Feature]:
        """The features of a version by name; empty for one that was applied before features meant anything and has faults.

        Raises:
            NotFound: there is no such version.
        """
        key = (organisation_id, product, version)
        found = self._known.get(key)
        if found is None:
            found = self._understood(*key)
            if len(self._known) >= _KEPT_MAX:
                self._known.clear()
            self._known[key] = found
        return found

    def _understood(self, organisation_id: int, product: str, version: str) -> Mapping[str, Feature]:
        document = self._products.content(organisation_id, product, version).document
        try:
            return features_of(document, self._products.model(organisation_id, product, version))
        except Invalid as error:
            _log.error("features_not_understood", product=product, version=version, faults=[*map(str, error.faults)])
            return {}
