"""Asking about many at once: a question names each unit at most once, so those who share a unit are asked about apart."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import TypeVar

_Asked = TypeVar("_Asked")


def rounds_of(asked: Iterable[_Asked], units_of: Callable[[_Asked], Collection[int]]) -> list[list[_Asked]]:
    """What is asked about, in rounds in which no two have a unit in common; in each in the order given."""
    rounds: list[tuple[list[_Asked], set[int]]] = []
    for one in asked:
        named = units_of(one)
        for members, units in rounds:
            if units.isdisjoint(named):
                members.append(one)
                units.update(named)  # `|=` with a view of keys would make another set
                break
        else:
            rounds.append(([one], set(named)))
    return [members for members, _ in rounds]
