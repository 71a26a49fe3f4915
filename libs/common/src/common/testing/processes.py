"""Faults for servers under test: killing and freezing a process with all its children."""

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def tree(pid: int) -> list[int]:
    """The process and its descendants, parents first; Linux only."""
    found = [pid]
    for parent in found:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            found += [int(it) for it in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]
    return found


def signal_all(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def kill_tree(pid: int, seconds: float = 10.0) -> None:
    """SIGKILL to all of them at once; returns when none of them runs."""
    pids = tree(pid)
    signal_all(pids, signal.SIGKILL)
    until_gone(pids, seconds)


def until_gone(pids: list[int], seconds: float = 10.0) -> None:
    """Return when none of them runs; TimeoutError if one still does after so many seconds."""
    deadline = time.monotonic() + seconds
    while any(map(_alive, pids)):
        if time.monotonic() > deadline:
            raise TimeoutError(f"processes {pids} do not end")
        time.sleep(0.01)


@contextmanager
def frozen(pid: int) -> Iterator[None]:
    """Within, the server neither answers nor closes its sockets."""
    pids = tree(pid)
    signal_all(pids, signal.SIGSTOP)
    try:
        yield
    finally:
        signal_all(pids, signal.SIGCONT)


def _alive(pid: int) -> bool:
    """Zombies are dead: whoever started them reaps them."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
