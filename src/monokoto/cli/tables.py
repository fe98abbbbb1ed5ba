"""Tables for people: an id is never cut, because the next command wants it; other cells are folded where the line is short."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table
from rich.text import Text

_WHOLE = frozenset({"id", "group"})
"""Columns whose cells are typed again."""


def show_rows(columns: tuple[str, ...], rows: Iterable[tuple[str | Text, ...]]) -> None:
    """Print a table; a cell's text is taken as it is, never as markup."""
    table = Table(box=None, header_style="bold")
    for name in columns:
        table.add_column(name, no_wrap=name in _WHOLE, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in row))
    Console().print(table)
