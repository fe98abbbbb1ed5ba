"""Makes `commands_making` importable for the tests beside it, and commands on either database."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))


@pytest.fixture(params=["sqlite", "postgresql"])
def house(request: pytest.FixtureRequest, fresh_database: Callable[[str], str], tmp_path: Path) -> Iterator[object]:
    from commands_making import make_house  # noqa: PLC0415

    made = make_house(tmp_path, fresh_database(request.param))
    yield made
    made.records.close()
