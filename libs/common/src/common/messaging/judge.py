"""The judge of suspects: a prepared process without threads, whose forks meet them one by one under limits."""

import contextlib
import mmap
import multiprocessing
import os
import resource
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

import structlog

from common.contracts import Event, decode, is_batch, postings_in, with_postings
from common.database.child import parent_death_signal

#: Does everything with an event, or with a batch of one posting, that its stage does before it writes; a function at
#: the top of a module, so that a subprocess can import it. What it raises is no crash: the stage will raise it too.
Trial = Callable[[Any], None]

_OUT_OF_MEMORY = 88


@dataclass(frozen=True, slots=True)
class Killer:
    """A posting (position 0 where the event is no batch) that ended its process twice, and how."""

    position: int
    how: str


@dataclass(frozen=True, slots=True)
class Limits:
    """Of a fork: seconds of processor time for one posting, bytes of address space.

    By the clock a posting may take `patience` times its seconds: on a busy machine an innocent one does.
    """

    seconds: float = 5.0
    memory: int = 2048 * 1024**2
    patience: int = 6


@dataclass(frozen=True, slots=True)
class Case:
    """What is to be judged: an event as it came, and what its stage does with it."""

    trial: Trial
    kind: type[Event]
    body: bytes
    sha256: str
    limits: Limits


@dataclass(slots=True)
class Judge:
    """A judge from outside: the process, and the line to it."""

    pid: int
    line: Connection

    def dismiss(self) -> None:
        """End it, whatever it does; who waits at the line learns that, too."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.pid, 0)
        self.line.close()


_log = structlog.get_logger()
_ready: list[Judge] = []


def keep_ready() -> None:
    """Fork a judge off this process, which must have no threads yet; it knows what this process has read."""
    ours, theirs = multiprocessing.Pipe()
    ends_with_us = parent_death_signal(signal.SIGKILL)
    pid = os.fork()
    if pid == 0:
        ends_with_us()
        ours.close()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)  # it ends with the worker, whose pipe it reads
        try:
            serve_cases(theirs)
        except Exception:  # noqa: BLE001 - whatever it is, it must not go on in here as a second worker
            _log.exception("judge_failed")
            os._exit(1)
        os._exit(0)
    theirs.close()
    _ready.append(Judge(pid, ours))


def take_ready() -> Judge | None:
    """The judge that was kept ready; None where there is none (any more)."""
    return _ready.pop() if _ready else None


def give_back(judge: Judge) -> None:
    """It has answered and can be asked again."""
    _ready.append(judge)


def serve_cases(line: Connection) -> None:
    """In the judge: answer every case, until nobody asks any more."""
    with contextlib.suppress(EOFError, ConnectionError):  # reset: whoever asked is gone and has left an answer unread
        while True:
            case: Case = line.recv()
            line.send(_killers(case.trial, decode(case.kind, case.body, case.sha256), case.limits))


def _killers(trial: Trial, event: Event, limits: Limits) -> list[Killer]:
    """Try one after the other in one fork; who ends it is tried again alone, and the others in another fork."""
    suspects = [event]
    if is_batch(event):
        suspects = [with_postings(event, [posting]) for posting in postings_in(event)]
        with contextlib.suppress(Exception):  # reads the rules where they are not read yet; the stage will raise it too
            trial(with_postings(event, []))
    found: list[Killer] = []
    first = 0
    while ended := _ending(trial, suspects[first:], limits):
        position = first + ended.position
        if alone := _ending(trial, suspects[position : position + 1], limits):
            found.append(Killer(position, alone.how))
        first = position + 1
    return found


def _ending(trial: Trial, suspects: Sequence[Event], limits: Limits) -> Killer | None:
    """Which of the suspects ended the fork that tries them, and how; None where it survived all."""
    reached, ends_with_us = mmap.mmap(-1, 4), parent_death_signal(signal.SIGKILL)
    child = os.fork()
    if child == 0:
        ends_with_us()
        _try(trial, suspects, limits, reached)
    at, since, pause = 0, time.monotonic(), 0.001
    while not (ended := os.waitpid(child, os.WNOHANG))[0]:
        if at != (at := int.from_bytes(reached[:])):
            since = time.monotonic()
        if time.monotonic() - since > limits.patience * limits.seconds:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return Killer(at, f"took more than {limits.patience * limits.seconds:g} s")
        time.sleep(pause)
        pause = min(0.05, pause * 2)
    how = _in_words(os.waitstatus_to_exitcode(ended[1]), limits)
    return Killer(int.from_bytes(reached[:]), how) if how else None


def _in_words(code: int, limits: Limits) -> str | None:
    if code == 0:
        return None
    if code == -signal.SIGPROF:
        return f"took more than {limits.seconds:g} s of processor time"
    if code == _OUT_OF_MEMORY:
        return "ran out of memory"
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"


def _try(trial: Trial, suspects: Sequence[Event], limits: Limits, reached: mmap.mmap) -> None:
    """In the fork, which does not return."""
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory, limits.memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for position, suspect in enumerate(suspects):
        reached[:] = position.to_bytes(4)
        signal.setitimer(signal.ITIMER_PROF, limits.seconds)
        try:
            trial(suspect)
        except MemoryError:
            os._exit(_OUT_OF_MEMORY)
        except Exception:  # noqa: BLE001, S110 - the stage will meet the same error and say what becomes of it
            pass
    os._exit(0)
