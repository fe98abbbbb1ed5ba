"""Tables for people on a short line."""

from __future__ import annotations

import pytest

from monokoto.cli.tables import show_table

ID = "0dz3x8k2p5q7r"


def test_an_id_is_never_cut_and_nothing_is_lost(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    instant, rule = "2026-11-22T22:24:14.485123Z", "washing-machine/drum-unbalanced"
    columns = ("id", "severity", "state", "rule", "unit", "began", "ended", "quiet")
    show_table(columns, [(ID, "critical", "acknowledged", rule, "SN-000123", instant, instant, "suppressed")])
    told = capsys.readouterr().out
    assert ID in told
    assert "…" not in told
    assert max(map(len, told.splitlines())) <= 80
    pieces = "".join(told.split())
    assert pieces.count("Z") == 2


def test_a_cell_is_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    show_table(("id", "title"), [(ID, "[bold]hot[/bold]")])
    assert "[bold]hot[/bold]" in capsys.readouterr().out


def test_in_a_pipe_a_row_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    told = "all of this belongs to one row, " * 20
    show_table(("id", "title"), [(ID, told)])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert told.strip() in lines[1]
