"""Answers whose members the question decides."""

from __future__ import annotations

from typing import Any, ClassVar


class OpenObject(dict[str, Any]):
    """A JSON object with some members that are always there, read as attributes, and others, read as items."""

    defaults: ClassVar[dict[str, Any]] = {}
    """What the known members are when they are left out."""

    def __getattr__(self, name: str) -> Any:
        if name in self:
            return self[name]
        if name in self.defaults:
            return self.defaults[name]
        raise AttributeError(name)
