"""`uv run poe client` rewrites the generated part of the client; `--check` says whether it is what would be written."""

from __future__ import annotations

import difflib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from monokoto.assembly import describe_api
from tools.client.document import Document
from tools.client.method_modules import AWAITING, BLOCKING, method_modules
from tools.client.type_modules import type_modules

ROOT = Path(__file__).resolve().parents[2]
CLIENT = ROOT / "src" / "monokoto" / "client"
PACKAGES = ("types", "blocking", "awaiting")


def main(arguments: list[str]) -> int:
    """Write, or compare; the exit code."""
    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder)
        _write(written)
        if "--check" not in arguments:
            _replace(written)
            return 0
        differences = _differences(written)
    sys.stdout.write("".join(differences))
    return 1 if differences else 0


def _write(folder: Path) -> None:
    document = Document(describe_api())
    modules = type_modules(document) | method_modules(document, BLOCKING) | method_modules(document, AWAITING)
    for name, text in modules.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
    ruff = [sys.executable, "-m", "ruff"]
    settings = ["--config", str(ROOT / "pyproject.toml"), "--quiet", "--no-cache", str(folder)]
    subprocess.run([*ruff, "check", "--select", "I,F401,Q,UP", "--fix", *settings], check=True)
    subprocess.run([*ruff, "format", *settings], check=True)


def _replace(folder: Path) -> None:
    for package in PACKAGES:
        shutil.rmtree(CLIENT / package, ignore_errors=True)
        shutil.copytree(folder / package, CLIENT / package)


def _differences(folder: Path) -> list[str]:
    new, kept = _texts(folder), _texts(CLIENT)
    return [
        line
        for name in sorted({*new, *kept})
        for line in difflib.unified_diff(
            kept.get(name, []), new.get(name, []), f"client/{name}", f"client/{name} as it would be written", n=1
        )
    ]


def _texts(folder: Path) -> dict[str, list[str]]:
    return {
        file.relative_to(folder).as_posix(): file.read_text("utf-8").splitlines(keepends=True)
        for package in PACKAGES
        for file in (folder / package).rglob("*.py")
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
