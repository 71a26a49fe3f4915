"""The suspect lane: what a process held when it died is tried by a judge apart, posting by posting."""

import asyncio
import contextlib
import multiprocessing

from common.contracts import Event, encode, is_batch, postings_in
from common.messaging.judge import Case, Judge, Killer, Limits, Trial, give_back, serve_cases, take_ready

#: Seconds in which a judge that was not kept ready imports its modules and reads its rules.
_START_SECONDS = 120.0
#: A fresh subprocess from a server that has the modules loaded; unlike a fork of ours it inherits no threads.
_context = multiprocessing.get_context("forkserver")


class SuspectLane:
    """One trial at a time in this process, so that nothing that is tried can harm another."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._alone = asyncio.Lock()

    async def killers(self, trial: Trial, event: Event) -> list[Killer]:
        """Those in the event that end a process; RuntimeError if nothing can be tried."""
        count = len(postings_in(event)) if is_batch(event) else 1
        seconds = _START_SECONDS + (2 * count + 1) * self._limits.patience * self._limits.seconds
        case = Case(trial, type(event), *encode(event), self._limits)
        async with self._alone:
            ready = take_ready()
            judge = await asyncio.to_thread(_summoned) if ready is None else ready
            verdict = None
            try:
                verdict = await asyncio.to_thread(_verdict, judge, case, seconds)
            finally:
                if ready is not None and verdict is not None:
                    give_back(ready)
                else:
                    judge.dismiss()  # ends the thread that waits, too, where we were cancelled
        if verdict is None:
            raise RuntimeError("the judge of the suspect lane gives no answer")
        return verdict


def _verdict(judge: Judge, case: Case, seconds: float) -> list[Killer] | None:
    with contextlib.suppress(EOFError, OSError):
        judge.line.send(case)
        if judge.line.poll(seconds):
            verdict: list[Killer] = judge.line.recv()
            return verdict
    return None


def _summoned() -> Judge:
    """A judge where none was kept ready."""
    ours, theirs = _context.Pipe()
    process = _context.Process(target=serve_cases, args=(theirs,), daemon=True)
    process.start()
    theirs.close()
    assert process.pid is not None  # noqa: S101 - it has been started
    return Judge(process.pid, ours)
