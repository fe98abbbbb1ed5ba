"""A process may end right after its last call: nothing of the store's own threads must abort it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

STORY = """
import asyncio, sys
from pathlib import Path
from monokoto.engines.objects import open_objects

async def story():
    objects = open_objects("", data_dir=Path(sys.argv[1]))
    await objects.put("a/b", b"x")
    assert await objects.get("a/b") == b"x"
    await objects.delete("a/b")
    assert await objects.list("a/") == []

asyncio.run(story())
"""


def test_a_process_that_ends_right_after_a_call_ends_well(tmp_path: Path) -> None:
    children = [subprocess.Popen([sys.executable, "-c", STORY, str(tmp_path / str(n))]) for n in range(8)]
    assert [child.wait(60) for child in children] == [0] * len(children)
