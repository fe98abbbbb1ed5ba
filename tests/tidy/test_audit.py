"""The audit of dependencies: a known vulnerability fails, an index that cannot be asked is told loudly."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / ".ci" / "audit.py"
SOUND = {"name": "sound", "version": "1.0", "vulns": []}
BROKEN = {"name": "broken", "version": "1.0", "vulns": [{"id": "CVE-1", "fix_versions": ["1.1"]}]}
UNKNOWN = {"name": "unknown", "skip_reason": "not found"}
OURS = {"name": "monokoto", "skip_reason": "not found"}


@pytest.fixture(scope="module")
def audit() -> Any:
    spec = importlib.util.spec_from_file_location("audit", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def answering(text: str) -> list[str]:
    return [sys.executable, "-c", f"print({text!r})"]


@pytest.mark.parametrize(
    ("told", "code", "said"),
    [
        ([SOUND, OURS], 0, "1 packages audited; no known vulnerability"),
        ([SOUND, BROKEN], 1, "broken 1.0: CVE-1 (mended in 1.1)"),
        ([UNKNOWN, BROKEN], 1, "CVE-1"),
        ([SOUND, UNKNOWN], 0, "NOT AUDITED, unknown to the package index: unknown"),
        ([UNKNOWN, OURS], 0, "THE DEPENDENCIES WERE NOT AUDITED"),
        ([], 0, "THE DEPENDENCIES WERE NOT AUDITED"),
    ],
)
def test_what_is_told_decides(
    audit: Any, capsys: pytest.CaptureFixture[str], told: list[Any], code: int, said: str
) -> None:
    assert audit.main(answering(json.dumps({"dependencies": told}))) == code
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("text", ["", "no JSON", "{}", "[]"])
def test_no_answer_is_loud_and_holds_nothing_up(audit: Any, capsys: pytest.CaptureFixture[str], text: str) -> None:
    assert audit.main(answering(text)) == 0
    assert "THE DEPENDENCIES WERE NOT AUDITED" in capsys.readouterr().err
