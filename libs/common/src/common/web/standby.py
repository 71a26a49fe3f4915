"""Keeps a prepared process behind the one that serves: when that one dies, another is forked with nothing to import."""

import contextlib
import gc
import mmap
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import structlog

from common.database.child import parent_death_signal
from common.messaging import crash_points

#: A worker that lived shorter died of itself, perhaps; so many of them in a row, and whoever started us has to know.
SHORT_SECONDS, MOST_SHORT = 10.0, 20
#: Seconds before the second, third, … short-lived worker in a row is replaced; the first is at once.
_PAUSES = (0.0, 0.1, 0.2, 0.4, 0.8, 1.6, 3.0)
_STOPS = (signal.SIGTERM, signal.SIGINT)
#: Blocked throughout and waited for: a handler may be told of a stop just before the wait begins, and run after it.
_AWAITED = (*_STOPS, signal.SIGCHLD)
_log = structlog.get_logger()

# Its threads would be there before the fork. No service multiplies matrices that are worth a thread.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def keep_serving(serve: Callable[[], None]) -> None:
    """Let a fork of this process `serve`; one that dies is replaced. Ends with, and as, the one that ends by itself.

    What is imported and read before is shared with every worker; threads, connections and event loops must not exist
    yet. A worker ends by itself when `serve` returns or raises; killed, stalled or crashed it has not. SIGTERM and
    SIGINT are passed on. Without prctl (not Linux) this process serves itself.
    """
    if sys.platform != "linux":
        serve()
        return
    _Standby(serve).run()


class _Standby:
    """The process that stands by: it does nothing but wait."""

    def __init__(self, serve: Callable[[], None]) -> None:
        self._serve = serve
        self._ends_with_us = parent_death_signal(signal.SIGKILL)
        self._by_itself = mmap.mmap(-1, 1)
        self._worker: int | None = None
        self._told: int | None = None

    def run(self) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, _AWAITED)
        gc.collect()
        gc.freeze()  # a collection in a worker would copy the pages that it shares with us
        if len(list(Path("/proc/self/task").iterdir())) > 1:
            _log.error("threads_before_the_fork", detail="a worker lacks them, and may hang on locks that they hold")
        short = 0
        while True:
            begun = time.monotonic()
            if self._fork() == 0:
                self._live()
                return
            code = self._wait()
            if self._told is not None or self._by_itself[0] or -code in _STOPS:
                _end_as(code)
            lived = time.monotonic() - begun
            short = short + 1 if lived < SHORT_SECONDS else 0
            _log.error("worker_died", code=code, lived=round(lived, 1), short_lived=short)
            pause = _PAUSES[min(max(short - 1, 0), len(_PAUSES) - 1)]
            if short >= MOST_SHORT:
                _end_as(code)
            if pause and (told := signal.sigtimedwait(_STOPS, pause)):
                _end_as(-told.si_signo)
            crash_points.next_life()

    def _fork(self) -> int:
        self._by_itself[0] = 0
        self._worker = os.fork()
        return self._worker

    def _live(self) -> None:
        """In the worker."""
        self._ends_with_us()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _AWAITED)
        try:
            self._serve()
        finally:
            self._by_itself[0] = 1

    def _wait(self) -> int:
        """How the worker ended; as process 1 of a container we are the parent of whoever lost his, too."""
        while True:
            number = signal.sigwait(_AWAITED)
            if number in _STOPS:
                self._pass_on(number)
            elif (status := self._ended()) is not None:
                self._worker = None
                return os.waitstatus_to_exitcode(status)

    def _ended(self) -> int | None:
        """The status of the worker if it has ended; others that have are laid to rest."""
        found = None
        with contextlib.suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                found = ended[1] if ended[0] == self._worker else found
        return found

    def _pass_on(self, number: int) -> None:
        self._told = number
        if self._worker is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._worker, number)


def _end_as(code: int) -> None:
    """End with this code, or by the signal that ended the worker; process 1 cannot be killed by its own signals."""
    if code < 0:
        with contextlib.suppress(OSError):  # SIGKILL has no handler
            signal.signal(-code, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPS)
        os.kill(os.getpid(), -code)
        code = 128 - code
    sys.exit(code)
