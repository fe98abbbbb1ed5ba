"""One process owns an embedded path: a lock on a file beside it, which the kernel lets go when the process dies."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from monokoto.kernel.errors import Conflict


class Ownership:
    """The right to open a path, held until `release`."""

    def __init__(self, lock_file: Path) -> None:
        """Take it.

        Raises:
            Conflict: another process, or another part of this one, holds it; the message names its process id.
        """
        self._descriptor = os.open(lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            owner = os.read(self._descriptor, 20).decode(errors="replace").strip() or "unknown"
            os.close(self._descriptor)
            raise Conflict(
                f"The series store in {lock_file.parent} is open in another process (id {owner})",
                remedy="Stop that process, or use another data_dir; one process at a time may open an embedded store.",
            ) from None
        os.truncate(self._descriptor, 0)
        os.pwrite(self._descriptor, str(os.getpid()).encode(), 0)

    def release(self) -> None:
        """Give it up. The file stays: removing it would let two processes lock two files of one name."""
        os.close(self._descriptor)
