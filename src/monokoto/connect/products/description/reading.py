"""A part of what is written: its value, its place, and the report that takes what is wrong with it.

The sections of the slices above are read through it; one that reads more kinds of members makes a subclass.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from monokoto.connect.products.description.report import Report, child, suggestion
from monokoto.kernel.limits import TITLE_LENGTH_MAX

_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*")


def is_language(tag: str) -> bool:
    """Whether it has the shape of a language tag such as `de` or `pt-BR` (RFC 5646)."""
    return _LANGUAGE.fullmatch(tag) is not None


def kind_of(value: object) -> str:
    """What a value is, for a sentence."""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    names = {type(None): "nothing", str: f"the text {str(value)[:40]!r}", list: "a list", dict: "a mapping"}
    return names.get(type(value), f"the number {str(value)[:40]}")


@dataclass(frozen=True, slots=True)
class Part:
    """A part and its place. What reads a member answers a harmless value where the member is wrong: the fault is told."""

    text_length_max: ClassVar[int] = TITLE_LENGTH_MAX

    value: Any
    place: str
    report: Report

    def fault(self, reason: str, key: object = None) -> None:
        """What is wrong here, or with a member."""
        self.report.add(self.place if key is None else child(self.place, str(key)), reason)

    def child(self, key: str | int) -> Self:
        """The member under a key or an index; nothing where there is none."""
        found = self.value[key] if isinstance(key, int) else self.value.get(key)
        return replace(self, value=found, place=child(self.place, key))

    def has(self, key: str) -> bool:
        """Whether it says anything under this key."""
        return isinstance(self.value, dict) and key in self.value

    def mapping(self, what: str) -> bool:
        """Whether it is a mapping; a fault where not."""
        if not isinstance(self.value, dict):
            self.fault(f"{what} is a mapping, this is {kind_of(self.value)}")
            return False
        return True

    def fields(self, known: Iterable[str], required: Iterable[str] = (), *, what: str) -> bool:
        """Whether it is a mapping; keys that are unknown or missing are faults."""
        if not self.mapping(what):
            return False
        names = tuple(known)
        for key in self.value:
            if key not in names:
                near = suggestion(key, names) or f"; there are {', '.join(names)}"
                self.fault(f"{what} has no `{key[:80]}`{near}", key)
        for key in required:
            if key not in self.value:
                self.fault(f"{what} needs `{key}`")
        return True

    def flag(self, key: str) -> bool:
        """true or false under a key; false where nothing is said."""
        found = self.value.get(key, False)
        if not isinstance(found, bool):
            self.fault("is true or false", key)
        return found is True

    def choice(self, key: str, words: Iterable[str], default: str) -> str:
        """One of some words under a key."""
        if not self.has(key):
            return default
        value, known = self.value[key], tuple(words)
        if value not in known:
            near = suggestion(value, known) if isinstance(value, str) else ""
            self.fault(f"must be one of {', '.join(known)}, this is {kind_of(value)}{near}", key)
            return default
        return str(value)

    def text(self, key: str, default: str = "") -> str:
        """A text under a key."""
        if not self.has(key):
            return default
        value = self.value[key]
        if not isinstance(value, str) or not value.strip() or len(value) > self.text_length_max:
            self.fault(f"must be a text of 1 to {self.text_length_max} characters, this is {kind_of(value)}", key)
            return default
        return value

    def translated(self, key: str) -> dict[str, str]:
        """A text, or one for each language; under `""` the text without a language."""
        if not self.has(key):
            return {}
        if not isinstance(self.value[key], dict):
            found = self.text(key)
            return {"": found} if found else {}
        part = self.child(key)
        for tag in part.value:
            if tag and not is_language(tag):
                part.fault(f"{tag[:40]!r} is not a language tag such as `de` or `pt-BR`", tag)
        return {tag: part.text(tag) for tag in part.value}

    def names(self, key: str) -> tuple[str, ...]:
        """A text or a list of different texts under a key."""
        value = self.value.get(key)
        listed = value if isinstance(value, list) else [value]
        if not listed or not all(isinstance(one, str) and one for one in listed):
            self.fault("must be a name or a list of names", key)
            return ()
        if len(set(listed)) < len(listed):
            self.fault("names something twice", key)
        return tuple(dict.fromkeys(listed))
