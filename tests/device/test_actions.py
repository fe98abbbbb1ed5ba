"""Doing what is asked: once for each id, whatever comes twice or dies, and a last word for each."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from monokoto.device import ActionFailed, ActionJournal, Ask
from monokoto.device.actions import Actions
from monokoto.kernel.clock import format_instant


class Unit:
    """The actions of a unit, and what it said: (action/command, body)."""

    def __init__(self, journal: ActionJournal | None = None) -> None:
        self.said: list[tuple[str, dict[str, Any]]] = []
        self.done: list[Any] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.actions = Actions(self.send, journal)
        self.actions.on("turn", self.turn, repeatable=False)

    async def send(self, topic: str, payload: bytes) -> asyncio.Future[int]:
        self.said.append((topic.removeprefix("koto/v1/actions/").removesuffix("/status"), json.loads(payload)))
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        future.set_result(0)
        return future

    async def turn(self, ask: Ask) -> Any:
        self.done.append(ask.input)
        await ask.running(0.5, "half way")
        await self.gate.wait()
        if ask.input == "stuck":
            raise ActionFailed("it is stuck")
        return {"angle": 7}

    def hear(self, command: str, body: Any, action: str = "turn") -> None:
        self.actions.heard(f"koto/v1/actions/{action}/{command}", json.dumps(body).encode())

    def words(self, command: str = "c1") -> list[str]:
        return [body["status"] for name, body in self.said if name == f"turn/{command}"]


async def settled(condition: Callable[[], Any]) -> None:
    for _ in range(2000):
        if condition():
            return
        await asyncio.sleep(0.001)
    raise TimeoutError


def play(story: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(story(), 30))  # type: ignore[arg-type]


def test_a_command_that_comes_again_is_told_about_and_not_done_again() -> None:
    async def story() -> None:
        unit = Unit()
        unit.hear("c1", {"input": 3})
        await settled(lambda: unit.words()[-1:] == ["succeeded"])
        assert unit.words() == ["received", "running", "succeeded"]
        assert unit.said[1][1] == {"status": "running", "progress": 0.5, "note": "half way"}
        assert unit.said[2][1] == {"status": "succeeded", "output": {"angle": 7}}
        unit.hear("c1", {"input": 3})
        await settled(lambda: len(unit.words()) == 4)
        assert (unit.words()[-1], unit.done) == ("succeeded", [3])

    play(story)


def test_what_cannot_be_done_is_said() -> None:
    async def story() -> None:
        unit = Unit()
        unit.hear("c1", {"input": "stuck"})
        unit.hear("c2", {"expires_at": format_instant(int((time.time() - 1) * 1e6))})
        unit.hear("c3", {}, action="fly")
        unit.actions.heard("koto/v1/actions/turn/c4", b"{")
        await settled(lambda: sum(body["status"] == "failed" for _, body in unit.said) == 3)
        errors = {name: body["error"] for name, body in unit.said if body["status"] == "failed"}
        assert errors == {
            "turn/c1": "it is stuck",
            "turn/c2": "it came after its time",
            "fly/c3": "this unit has no action 'fly'",
        }
        assert unit.done == ["stuck"]

    play(story)


def test_it_leaves_off_when_asked_before_during_and_after() -> None:
    async def story() -> None:
        unit = Unit()
        unit.gate.clear()
        unit.hear("c1", {"input": 1})
        await settled(lambda: unit.words() == ["received", "running"])
        unit.hear("c1", {"cancel": True})
        unit.hear("c2", {"cancel": True})  # of what it has not heard yet
        unit.hear("c2", {"input": 2})
        unit.hear("c3", {"input": 3})
        unit.hear("c3", {"cancel": True})  # in the same breath
        await settled(lambda: all(unit.words(one)[-1:] == ["cancelled"] for one in ("c1", "c2", "c3")))
        assert unit.done == [1]
        unit.gate.set()
        unit.hear("c4", {"input": 4})
        await settled(lambda: unit.words("c4")[-1:] == ["succeeded"])
        unit.hear("c4", {"cancel": True})
        await settled(lambda: len(unit.words("c4")) == 4)
        assert unit.words("c4")[-1] == "succeeded"

    play(story)


def test_after_a_crash_it_goes_on_with_what_it_had_not_begun_and_does_nothing_twice(tmp_path: Path) -> None:
    path = tmp_path / "actions"

    async def before() -> None:
        unit = Unit(ActionJournal(path))
        unit.hear("c1", {"input": 1})
        await settled(lambda: unit.words() == ["received", "running", "succeeded"])
        unit.gate.clear()
        unit.hear("c2", {"input": 2})
        await settled(lambda: unit.done == [1, 2])
        unit.hear("c3", {"input": 3})  # written down, and the process dies before the loop gets to it
        text = path.read_bytes()
        await unit.actions.stop()
        path.write_bytes(text + b'{"id":"c9","acti')  # as the crash left it

    async def after() -> None:
        unit = Unit(ActionJournal(path))
        unit.actions.resume()
        await settled(lambda: unit.words("c3")[-1:] == ["succeeded"] and unit.words("c2"))
        assert unit.done == [3]
        assert unit.words("c2") == ["failed"]  # it was at it
        unit.hear("c1", {"input": 1})
        await settled(lambda: unit.words("c1"))
        assert (unit.words("c1"), unit.done) == (["succeeded"], [3])

    play(before)
    play(after)


def test_the_journal_is_bounded(tmp_path: Path) -> None:
    async def story() -> None:
        journal = ActionJournal(tmp_path / "actions", kept_max=10)
        unit = Unit(journal)
        for number in range(60):
            unit.hear(f"c{number}", {"input": number})
            await settled(lambda number=number: unit.words(f"c{number}")[-1:] == ["succeeded"])
            await settled(lambda number=number: journal.kept[f"c{number}"].told)
        assert len(journal.kept) <= 10
        assert (tmp_path / "actions").read_bytes().count(b"\n") <= 50

    play(story)
