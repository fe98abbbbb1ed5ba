"""The ClickHouse adapter when the server is away, dies, or does not know us."""

from __future__ import annotations

import socket
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from monokoto.engines.series import open_series
from monokoto.kernel.errors import BadSettings, Unavailable

if TYPE_CHECKING:
    from .conftest import Double


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        port: int = listening.getsockname()[1]
        return port


def test_a_server_that_does_not_answer_is_named_and_the_password_is_not(tmp_path: Path) -> None:
    port = free_port()
    with pytest.raises(Unavailable) as caught:
        open_series(url=f"http://127.0.0.1:{port}/default", password="open sesame", data_dir=tmp_path)
    assert f"127.0.0.1:{port}" in str(caught.value)
    assert "sesame" not in str(caught.value)
    assert "series.url" in caught.value.remedy


def test_a_wrong_password_says_so(double: Double, tmp_path: Path) -> None:
    with pytest.raises(Unavailable) as caught:
        open_series(url=double.url, password="wrong", data_dir=tmp_path)
    assert "series.password" in caught.value.remedy
    open_series(url=double.url, password="secret", data_dir=tmp_path).close()


@pytest.mark.parametrize(
    "url",
    [
        "localhost:8123",
        "ftp://host/",
        "http://",
        "http://host:port/",
        "http://user:secret@host:8123/",
        "http://host/?a=b",
    ],
)
def test_what_is_no_address_is_refused_without_showing_it(url: str, tmp_path: Path) -> None:
    with pytest.raises(BadSettings) as caught:
        open_series(url=url, data_dir=tmp_path)
    assert "secret" not in str(caught.value)


def test_a_server_that_dies_is_unavailable_also_in_the_middle_of_an_answer(
    fresh_double: Double, tmp_path: Path
) -> None:
    with closing(open_series(url=fresh_double.url, data_dir=tmp_path)) as series:
        series.command("CREATE TABLE t (a Int64) ENGINE = MergeTree ORDER BY a")
        rows = series.stream("SELECT number, toString(number) FROM numbers(10000000000)")
        assert next(rows).num_rows
        fresh_double.process.kill()
        fresh_double.process.wait()
        with pytest.raises(Unavailable):
            list(rows)
        with pytest.raises(Unavailable):
            series.query("SELECT 1")
        with pytest.raises(Unavailable):
            series.insert("t", pa.table({"a": [1]}))


def test_a_closed_store_refuses(double: Double, tmp_path: Path) -> None:
    series = open_series(url=double.url, data_dir=tmp_path)
    series.close()
    series.close()
    with pytest.raises(Unavailable):
        series.query("SELECT 1")
