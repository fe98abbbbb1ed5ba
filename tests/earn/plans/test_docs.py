"""The manual's example is a product, and every charge model has its row."""

import re
from pathlib import Path

from plans_making import checked

from monokoto.earn.plans import plans_of
from monokoto.earn.plans.parsing.plans import FIELDS
from monokoto.earn.pricing import MODELS

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "plans.md").read_text("utf-8")
(EXAMPLE,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
ROWS = dict(re.findall(r"^\| `(\w+)` \| (?:`(\{.*\})`|the same) \|", PAGE, re.M))


def test_the_example_is_understood_and_names_every_key() -> None:
    (plan,) = plans_of(checked(EXAMPLE).document, organisation_id=1, product="washing-machine")
    assert set(plan.document) | {"count"} == set(FIELDS)


def test_every_charge_model_is_written_as_its_row_says() -> None:
    assert set(ROWS) == set(MODELS)
    for name, written in ROWS.items():
        text = EXAMPLE.replace('standard: {price: "1.20"}, free: 2', f"{name}: {written or ROWS['graduated']}")
        (plan,) = plans_of(checked(text).document, organisation_id=1, product="washing-machine")
        assert isinstance(plan.charges[0].tariff.price, MODELS[name])
