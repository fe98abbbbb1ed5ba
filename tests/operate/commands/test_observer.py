"""The observer: what it says is kept is on disk; records that are away hold up no reading."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from commands_making import make_house, said

from monokoto.connect.line import Batch
from monokoto.kernel.errors import Unavailable
from monokoto.operate.commands import Status


def batch(last: int, *records: Any, partition: int = 0) -> Batch:
    return Batch(partition=partition, first_sequence=last, last_sequence=last, requests=records)


def test_kept_trails_what_is_not_on_disk_yet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    house = make_house(tmp_path)

    async def story() -> None:
        command = await house.ask("restart")
        await house.observer.observe(batch(1))
        assert house.observer.kept(0) == 1  # nothing in it: nothing to wait for
        take = house.commands.take
        away = True

        async def sometimes(*arguments: Any) -> None:
            if away:
                raise Unavailable("the records are away")
            await take(*arguments)

        monkeypatch.setattr(house.commands, "take", sometimes)
        await house.observer.start()
        await house.observer.observe(batch(2, said(command, "succeeded")))
        await house.observer.observe(batch(3))
        await house.observer.observe(batch(9, partition=1))
        while house.observer.waits_for is None:
            await asyncio.sleep(0.01)
        assert (house.observer.kept(0), house.observer.kept(1)) == (1, 0)
        away = False
        while house.observer.kept(0) != 3:
            await asyncio.sleep(0.01)
        assert house.observer.kept(1) == 9
        assert house.observer.waits_for is None
        assert house.status(command) == Status.SUCCEEDED
        await house.observer.stop()

    asyncio.run(asyncio.wait_for(story(), 30))
    house.records.close()


def test_a_replay_after_a_crash_changes_nothing(tmp_path: Path) -> None:
    house = make_house(tmp_path)

    async def story() -> None:
        command = await house.ask("restart")
        words = [said(command, "running", arrived=5), said(command, {"status": "failed", "error": "hot"}, arrived=6)]
        await house.hear(*words)
        first = house.commands.get(command.organisation_id, command.unit_id, command.id)
        assert first.status is Status.FAILED
        await house.hear(*words)
        assert house.commands.get(command.organisation_id, command.unit_id, command.id) == first

    asyncio.run(story())
    house.records.close()
