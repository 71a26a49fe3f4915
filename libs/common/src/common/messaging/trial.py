"""The suspect lane: what a process held when it died is tried in subprocesses with limits, posting by posting."""

import asyncio
import contextlib
import math
import multiprocessing
import os
import resource
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from common.contracts import Event, decode, encode, is_batch, postings_in, with_postings

#: Does everything with an event, or with a batch of one posting, that its stage does before it writes; a function at
#: the top of a module, so that a subprocess can import it. What it raises is no crash: the stage will raise it too.
Trial = Callable[[Any], None]

#: Seconds in which a subprocess imports its modules and reads its rules.
_START_SECONDS = 120.0
#: A posting may take this many times its limit by the clock: on a busy machine an innocent one does.
_PATIENCE = 6
_OUT_OF_MEMORY = 88
#: A fresh subprocess from a server that has the modules loaded; unlike a fork of ours it inherits no threads.
_context = multiprocessing.get_context("forkserver")


@dataclass(frozen=True, slots=True)
class Killer:
    """A posting (position 0 where the event is no batch) that ended its subprocess twice, and how."""

    position: int
    how: str


@dataclass(frozen=True, slots=True)
class Limits:
    """Of a subprocess: seconds of processor time for one posting, bytes of address space."""

    seconds: float = 10.0
    memory: int = 2048 * 1024**2


class SuspectLane:
    """One trial at a time in this process, so that nothing that is tried can harm another."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._alone = asyncio.Lock()

    async def killers(self, trial: Trial, event: Event) -> list[Killer]:
        """Try the event whole and, if that ends the subprocess, each posting; RuntimeError if nothing can be tried."""
        count = len(postings_in(event)) if is_batch(event) else 1
        ours, theirs = _context.Pipe(duplex=False)
        arguments = (theirs, trial, type(event), *encode(event), self._limits)
        process = _context.Process(target=_judge, args=arguments, daemon=True)
        async with self._alone:
            try:
                await asyncio.to_thread(process.start)
                theirs.close()
                seconds = _START_SECONDS + (2 * count + 1) * _PATIENCE * self._limits.seconds
                return await asyncio.to_thread(_verdict, ours, seconds)
            finally:
                # Ends the thread that waits, too, where we were cancelled.
                if process.pid is not None:
                    process.kill()
                ours.close()


def _verdict(answer: Connection, seconds: float) -> list[Killer]:
    with contextlib.suppress(EOFError, OSError):
        if answer.poll(seconds):
            return [Killer(position, how) for position, how in answer.recv()]
    raise RuntimeError("the subprocess of the suspect lane gives no answer")


def _judge(answer: Connection, trial: Trial, kind: type[Event], body: bytes, sha256: str, limits: Limits) -> None:
    """In the subprocess: read rules once, then let a fork of it meet each suspect."""
    killers = _killers(trial, decode(kind, body, sha256), limits)
    with contextlib.suppress(BrokenPipeError):  # who asked has died meanwhile: the next one asks again
        answer.send(killers)


def _killers(trial: Trial, event: Event, limits: Limits) -> list[tuple[int, str]]:
    if not is_batch(event):
        how = _twice(trial, event, limits)
        return [(0, how)] if how else []
    with contextlib.suppress(Exception):  # the stage will raise it too
        trial(with_postings(event, []))
    if _ending(trial, event, limits) is None:
        return []
    alone = [with_postings(event, [posting]) for posting in postings_in(event)]
    return [(n, how) for n, part in enumerate(alone) if (how := _twice(trial, part, limits))]


def _twice(trial: Trial, event: Event, limits: Limits) -> str | None:
    return _ending(trial, event, limits) and _ending(trial, event, limits)


def _ending(trial: Trial, event: Event, limits: Limits) -> str | None:
    """How a fork that tries the event ended; None where it survived."""
    child = os.fork()
    if child == 0:
        _try(trial, event, limits)
    deadline, pause = time.monotonic() + _PATIENCE * limits.seconds, 0.001
    while not (ended := os.waitpid(child, os.WNOHANG))[0]:
        if time.monotonic() > deadline:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return f"took more than {_PATIENCE * limits.seconds:g} s"
        time.sleep(pause)
        pause = min(0.05, pause * 2)
    return _in_words(os.waitstatus_to_exitcode(ended[1]), limits)


def _in_words(code: int, limits: Limits) -> str | None:
    if code == 0:
        return None
    if code == -signal.SIGXCPU:
        return f"took more than {limits.seconds:g} s of processor time"
    if code == _OUT_OF_MEMORY:
        return "ran out of memory"
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"


def _try(trial: Trial, event: Event, limits: Limits) -> None:
    """In the fork, which does not return."""
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory, limits.memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    seconds = math.ceil(limits.seconds)
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    try:
        trial(event)
    except MemoryError:
        os._exit(_OUT_OF_MEMORY)
    except Exception:  # noqa: BLE001, S110 - the stage will meet the same error and say what becomes of it
        pass
    os._exit(0)
