"""The text of rules: what people read of one, and what they write, as the API takes it. Pure.

A rule is written in YAML as in product.yaml; the API takes the same document as JSON and names faults by their place in it
(`/rule/when`). `Written.line_of` turns such a place back into a line of what was written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from monokoto.kernel.limits import FOLDER_DEPTH_MAX

LENGTH_MAX = 32_768
"""Characters of a rule that are read; geofences are the long ones."""
PLACE = "/rule"
"""What the API calls the document in its requests."""


def worded(texts: Mapping[str, str] | None, language: str, otherwise: str = "") -> str:
    """A rule's title or help in the visitor's language, else without one, else in whichever there is."""
    found = texts or {}
    return found.get(language) or found.get("") or found.get("en") or next(iter(found.values()), "") or otherwise


def as_yaml(document: Mapping[str, Any]) -> str:
    """A rule as people write it."""
    return yaml.safe_dump(dict(document), sort_keys=False, allow_unicode=True, width=100)


class Unreadable(ValueError):
    """It is no YAML, or no mapping; `line` counts from 1, 0 where there is none."""

    def __init__(self, reason: str, line: int = 0) -> None:
        super().__init__(reason)
        self.line = line


@dataclass(frozen=True, slots=True)
class Written:
    """A rule as written, and as the API takes it."""

    document: dict[str, Any]
    lines: Mapping[str, int]
    """JSON pointer → line, counted from 1."""

    def line_of(self, place: str) -> int:
        """The line of a place the API named, or of what holds it; 0: it is not in the text."""
        if not place.startswith(PLACE):
            return 0
        rest = place.removeprefix(PLACE)
        while rest and rest not in self.lines:
            rest = rest.rpartition("/")[0]
        return self.lines.get(rest, 1)


def read_rule(text: str) -> Written:
    """The document of a rule. Raises Unreadable: no YAML, no mapping, too long, too deep, or with aliases, which can grow
    without bound."""
    if len(text) > LENGTH_MAX:
        raise Unreadable(f"longer than {LENGTH_MAX} characters")
    try:
        _look_over(text)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        document = yaml.safe_load(text)
    except Unreadable:
        raise
    except yaml.MarkedYAMLError as error:
        raise Unreadable(error.problem or "no YAML", _line(error.problem_mark)) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise Unreadable(str(error)[:200]) from None
    if not isinstance(document, dict) or node is None:
        raise Unreadable("a rule is a mapping, as in: `when: temperature > 80.0`", 1)
    lines: dict[str, int] = {}
    _note(node, "", lines)
    return Written(_plain(document), lines)


def _look_over(text: str) -> None:
    """Event by event, as far as it can be taken: what lies in each other costs the reader the square of its depth."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent):
            raise Unreadable("aliases are not taken", _line(event.start_mark))
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > FOLDER_DEPTH_MAX:
            raise Unreadable(f"deeper than {FOLDER_DEPTH_MAX} mappings and lists", _line(event.start_mark))


def _line(mark: Any) -> int:
    return int(mark.line) + 1 if mark else 0


def _note(node: yaml.Node, place: str, lines: dict[str, int]) -> None:
    lines[place] = _line(node.start_mark)
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode):
                inner = f"{place}/{_escaped(key.value)}"
                _note(value, inner, lines)
                lines[inner] = _line(key.start_mark)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            _note(value, f"{place}/{index}", lines)


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _plain(value: Any) -> Any:
    """As JSON has it: names are texts, dates are what was written."""
    if isinstance(value, dict):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
