"""Whole installations, one for the stories that can share it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from monokoto.testing import Installation

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(Path(__file__).parent))  # so that the stories find `unit_clients`


@pytest.fixture(scope="session")
def blueprints() -> Path:
    return ROOT / "blueprints"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    folder = Path(os.environ.get("MONOKOTO_SHARED_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"the public data sets are not at {folder} (set MONOKOTO_SHARED_DATA)")
    return folder


@pytest.fixture(scope="session")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with Installation(tmp_path_factory.mktemp("installation")) as running:
        yield running
