"""A child that cannot outlive its parent, and a folder that belongs to one."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from monokoto.engines.host import FolderLock, tethered
from monokoto.kernel.errors import Conflict

# A parent that starts a tethered child, tells its process id, and waits.
PARENT = """
import subprocess, sys, time
from monokoto.engines.host import tethered
child = subprocess.Popen(tethered([sys.executable, "-c", {child!r}], guard={guard}), stdout=subprocess.PIPE)
print(child.stdout.readline().decode().strip(), flush=True)
time.sleep(60)
"""
CHILD = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"


def gone(pid: int, *, seconds: float = 30.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(psutil.NoSuchProcess):
            if psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
                time.sleep(0.02)
                continue
        return True
    return False


@pytest.mark.parametrize("guard", [False, True])
def test_a_child_dies_when_its_parent_is_killed(guard: bool) -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT.format(child=CHILD, guard=guard)], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    try:
        assert psutil.pid_exists(child)
        parent.kill()
        parent.wait()
        assert gone(child), "the child is an orphan"
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        parent.stdout.close()


@pytest.mark.parametrize("guard", [False, True])
def test_arguments_output_signals_and_exit_codes_pass_through(guard: bool) -> None:
    code = "import sys; print(sys.argv[1:]); sys.exit(7)"
    done = subprocess.run(
        tethered([sys.executable, "-c", code, "a b", "--c"], guard=guard), capture_output=True, check=False
    )
    assert done.returncode == 7
    assert done.stdout == b"['a b', '--c']\n"
    child = subprocess.Popen(tethered([sys.executable, "-c", CHILD], guard=guard), stdout=subprocess.PIPE)
    assert child.stdout is not None
    pid = int(child.stdout.readline())
    child.terminate()
    assert child.wait(30) in {-signal.SIGTERM, 128 + signal.SIGTERM}
    assert gone(pid)
    child.stdout.close()


def test_a_child_whose_parent_is_already_gone_does_not_start() -> None:
    command = tethered([sys.executable, "-c", "print('started')"])
    command[command.index(str(os.getpid()))] = "1" if os.getpid() != 1 else "2"
    done = subprocess.run(command, capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (1, b"")


def test_a_folder_belongs_to_one_at_a_time(tmp_path: Path) -> None:
    first, second = FolderLock(tmp_path / "data"), FolderLock(tmp_path / "data")
    first.acquire()
    first.acquire()
    with pytest.raises(Conflict, match=rf"in use by another Monokoto \(process {os.getpid()}\)"):
        second.acquire(wait_seconds=0.1)
    assert not second.held
    first.release()
    first.release()
    second.acquire()
    assert second.held
    second.release()


def test_a_killed_holder_gives_the_folder_back_once_its_children_have_ended_too(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys, time; from pathlib import Path; from monokoto.engines.host import FolderLock\n"
        "lock = FolderLock(Path(sys.argv[1])); lock.acquire()\n"
        "child = subprocess.Popen(['sleep', '60'], pass_fds=[lock.descriptor])\n"
        "print(child.pid, flush=True); time.sleep(60)\n"
    )
    holder = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE)
    assert holder.stdout is not None
    child = int(holder.stdout.readline())
    holder.kill()
    holder.wait()
    lock = FolderLock(tmp_path)
    with pytest.raises(Conflict):
        lock.acquire()
    os.kill(child, signal.SIGKILL)
    lock.acquire(wait_seconds=5)
    lock.release()
    holder.stdout.close()
