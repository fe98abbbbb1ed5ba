"""A child process that dies with its parent, even when the parent is killed with SIGKILL.

`tethered(argv)` is the command to start instead of `argv`. On Linux the new process asks the kernel to be killed when its
parent ends (PR_SET_PDEATHSIG), looks whether the parent is still there, and becomes `argv` by exec: same process id, nothing
left in between. Elsewhere it stays as a guard that ends the real child once the parent is gone.

Refused: `preexec_fn` (Python code between fork and exec may deadlock beside threads); a pipe the child must watch (we do
not write nats-server); killing leftovers at the next start (they hold the port and the folder until then).

This file is run as a script by its path, without Monokoto on the path: it imports the standard library alone.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from types import FrameType

_PR_SET_PDEATHSIG = 1
_GUARD_POLL_SECONDS = 0.2


def tethered(argv: Sequence[str], *, guard: bool = False) -> list[str]:
    """The command that runs `argv` tied to this process. `guard`: the way that needs no kernel's help."""
    way = "exec" if sys.platform == "linux" and not guard else "guard"
    return [sys.executable, "-I", "-S", __file__, way, str(os.getpid()), *argv]


def _die_with_parent() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")


def _guard(argv: Sequence[str], parent: int) -> int:
    """Run `argv` as a child, pass the polite signals on, and kill it when `parent` is no longer ours."""
    # Descriptors the parent handed down (a folder's lock) go on to the child.
    child = subprocess.Popen(argv, close_fds=False)

    def pass_on(number: int, _frame: FrameType | None) -> None:
        child.send_signal(number)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, pass_on)
    while (code := child.poll()) is None:
        if os.getppid() != parent:
            child.kill()
            return child.wait()
        time.sleep(_GUARD_POLL_SECONDS)
    return code if code >= 0 else 128 - code


def _run(way: str, parent: int, argv: Sequence[str]) -> int:
    if way == "exec":
        _die_with_parent()  # and stays so after exec
    if os.getppid() != parent:
        return 1  # It ended before we were tied to it.
    if way == "exec":
        os.execvp(argv[0], list(argv))  # noqa: S606 - no shell is wanted
    return _guard(argv, parent)


if __name__ == "__main__":
    sys.exit(_run(sys.argv[1], int(sys.argv[2]), sys.argv[3:]))
