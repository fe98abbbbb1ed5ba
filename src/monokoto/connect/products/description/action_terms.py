"""Our own terms on an action: how long a unit has for it, when it is forbidden, who must say yes to it.

```yaml
actions:
  clean:
    monokoto:deadline: 10m                       # the unit's last word is due by then; the asker may say otherwise
    monokoto:forbiddenWhen:                      # CEL over the properties; one text, or a list of {when, reason}
      - {when: door == "open", reason: The door is open}
    monokoto:confirm: This uses boiling water.   # true, or what the one who asks is told before it is done
    monokoto:twoPerson: true                     # and it is another person who says yes
```

Whether the conditions are CEL over this product's properties is checked by whoever knows CEL (a `SectionCheck` of `model`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from monokoto.connect.products.description.report import child
from monokoto.connect.products.description.terms import Check, Scope, boolean, check_terms, describe, text
from monokoto.connect.products.model import ActionModel, Forbidding
from monokoto.connect.products.simulation.node import parse_duration
from monokoto.kernel.limits import COMMAND_SECONDS_MAX, FORBIDDINGS_PER_ACTION_MAX

DEADLINE = "monokoto:deadline"
FORBIDDEN_WHEN = "monokoto:forbiddenWhen"
CONFIRM = "monokoto:confirm"
TWO_PERSON = "monokoto:twoPerson"


def _deadline(scope: Scope, value: Any, place: str) -> None:
    seconds = parse_duration(value)
    if seconds is None or not 1 <= seconds <= COMMAND_SECONDS_MAX:
        scope.fault(
            place,
            f"must be a duration from 1s to {COMMAND_SECONDS_MAX // 86_400}d, such as 30s, this is {describe(value)}",
        )


def _forbidden_when(scope: Scope, value: Any, place: str) -> None:
    listed = value if isinstance(value, list) else [value]
    if not listed:
        scope.fault(place, "is empty; leave it away")
    elif len(listed) > FORBIDDINGS_PER_ACTION_MAX:
        scope.fault(place, f"has {len(listed)} conditions, more than {FORBIDDINGS_PER_ACTION_MAX}")
    for index, one in enumerate(listed):
        _forbidding(scope, one, child(place, index) if isinstance(value, list) else place)


def _forbidding(scope: Scope, value: Any, place: str) -> None:
    if isinstance(value, str):
        _condition(scope, value, place)
        return
    named = check_terms(scope, value, place, terms={"when": _condition, "reason": text}, what="a forbidden state")
    if named and "when" not in value:
        scope.fault(place, "needs `when`, a condition over the properties")


def _condition(scope: Scope, value: Any, place: str) -> None:
    if not isinstance(value, str) or not value.strip():
        scope.fault(place, f'must be a condition such as `door == "open"`, this is {describe(value)}')


def _confirm(scope: Scope, value: Any, place: str) -> None:
    (text if isinstance(value, str) else boolean)(scope, value, place)


TERMS: dict[str, Check] = {
    DEADLINE: _deadline,
    FORBIDDEN_WHEN: _forbidden_when,
    CONFIRM: _confirm,
    TWO_PERSON: boolean,
}


def forbiddings_of(value: Any) -> tuple[Forbidding, ...]:
    """What a checked `monokoto:forbiddenWhen` says."""
    listed = value if isinstance(value, list) else [value] if value is not None else []
    return tuple(
        Forbidding(one) if isinstance(one, str) else Forbidding(one["when"], one.get("reason", "")) for one in listed
    )


def compile_action(name: str, one: Mapping[str, Any]) -> ActionModel:
    """A checked action."""
    confirm = one.get(CONFIRM, False)
    return ActionModel(
        name=name,
        input=one.get("input"),
        output=one.get("output"),
        title=one.get("title", ""),
        synchronous=one.get("synchronous", False),
        idempotent=one.get("idempotent", False),
        deadline_seconds=parse_duration(one.get(DEADLINE)) if DEADLINE in one else None,
        forbidden_when=forbiddings_of(one.get(FORBIDDEN_WHEN)),
        confirm=bool(confirm) or one.get(TWO_PERSON, False),
        confirm_text=confirm if isinstance(confirm, str) else "",
        two_person=one.get(TWO_PERSON, False),
    )
