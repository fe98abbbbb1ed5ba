"""A press, its product folder, and reach as the ownership would give it."""

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from monokoto.connect.products import CheckedProduct, Folder, ProductModel, check
from monokoto.kernel.ids import OrganisationId
from monokoto.operate.rules import Rule, RulesSection, Watched, rules_of

HEAD = """\
product: press
model:
  version: {model: VERSION}
  properties:
    temperature: {type: number}
    door: {type: string}
    strokes: {type: integer}
    latitude: {type: number}
    longitude: {type: number}
    target: {type: number}
    my-name: {type: number}
  actions: {clean: {}}
  events: {pressed: {}}
"""


def text_of(rules: str, version: str = "1.0.0") -> str:
    """A product.yaml with a section `rules`."""
    return HEAD.replace("VERSION", version) + (f"rules:\n{rules}" if rules else "")


def checked(rules: str, files: Mapping[str, str] | None = None, version: str = "1.0.0") -> CheckedProduct:
    """Raises Invalid."""
    return check(Folder({"product.yaml": text_of(rules, version), **(files or {})}), [RulesSection()])


def rule_of(rule: str, files: Mapping[str, str] | None = None) -> Rule:
    """The one rule, written in YAML without its name."""
    indented = "".join(f"    {line}\n" for line in rule.strip().splitlines())
    product = checked(f"  it:\n{indented}", files)
    (found,) = rules_of(product.document, product.compile(1), product.files)
    return found


def model() -> ProductModel:
    return checked("").compile(1)


class SomeReach:
    """Whoever holds what is said by a test."""

    def __init__(self) -> None:
        self.all_kinds: set[tuple[int, str, str]] = set()
        self.held: dict[tuple[int, int, str], list[int]] = {}
        """Organisation, maker, product to units."""
        self.uncontrolled: set[int] = set()
        self.groups: dict[str, list[int]] = {}

    def kinds(self) -> Collection[tuple[int, str, str]]:
        return self.all_kinds

    def makers(self, organisation_id: int, product: str) -> Collection[OrganisationId]:
        return [
            OrganisationId(maker) for owner, maker, name in self.held if (owner, name) == (organisation_id, product)
        ]

    def open_units(
        self, organisation_id: int, maker_id: int, product: str, *, control: bool, wanted: Sequence[int] = ()
    ) -> npt.NDArray[np.int64]:
        found = self.held.get((organisation_id, maker_id, product), [])
        return np.array([unit for unit in found if not control or unit not in self.uncontrolled], np.int64)

    def selected(self, _organisation_id: int, watched: Watched) -> npt.NDArray[np.int64] | None:
        return self.members(0, str(watched.group)) if watched.group else None

    def members(self, _organisation_id: int, group: str) -> npt.NDArray[np.int64]:
        return np.array(self.groups.get(group, []), np.int64)
