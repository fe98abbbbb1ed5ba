"""The manual's example is a product, and names the terms there are."""

import re
from pathlib import Path

from monokoto.connect.products import Folder, check
from monokoto.connect.products.description.data_schema import TYPES

MANUAL = (Path(__file__).parents[3] / "docs" / "products.md").read_text("utf-8")


def test_the_example_is_in_order() -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", MANUAL, re.DOTALL)
    checked = check(Folder({"product.yaml": example}))
    assert checked.product == "rice-cooker"
    assert checked.simulation is not None
    assert set(checked.compile(1).properties) == {"temperature", "mode", "lid_open"}


def test_every_type_of_a_property_is_named() -> None:
    assert all(f"`{kind}`" in MANUAL for kind in TYPES if kind != "null")
