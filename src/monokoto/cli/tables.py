"""Tables for people: an id is never cut, because the next command wants it; other cells are folded where the screen is narrow."""

from __future__ import annotations

import os
from collections.abc import Iterable

from rich.console import Console
from rich.table import Table
from rich.text import Text

_WHOLE = frozenset({"id", "group", "delivery"})
"""Columns whose cells are typed again."""
_UNFOLDED = 10_000
"""Characters of a line where no screen says how wide it is: in a pipe or a file, `grep` and `awk` want a row on one line."""


def show_table(columns: tuple[str, ...], rows: Iterable[tuple[str | Text, ...]]) -> None:
    """Print a table; a cell's text is taken as it is, never as markup."""
    table = Table(box=None, header_style="bold")
    for name in columns:
        table.add_column(name, no_wrap=name in _WHOLE, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in row))
    console = Console()
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = _UNFOLDED
    console.print(table)
