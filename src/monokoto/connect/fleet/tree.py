"""A product system as paths: a unit's path is the ids from the top down to itself, 13 characters each.

A subtree is then one range of an index, ancestors are read off the path, and depth is its length. Refused: walking parents
by recursive queries (a page of a subtree would walk all of it again); the price is that a move rewrites the paths below.
Equal order of bytes and of characters (`COLLATE "C"`, SQLite's BINARY) is what makes ranges of prefixes work.
"""

from __future__ import annotations

from monokoto.kernel.errors import Conflict
from monokoto.kernel.ids import TEXT_LENGTH, UnitId, format_id, parse_id
from monokoto.kernel.limits import TREE_DEPTH_MAX

PATH_LENGTH_MAX = TEXT_LENGTH * TREE_DEPTH_MAX
_AFTER = "~"  # sorts after every character of an id


def path_of(parent_path: str, unit_id: int) -> str:
    """The path of a unit below this parent (empty: at the top)."""
    return parent_path + format_id(unit_id)


def depth_of(path: str) -> int:
    """1 at the top."""
    return len(path) // TEXT_LENGTH


def ancestors_of(path: str) -> list[UnitId]:
    """The ids above a unit, from the top down."""
    return [
        UnitId(parse_id(path[start : start + TEXT_LENGTH])) for start in range(0, len(path) - TEXT_LENGTH, TEXT_LENGTH)
    ]


def subtree_range(path: str) -> tuple[str, str]:
    """From (inclusive) and to (exclusive) of the paths in a subtree, its top included."""
    return path, path + _AFTER


def prefix_range(prefix: str) -> tuple[str, str | None]:
    """From and to (exclusive; None: open) of the texts that start with this prefix."""
    for cut in range(len(prefix), 0, -1):
        code = ord(prefix[cut - 1]) + 1
        if 0xD800 <= code <= 0xDFFF:
            code = 0xE000  # no surrogates in UTF-8
        if code <= 0x10FFFF:
            return prefix, prefix[: cut - 1] + chr(code)
    return prefix, None


def check_place(parent_path: str, *, own_path: str = "", height: int = 1) -> None:
    """Whether a subtree of this height may hang below this parent; `own_path` is empty for a new unit.

    Raises:
        Conflict: the parent is in the subtree itself, or the tree would get too deep.
    """
    if own_path and parent_path.startswith(own_path):
        raise Conflict(
            "A unit cannot be a part of itself or of one of its own parts.",
            remedy="Move that part out of this unit first.",
        )
    depth = depth_of(parent_path) + height
    if depth > TREE_DEPTH_MAX:
        raise Conflict(f"The product system would be {depth} levels deep; at most {TREE_DEPTH_MAX} are allowed.")
