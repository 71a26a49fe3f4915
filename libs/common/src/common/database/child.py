"""A server run as our child, which ends when we do, even by kill -9."""

import ctypes
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

_PR_SET_PDEATHSIG = 1


class Child:
    """A running program in a session of its own, so that Ctrl-C in the terminal reaches only us."""

    def __init__(
        self, command: Sequence[str], *, log: Path, end_with: signal.Signals, env: Mapping[str, str] | None = None
    ) -> None:
        # The kernel's signal is bound to the thread that starts the child: only the main thread lives as long as we.
        by_kernel = sys.platform == "linux" and threading.current_thread() is threading.main_thread()
        pact = parent_death_signal(end_with) if by_kernel else None
        self._end_with = end_with
        with log.open("ab") as output:
            self.process = subprocess.Popen(  # noqa: S603 - our own command
                command,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=pact,  # noqa: PLW1509 - one system call through a library loaded before the fork
            )
        self._watcher = None if by_kernel else _watch(self.process.pid, end_with)

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    def stop(self, grace: float) -> None:
        """Ask it to end; after `grace` seconds make it."""
        if self._watcher is not None:
            self._watcher.kill()
            self._watcher.communicate()
        if self.running:
            self.process.send_signal(self._end_with)
        try:
            self.process.wait(grace)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def parent_death_signal(end_with: signal.Signals) -> Callable[[], None]:
    """For a child of ours to call after the fork: on Linux it will end so when the thread that forked it ends."""
    if sys.platform != "linux":
        return lambda: None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def pact() -> None:
        prctl(_PR_SET_PDEATHSIG, int(end_with))
        if os.getppid() != parent:  # we died before the line above
            os.kill(os.getpid(), signal.SIGKILL)

    return pact


def _watch(pid: int, end_with: signal.Signals) -> "subprocess.Popen[bytes]":
    """Where the kernel offers no such signal: a shell whose input ends when we do."""
    script = f'read -r _; kill -{end_with.name.removeprefix("SIG")} "$0"'
    return subprocess.Popen(["/bin/sh", "-c", script, str(pid)], stdin=subprocess.PIPE, start_new_session=True)  # noqa: S603 - our own words
