"""Work that a service does again and again beside its messages."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from common.messaging.health import is_infrastructure, until_healthy
from common.messaging.session import Session

_log = structlog.get_logger()


async def repeat(
    session: Session, name: str, work: Callable[[], Awaitable[object]], seconds: float, *,
    woken: asyncio.Event | None = None, soon: float | None = None,
) -> None:  # fmt: skip
    """Work every so many seconds; a database or broker that is away is waited for, any other error is raised.

    `woken` makes it work at once and then after pauses that double from `soon` seconds: what is to be found may be
    committed a moment later.
    """
    woken, soon = woken or asyncio.Event(), soon or seconds
    pause = seconds
    while True:
        try:
            async with asyncio.timeout(pause):
                await woken.wait()
            woken.clear()
            pause = soon
        except TimeoutError:
            pause = min(seconds, 2 * pause)
        try:
            await work()
        except Exception as error:
            if not is_infrastructure(error):
                raise
            _log.warning("repeated_work_waits_for_infrastructure", work=name, error=repr(error))
            await until_healthy(session.engine, session.broker)
            pause = soon
