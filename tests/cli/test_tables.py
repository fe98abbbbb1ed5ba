"""Tables for people on a short line."""

from __future__ import annotations

import pytest

from monokoto.cli.tables import show_rows

ID = "0dz3x8k2p5q7r"


def test_an_id_is_never_cut_and_nothing_is_lost(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    instant, rule = "2026-11-22T22:24:14.485123Z", "washing-machine/drum-unbalanced"
    columns = ("id", "severity", "state", "rule", "unit", "began", "ended", "quiet")
    show_rows(columns, [(ID, "critical", "acknowledged", rule, "SN-000123", instant, instant, "suppressed")])
    told = capsys.readouterr().out
    assert ID in told
    assert "…" not in told
    assert max(map(len, told.splitlines())) <= 80
    pieces = "".join(told.split())
    assert pieces.count("Z") == 2


def test_a_cell_is_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    show_rows(("id", "title"), [(ID, "[bold]hot[/bold]")])
    assert "[bold]hot[/bold]" in capsys.readouterr().out
