"""A series store to test, of each kind."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from monokoto.engines.series import DURABLE, Series, open_series

KINDS = ("chdb", "clickhouse")


@dataclass
class Double:
    """The running stand-in for a ClickHouse server."""

    process: subprocess.Popen[str]
    url: str


@contextmanager
def running_double(folder: Path) -> Iterator[Double]:
    """Start it on this folder; it is gone at the end of the `with`."""
    script = Path(__file__).with_name("clickhouse_double.py")
    process = subprocess.Popen([sys.executable, str(script), str(folder)], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        port = process.stdout.readline().strip()
        assert port, "the double did not start"
        yield Double(process, f"http://127.0.0.1:{port}/default")
    finally:
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()


@pytest.fixture(scope="session")
def double(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Double]:
    with running_double(tmp_path_factory.mktemp("double")) as running:
        yield running


@pytest.fixture
def fresh_double(tmp_path: Path) -> Iterator[Double]:
    """One that a test may kill."""
    with running_double(tmp_path / "double") as running:
        yield running


@pytest.fixture(scope="module", params=KINDS)
def series(
    request: pytest.FixtureRequest, double: Double, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Series]:
    """One store for all tests of a file; each makes its own table."""
    url = double.url if request.param == "clickhouse" else ""
    opened = open_series(url=url, data_dir=tmp_path_factory.mktemp("series"))
    yield opened
    opened.close()


DDL = f"""
    CREATE TABLE {{name}} (
        property LowCardinality(String), unit Int64, at DateTime64(6, 'UTC'), arrived DateTime64(6, 'UTC'),
        number Float64, text String
    ) ENGINE = ReplacingMergeTree(arrived) PARTITION BY toMonday(at) ORDER BY (property, unit, at)
    SETTINGS {DURABLE}
"""


@pytest.fixture
def table(series: Series) -> Iterator[str]:
    """A table of readings like the real one, gone after the test."""
    name = "readings_of_test"
    series.command(f"DROP TABLE IF EXISTS {name} SYNC")
    series.command(DDL.format(name=name))
    yield name
    series.command(f"DROP TABLE IF EXISTS {name} SYNC")
