"""How the embedded engine is set up: a small server's worth of threads and caches instead of a data centre's."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

from monokoto.engines.series.sessions import INSERT_SETTINGS, QUERY_SETTINGS

_MEBIBYTE: Final = 1 << 20

_SERVER: Final[dict[str, int | float]] = {
    # Merges: two threads keep up with 2 million rows a second; more would only take turns with the line on a small box.
    "background_pool_size": 2,
    "background_merges_mutations_concurrency_ratio": 2,
    "merges_mutations_memory_usage_soft_limit": 1024 * _MEBIBYTE,
    # Caches: the defaults add up to 20 GB, and count on the page cache being elsewhere.
    "mark_cache_size": 64 * _MEBIBYTE,
    "index_mark_cache_size": 16 * _MEBIBYTE,
    "primary_index_cache_size": 64 * _MEBIBYTE,
    "query_condition_cache_size": 16 * _MEBIBYTE,
    "compiled_expression_cache_size": 16 * _MEBIBYTE,
    "vector_similarity_index_cache_size": 0,
    "text_index_tokens_cache_size": 0,
    "text_index_header_cache_size": 0,
    "text_index_postings_cache_size": 0,
    "iceberg_metadata_files_cache_size": 0,
    "parquet_metadata_cache_size": 0,
    "max_server_memory_usage_to_ram_ratio": 0.8,
}
_MERGE_TREE: Final[dict[str, int]] = {
    # A broken part is set aside and reported, however many there are; refusing the whole table would lose the rest.
    "max_suspicious_broken_parts": 1_000_000,
    "max_suspicious_broken_parts_bytes": 1 << 62,
    # What a merge replaced is kept, in memory too, in case its result was not on disk yet: ours is fsynced (`DURABLE`), so a
    # minute is plenty. With the usual eight there are 1,200 dead parts at 2.5 inserts a second.
    "old_parts_lifetime": 60,
}


def server_configuration() -> str:
    """The engine's configuration file."""
    merge_tree = "".join(f"<{name}>{value}</{name}>" for name, value in _MERGE_TREE.items())
    server = "".join(f"<{name}>{value}</{name}>" for name, value in _SERVER.items())
    return f"<clickhouse>{server}<merge_tree>{merge_tree}</merge_tree></clickhouse>"


def session_settings(memory_bytes_max: int) -> dict[str, str | int]:
    """What every session is told first."""
    return {
        **QUERY_SETTINGS,
        **INSERT_SETTINGS,
        "max_memory_usage": memory_bytes_max,
        # On few cores, cutting a merge-on-read into layers costs more than it shares out.
        "split_intersecting_parts_ranges_into_layers_final": int((os.cpu_count() or 1) > 2),
        # The answer stays in this process: compressing it is wasted.
        "output_format_arrow_compression_method": "none",
    }


def connection_string(path: Path, configuration_file: Path) -> str:
    """The address by which the engine opens its path."""
    return f"{escape(str(path))}?config-file={configuration_file}"
