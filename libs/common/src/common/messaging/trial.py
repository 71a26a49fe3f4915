"""The suspect lane: what a process held when it died is tried in a subprocess with limits, posting by posting."""

import asyncio
import contextlib
import multiprocessing
import resource
import signal
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

import structlog

from common.contracts import Event, decode, encode, is_batch, postings_in, with_postings

#: Does everything with an event, or with a batch of one posting, that its stage does before it writes; a function at
#: the top of a module, so that the subprocess can import it. What it raises is no crash: the stage will raise it too.
Trial = Callable[[Any], None]

_READY, _OUT_OF_MEMORY = -1, -2
#: Seconds in which the subprocess imports its modules and starts.
_START_SECONDS = 60.0
#: A fresh subprocess from a server that has the modules loaded; unlike a fork of ours it inherits no threads.
_context = multiprocessing.get_context("forkserver")
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Killer:
    """A posting (position 0 where the event is no batch) that ended the subprocess twice, and how."""

    position: int
    how: str


@dataclass(frozen=True, slots=True)
class Limits:
    """Of the subprocess: seconds for one posting, bytes of address space."""

    seconds: float = 10.0
    memory: int = 2048 * 1024**2


class SuspectLane:
    """One trial at a time in this process, so that nothing that is tried can harm another."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._alone = asyncio.Lock()

    async def killers(self, trial: Trial, event: Event) -> list[Killer]:
        """Try the event's postings one after the other; those that ended the subprocess twice are named."""
        count = len(postings_in(event)) if is_batch(event) else 1
        found: list[Killer] = []
        async with self._alone:
            position = 0
            while position < count:
                crash = await self._attempt(trial, event, range(position, count))
                if crash is None:
                    break
                again = await self._attempt(trial, event, range(crash.position, crash.position + 1))
                _log.warning("trial_crashed", event_type=event.event_type, how=crash.how, again=again is not None)
                if again is not None:
                    found.append(again)
                position = crash.position + 1
        return found

    async def _attempt(self, trial: Trial, event: Event, positions: range) -> Killer | None:
        """Run the trial on these postings; the first that ended the subprocess, if any."""
        ours, theirs = _context.Pipe()
        arguments = (theirs, trial, type(event), *encode(event), positions, self._limits)
        process = _context.Process(target=_run, args=arguments, daemon=True)
        try:
            await asyncio.to_thread(process.start)
            theirs.close()
            return await asyncio.to_thread(_follow, process, ours, positions, self._limits.seconds)
        finally:
            # Ends the thread that follows, too, where we were cancelled.
            if process.pid is not None:
                process.kill()
            ours.close()


def _follow(process: Any, progress: Connection, positions: range, seconds: float) -> Killer | None:
    """Watch the subprocess go from posting to posting; RuntimeError if it does not even start."""
    if not progress.poll(_START_SECONDS) or _received(progress) != _READY:
        raise RuntimeError("the subprocess of the suspect lane does not start")
    for position in positions:
        if not progress.poll(seconds):
            return Killer(position, f"took more than {seconds:g} s")
        said = _received(progress)
        if said != position:
            return Killer(position, "ran out of memory" if said == _OUT_OF_MEMORY else _ending(process))
    return None


def _received(progress: Connection) -> int | None:
    with contextlib.suppress(EOFError, OSError):
        return int(progress.recv())
    return None


def _ending(process: Any) -> str:
    process.join(5)
    code = process.exitcode
    return f"killed by {signal.Signals(-code).name}" if code is not None and code < 0 else f"ended with code {code}"


def _run(
    progress: Connection, trial: Trial, kind: type[Event], body: bytes, sha256: str, positions: range, limits: Limits
) -> None:
    """In the subprocess: say of each posting that it was survived."""
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory, limits.memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    progress.send(_READY)
    event = decode(kind, body, sha256)
    for position in positions:
        try:
            trial(with_postings(event, postings_in(event)[position : position + 1]) if is_batch(event) else event)
        except MemoryError:
            progress.send(_OUT_OF_MEMORY)
            return
        except Exception as error:  # noqa: BLE001 - the stage will meet the same error and say what becomes of it
            _log.info("trial_raised", error=repr(error))
        progress.send(position)
