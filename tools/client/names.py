"""How things of the document are called in Python."""

from __future__ import annotations

import keyword
import re
from collections import Counter
from collections.abc import Mapping, Sequence

NOUNS: Mapping[str, tuple[str, ...]] = {
    "Actions": ("Action",),
    "Audit": ("Audit",),
    "Bank statements": ("BankStatements", "BankStatement"),
    "Credentials": ("Credentials", "Credential"),
    "Dead letters": ("DeadLetters", "DeadLetter"),
    "Dunning": ("Dunning",),
    "Gifts": ("MyGifts", "MyGift", "Gift"),
    "Health": ("Health",),
    "History": ("History",),
    "Jobs": ("Jobs", "Job"),
    "Organisation": ("Organisations", "Organisation"),
    "Ownership": ("Ownerships", "Ownership", "Unit"),
    "Portal": ("My",),
    "Presence": ("Presence",),
    "Products": ("Products", "Product"),
    "Sessions": ("Sessions", "Session"),
    "Things": ("Things", "Thing"),
    "Twins": ("Twins", "Twin"),
    "Units": ("Units", "Unit"),
    "Webhooks": ("Webhooks", "Webhook"),
}
"""Words that the group says already: `listUnits` is `client.units.list`."""
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def snake(name: str) -> str:
    """`listUnitParts` as `list_unit_parts`."""
    return _HUMP.sub("_", name).lower()


def attribute(tag: str) -> str:
    """`Dead letters` as `dead_letters`."""
    return tag.lower().replace(" ", "_")


def group_class(tag: str) -> str:
    """`Dead letters` as `DeadLettersApi`."""
    return "".join(word.capitalize() for word in tag.split()) + "Api"


def variable(name: str) -> str:
    """A parameter's name: `from` as `from_`, `If-Match` as `if_match`, `rawId` as `raw_id`."""
    plain = snake(name.replace("-", "_")).replace("__", "_")
    return f"{plain}_" if keyword.iskeyword(plain) else plain


def method_names(operation_ids: Sequence[str], nouns: Sequence[str] | None) -> dict[str, str]:
    """What the methods are called: the operation ids without the group's noun, unless two would have one name."""
    short = {one: _without(one, nouns or ()) for one in operation_ids}
    count = Counter(short.values())
    return {one: variable(snake(name if count[name] == 1 else one)) for one, name in short.items()}


def _without(operation_id: str, nouns: Sequence[str]) -> str:
    for noun in nouns:
        found = re.fullmatch(rf"([a-z]+){noun}((?:[A-Z].*)?)", operation_id)
        if found:
            return found[1] + found[2]
    return operation_id
