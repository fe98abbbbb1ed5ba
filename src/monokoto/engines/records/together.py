"""Writes of several threads in one durable transaction (group commit).

A commit waits for the disk, and SQLite has one writer at a time: where many threads each have a little to write, the waits
add up. Whoever gets the turn carries out the work of all who wait, each in a savepoint of its own, and commits once.

Refused: on PostgreSQL too. Its writers run side by side and share the wait for the disk by themselves.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import sqlalchemy as sa

Result = TypeVar("Result")
_AT_ONCE: Final = 100


@dataclass(slots=True)
class _Waiting:
    work: Callable[[sa.Connection], Any]
    result: Any = None
    error: BaseException | None = None
    over: bool = False


class Together:
    """Those who wait to write; `transaction` opens one durable transaction."""

    def __init__(self, transaction: Callable[[], AbstractContextManager[sa.Connection]]) -> None:
        self._transaction = transaction
        self._waiting: list[_Waiting] = []
        self._lock = threading.Lock()
        self._turn = threading.Lock()

    def write(self, work: Callable[[sa.Connection], Result]) -> Result:
        """What `work` returns, once it is on disk. What it raises undoes its own writes and no other's."""
        mine = _Waiting(work)
        with self._lock:
            self._waiting.append(mine)
        while not mine.over:
            with self._turn:
                if not mine.over:
                    self._carry_out()
        if mine.error is not None:
            raise mine.error
        result: Result = mine.result
        return result

    def _carry_out(self) -> None:
        some: Sequence[_Waiting] = ()
        try:
            with self._transaction() as connection:
                # Not before: those who came while the transaction waited for its turn go along.
                some = self._some()
                _work(connection, some)
        except BaseException as error:
            some = some or self._some()
            for one in some:
                one.error = one.error or error
        finally:
            for one in some:
                one.over = True

    def _some(self) -> Sequence[_Waiting]:
        with self._lock:
            some, self._waiting = self._waiting[:_AT_ONCE], self._waiting[_AT_ONCE:]
        return some


def _work(connection: sa.Connection, some: Sequence[_Waiting]) -> None:
    for one in some:
        try:
            if len(some) == 1:
                one.result = one.work(connection)
            else:
                with connection.begin_nested():
                    one.result = one.work(connection)
        except sa.exc.OperationalError:
            raise  # the database itself: SQLite may have ended the transaction, so nobody's work is kept
        except Exception as error:
            if len(some) == 1:
                raise
            one.error = error
