"""Ends a process whose event loop is blocked: it neither works nor answers, and nothing inside it could say so."""

import asyncio
import contextlib
import faulthandler
import signal
from collections.abc import AsyncIterator


@contextlib.asynccontextmanager
async def stall_watch(seconds: float, processor_seconds: float) -> AsyncIterator[None]:
    """Within, a loop blocked so long ends the process with the stacks of all threads on stderr; 0: never.

    By the clock for `seconds`, or while the process used `processor_seconds`: an endless loop does that much sooner,
    and a busy machine or a freeze does not. Both run outside of Python, so that they also end a loop that holds the
    GIL. One watch a process.
    """
    faulthandler.register(signal.SIGPROF, chain=True)
    task = asyncio.create_task(_beat(seconds, processor_seconds), name="stall watch")
    try:
        yield
    finally:
        task.cancel()
        faulthandler.cancel_dump_traceback_later()
        signal.setitimer(signal.ITIMER_PROF, 0)
        faulthandler.unregister(signal.SIGPROF)


async def _beat(seconds: float, processor_seconds: float) -> None:
    """Wind up both clocks, again and again; faulthandler refuses 0 seconds, a timer takes it as never."""
    while True:
        if seconds:
            faulthandler.dump_traceback_later(seconds, exit=True)
        signal.setitimer(signal.ITIMER_PROF, processor_seconds)
        await asyncio.sleep(min(1.0, (seconds or 4) / 4, (processor_seconds or 4) / 4))
