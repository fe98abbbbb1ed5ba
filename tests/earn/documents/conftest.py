"""The documents that tests share lie beside them, and so do the rules they are held against."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))

from judging import Judge, judging


@pytest.fixture(scope="package")
def judge() -> Iterator[Judge]:
    """As `judging.judging`: compiled once for all modules here."""
    with judging() as made:
        yield made
