"""One world for all tests of a file of the walls: making it costs seconds, and nothing they do to it moves a wall."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))  # what the tests share lies beside them

from walls_statements import guard
from walls_world import World, populate, start


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """For one file: it holds the one series store a process may have open."""
    with asyncio.Runner() as runner:
        server, _engines, platform = runner.run(start(tmp_path_factory.mktemp("walls")))
        made = World(platform, runner.run)
        try:
            unguard = guard(platform.engines.records.engine, made.unwalled.setdefault)
            populate(made)
            yield made
            unguard()
            assert not made.unwalled, f"statements without an organisation: {made.unwalled}"
        finally:
            platform.end_streams()
            runner.run(platform.stop())
            runner.run(server.stop())
