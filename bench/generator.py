"""Building and running the load generator (C, compiled on first use)."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
BINARY = HERE / ".build" / "mqttload"


def generator() -> Path:
    """The compiled generator."""
    source = HERE / "load" / "mqttload.c"
    if not BINARY.exists() or BINARY.stat().st_mtime < source.stat().st_mtime:
        compiler = shutil.which("cc") or shutil.which("gcc")
        if compiler is None:
            raise RuntimeError("a C compiler is needed to build the load generator (bench/load/mqttload.c)")
        BINARY.parent.mkdir(exist_ok=True)
        subprocess.run([compiler, "-O2", "-o", BINARY, source], check=True)
    return BINARY


def start(port: int, **options: Any) -> subprocess.Popen[str]:
    """Begin a run; `options` are the generator's arguments, e.g. `clients=100, tokens=path`."""
    arguments = [str(generator()), "--port", str(port)]
    for name, value in options.items():
        if value is True:
            arguments.append(f"--{name}")
        elif value not in (None, False):
            arguments += [f"--{name}", str(value)]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)


def load(port: int, **options: Any) -> dict[str, Any]:
    """One whole run's figures."""
    process = start(port, **options)
    output, _ = process.communicate(timeout=float(options.get("seconds", 5)) + 120)
    if process.returncode:
        raise RuntimeError(f"the generator ended with {process.returncode}")
    return json.loads(output)  # type: ignore[no-any-return]
