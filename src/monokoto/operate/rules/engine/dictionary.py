"""Texts and lists as numbers: each different one is kept once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from monokoto.kernel.limits import RULE_TEXTS_MAX

UNKNOWN = -1


class Dictionary(dict[str | None, int]):
    """From what the line hands over to a code; `entries` holds the value of each code and only grows.

    Lists come as JSON and are decoded once.
    """

    def __init__(self, *, lists: bool = False) -> None:
        super().__init__()
        self[None] = UNKNOWN
        self._lists = lists
        self.entries: list[Any] = []

    def __missing__(self, text: str | None) -> int:
        assert text is not None
        code = self[text] = len(self.entries)
        self.entries.append(msgspec.json.decode(text) if self._lists else text)
        return code

    @property
    def full(self) -> bool:
        """Whether it is time to let go of what nobody holds."""
        return len(self.entries) > RULE_TEXTS_MAX

    def texts(self) -> list[str]:
        """The texts by code."""
        found = [""] * len(self.entries)
        for text, code in self.items():
            if text is not None:
                found[code] = text
        return found

    def put_back(self, texts: Sequence[str]) -> None:
        """Number these texts in this order; it is empty."""
        for text in texts:
            self[text]
