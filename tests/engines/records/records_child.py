"""A process of its own beside the test. Arguments: what to do, the database's address (may be empty), the data folder."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import sqlalchemy as sa

from monokoto.engines.records import migrate, open_records

what, url, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
records = open_records(url, data_dir=folder)


def count_up() -> None:
    """Add 1, twenty-five times, each in a transaction that reads first."""
    for _ in range(25):
        with records.write() as connection:
            lock = "" if records.dialect == "sqlite" else " FOR UPDATE"
            now = connection.execute(sa.text("SELECT n FROM counters WHERE id = 1" + lock)).scalar_one()
            connection.execute(sa.text("UPDATE counters SET n = :n WHERE id = 1"), {"n": now + 1})


if what == "migrate":
    sys.stdin.readline()
    migrate(records)
elif what == "count":
    sys.stdin.readline()
    threads = [threading.Thread(target=count_up) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
elif what == "write":
    # Two rows a transaction, said once it is committed; the test kills this process.
    number = int(sys.argv[4])
    while True:
        with records.write() as connection:
            for half in (0, 1):
                connection.execute(sa.text("INSERT INTO halves VALUES (:n, :half)"), {"n": number, "half": half})
        print(number, flush=True)
        number += 1
records.close()
