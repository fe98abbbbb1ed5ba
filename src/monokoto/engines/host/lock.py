"""One Monokoto per folder: a lock that cannot be left behind.

It is an `flock` on a file in the folder: the kernel gives it back when the last process holding the open file ends. Refused:
a file with a process id in it, which stays after a crash and may name a stranger later. The id is written all the same,
for the message only.
"""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

from monokoto.kernel.errors import Conflict

_POLL_SECONDS = 0.05


class FolderLock:
    """The right to use a folder, as long as `release` has not been called."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._descriptor = -1

    @property
    def descriptor(self) -> int:
        """The open file; a child that inherits it keeps the folder locked until it has ended as well."""
        return self._descriptor

    @property
    def held(self) -> bool:
        """Whether the folder is ours now."""
        return self._descriptor >= 0

    def acquire(self, *, wait_seconds: float = 0.0) -> None:
        """Take the folder; waits for a holder that is just ending.

        Raises:
            Conflict: another process uses the folder.
        """
        if self.held:
            return
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        deadline = time.monotonic() + wait_seconds
        while not _try_lock(descriptor):
            if time.monotonic() >= deadline:
                holder = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip()
                os.close(descriptor)
                raise Conflict(
                    f"the folder {self._folder} is in use by another Monokoto"
                    + (f" (process {holder})" * bool(holder)),
                    remedy="Stop the other one first, or set data_dir to another folder.",
                )
            time.sleep(_POLL_SECONDS)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        self._descriptor = descriptor

    def release(self) -> None:
        """Give the folder back; nothing happens when it is not held."""
        if self.held:
            os.close(self._descriptor)
            self._descriptor = -1


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
