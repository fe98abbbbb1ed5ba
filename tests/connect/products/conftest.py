"""Products, and product folders written in few words."""

from collections.abc import Callable
from typing import Any

import pytest
import yaml

from monokoto.connect.products import Folder, Products
from monokoto.engines.records import Records
from monokoto.kernel.clock import ManualClock

FolderOf = Callable[..., Folder]


@pytest.fixture
def products(records: Records, clock: ManualClock) -> Products:
    return Products(records, clock)


@pytest.fixture
def folder_of() -> FolderOf:
    """A folder: `folder_of("1.0.0", properties={...})`."""

    def make(
        version: str = "1.0.0", product: str = "cooker", sections: dict[str, Any] | None = None, **model: Any
    ) -> Folder:
        model.setdefault("properties", {"temperature": {"type": "number", "unit": "Cel", "readOnly": True}})
        document = {"product": product, "model": {"version": {"model": version}, **model}, **(sections or {})}
        return Folder({"product.yaml": yaml.safe_dump(document, sort_keys=False)})

    return make
