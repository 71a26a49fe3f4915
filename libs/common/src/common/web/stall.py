"""Ends a process whose event loop is blocked: it neither works nor answers, and nothing inside it could say so."""

import asyncio
import contextlib
import faulthandler
from collections.abc import AsyncIterator


@contextlib.asynccontextmanager
async def stall_watch(seconds: float) -> AsyncIterator[None]:
    """Within, a loop blocked for `seconds` ends the process with the stacks of all threads on stderr; 0: never.

    The clock runs outside of Python, so that it also ends a loop that holds the GIL. One watch a process.
    """
    if not seconds:
        yield
        return
    task = asyncio.create_task(_beat(seconds), name="stall watch")
    try:
        yield
    finally:
        task.cancel()
        faulthandler.cancel_dump_traceback_later()


async def _beat(seconds: float) -> None:
    while True:
        faulthandler.dump_traceback_later(seconds, exit=True)
        await asyncio.sleep(min(1.0, seconds / 4))
