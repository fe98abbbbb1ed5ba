"""The manual's examples are rules, and every kind of signal is in it."""

import re
from pathlib import Path

from monokoto.connect.products import Folder, check
from monokoto.operate.rules import RulesSection, rules_of
from monokoto.operate.rules.parsing.rule import FIELDS
from monokoto.operate.rules.parsing.signals import KINDS

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "rules.md").read_text("utf-8")
BLOCKS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


def test_every_example_is_understood() -> None:
    whole, *others = BLOCKS
    indented = "".join(f"  {line}\n" for block in others for line in block.splitlines())
    checked = check(Folder({"product.yaml": whole + indented}), [RulesSection()])
    rules = rules_of(checked.document, checked.compile(1))
    assert len(rules) == len(checked.document["rules"])
    written = {key for rule in rules for signal in rule.document.get("signals", {}).values() for key in signal}
    assert set(KINDS) <= written, "an example of each kind"


def test_every_field_and_kind_is_named() -> None:
    assert not [name for name in FIELDS if f"{name}:" not in BLOCKS[0]]
    assert not [name for name in KINDS if f"`{name}`" not in PAGE]
