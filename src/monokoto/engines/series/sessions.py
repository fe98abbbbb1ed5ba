"""Session settings both engines share, and the problems both find the same way."""

from __future__ import annotations

import re
from typing import Final

import pyarrow as pa

from monokoto.engines.series.port import Problem
from monokoto.kernel.errors import Invalid

QUERY_SETTINGS: Final[dict[str, str | int]] = {
    # A key lies in one partition only (time is in both): merging across them is work without effect.
    "do_not_merge_across_partitions_select_final": 1,
    "output_format_arrow_string_as_string": 1,
    "output_format_arrow_low_cardinality_as_dictionary": 0,
}
INSERT_SETTINGS: Final[dict[str, str | int]] = {
    # Rows of one insert are one block per partition: whole or not at all.
    "min_insert_block_size_rows": 1_000_000_000,
    "min_insert_block_size_bytes": 0,
    "async_insert": 0,
    # Repeats inside one insert are left to FINAL and the merges: looking for them costs every insert a quarter of its CPU.
    "optimize_on_insert": 0,
    # Imported history may span decades of weeks.
    "max_partitions_per_insert_block": 0,
    # A null, or a text that is no number, is refused where the column takes none; the engine's own choice is a silent 0.
    "insert_null_as_default": 0,
    "input_format_null_as_default": 0,
}

DETACHED_PARTS: Final = """
    SELECT database, table, name, reason, path FROM system.detached_parts
    WHERE reason LIKE '%broken%' OR reason LIKE 'unexpected%' ORDER BY database, table, name
"""

_IDENTIFIER: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")


def quoted(name: str) -> str:
    """A table's or column's name for the statement's text, where it cannot be a bound value."""
    if not _IDENTIFIER.fullmatch(name):
        raise Invalid(f"{name[:40]!r} is no name of a table or column")
    return f"`{name}`"


def detached_problems(parts: pa.Table) -> list[Problem]:
    """One problem for each part the engine set aside at start, from the answer to `DETACHED_PARTS`."""
    return [
        Problem(
            f"part {row['name']} of table {row['table']} is broken ({row['reason']}) and was set aside; "
            "the rest of the table is served",
            f"Restore it from a backup over {row['path']} and attach it, or let the line replay what its log still "
            "holds; then delete the folder.",
        )
        for row in parts.to_pylist()
    ]
