"""`monokoto:forbiddenWhen` of the model's actions: each a condition over the product's properties."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from monokoto.connect.products import Change, Section, child
from monokoto.kernel.errors import Invalid
from monokoto.operate.conditions import CelType, check, variables_of

_TERM = "monokoto:forbiddenWhen"


class ForbiddenWhen:
    """As `products.SectionChecker`, of the section `model`."""

    name = "model"

    def check(self, section: Section) -> None:
        """Every fault goes to the section's report."""
        variables = variables_of(section.model)
        actions = section.value.get("actions")
        for name, action in actions.items() if isinstance(actions, Mapping) else ():
            place = child(child("/model/actions", name), _TERM)
            for at, source in _conditions(action.get(_TERM), place):
                try:
                    check(source, variables, CelType.BOOLEAN)
                except Invalid as error:
                    for fault in error.faults:
                        section.report.add(at, fault.reason)

    def changes(self, _before: Any, _after: Any) -> Sequence[Change]:
        """The model's own comparison tells them."""
        return ()


def _conditions(value: Any, place: str) -> Iterator[tuple[str, str]]:
    for index, one in enumerate(value if isinstance(value, list) else [value]):
        at = child(place, index) if isinstance(value, list) else place
        if isinstance(one, str):
            yield at, one
        elif isinstance(one, Mapping):
            yield child(at, "when"), str(one.get("when", ""))
