"""Group commit of desired state: what arrives while one group is being written makes the next one."""

from __future__ import annotations

import asyncio
from collections import deque

from monokoto.kernel.errors import TooMany
from monokoto.kernel.limits import DESIRED_CHANGES_WAITING_MAX
from monokoto.operate.twins.desired.states import Change, DesiredStates
from monokoto.operate.twins.twin import Desired

_AT_ONCE = 256


class DesiredWriter:
    """Makes changes in groups; call on the event loop."""

    def __init__(self, states: DesiredStates) -> None:
        self._states = states
        self._waiting: deque[tuple[Change, asyncio.Future[Desired]]] = deque()
        self._work: asyncio.Task[None] | None = None

    async def make(self, change: Change) -> Desired:
        """The state after the change, once it is on disk. Raises what `DesiredStates.put` raises, and TooMany."""
        if len(self._waiting) >= DESIRED_CHANGES_WAITING_MAX:
            raise TooMany("Too many changes of desired state wait for the disk.", remedy="Try again in a moment.")
        future: asyncio.Future[Desired] = asyncio.get_running_loop().create_future()
        self._waiting.append((change, future))
        if self._work is None or self._work.done():
            self._work = asyncio.create_task(self._make_all(), name="desired state")
        return await future

    async def _make_all(self) -> None:
        while self._waiting:
            group = [self._waiting.popleft() for _ in range(min(_AT_ONCE, len(self._waiting)))]
            try:
                outcomes = await asyncio.to_thread(self._states.make, [change for change, _ in group])
            except BaseException as error:
                _tell(group, [error] * len(group))
                if not isinstance(error, Exception):
                    raise
            else:
                _tell(group, outcomes)


def _tell(
    group: list[tuple[Change, asyncio.Future[Desired]]], outcomes: list[BaseException] | list[Desired | Exception]
) -> None:
    for (_, future), outcome in zip(group, outcomes, strict=True):
        if future.done():
            continue  # who asked has gone
        if isinstance(outcome, BaseException):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)
