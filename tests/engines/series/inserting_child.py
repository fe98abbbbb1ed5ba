"""A process that inserts block after block and says each one's number once `insert` has returned; it waits to be killed.

Arguments: the data folder, the first block's number, rows per block.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pyarrow as pa

from monokoto.engines.series import DURABLE, open_series

folder, first, rows = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
series = open_series(data_dir=folder)
series.command(f"""
    CREATE TABLE IF NOT EXISTS blocks (block Int64, row Int64, number Float64)
    ENGINE = ReplacingMergeTree ORDER BY (block, row) SETTINGS {DURABLE}
""")
numbers = pa.array(np.arange(rows))  # before the start: the first array of a process takes a second
print("ready", flush=True)
block = first
while True:
    series.insert("blocks", pa.table({"block": np.full(rows, block), "row": numbers, "number": np.arange(rows) * 0.5}))
    print(block, flush=True)
    block += 1
