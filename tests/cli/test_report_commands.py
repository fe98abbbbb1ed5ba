"""`koto billing sold`: a file of sales is read whole, or every wrong line is told."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from monokoto.cli.app import command_of
from monokoto.cli.reports import read_sales
from monokoto.kernel.errors import Invalid

HEAD = "key,date,product,units,currency,amount\n"


def written(folder: Path, text: str) -> Path:
    file = folder / "sales.csv"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_file_of_sales_is_read_as_it_is(tmp_path: Path) -> None:
    file = written(
        tmp_path, "\ufeff" + HEAD + "a, 2026-05-03 ,washer,2,EUR,399.00\nb,2026-05-04,washer,-1,EUR,-199.50\n"
    )
    first, second = read_sales(file)
    assert first == {
        "key": "a", "date": "2026-05-03", "product": "washer", "units": 2, "currency": "EUR", "amount": "399.00"
    }  # fmt: skip
    assert (second["units"], second["amount"]) == (-1, "-199.50")


def test_every_wrong_line_is_told(tmp_path: Path) -> None:
    with pytest.raises(Invalid) as refused:
        read_sales(written(tmp_path, HEAD + "a,2026-05-03,washer,many,EUR,1\nb,2026-05-03,washer,1,EUR,1\nc,,,,,\n"))
    assert [fault.line for fault in refused.value.faults] == [2, 4]
    for text in ("", HEAD, "key,amount\na,1\n"):
        with pytest.raises(Invalid, match="tells of no sales"):
            read_sales(written(tmp_path, text))
    with pytest.raises(Invalid, match="cannot be read"):
        read_sales(tmp_path / "none.csv")


def test_a_wrong_file_ends_the_command(tmp_path: Path) -> None:
    said = CliRunner().invoke(command_of("billing"), ["sold", str(tmp_path / "none.csv")])
    assert said.exit_code == 3
