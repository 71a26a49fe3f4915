"""Awaits that end in time, whatever a client library does while it is being cancelled."""

import asyncio
from collections.abc import Awaitable, Coroutine
from typing import Any, TypeVar

import structlog

from common.messaging.protocol import BrokerUnavailableError

#: Seconds after which every await on a broker has ended: a little under the 10 that are promised.
LIMIT_SECONDS = 9.5
#: Seconds for one answer of a broker: a publish, a declare, a check.
ANSWER_SECONDS = 5.0
#: Seconds for the answer to a check: two that fail in a row are known within 10 s.
CHECK_SECONDS = 3.5
#: Seconds for a farewell: what is not said is known to the broker when the connection is gone.
LEAVE_SECONDS = 2.0

T = TypeVar("T")
_log = structlog.get_logger()
_background: set[asyncio.Task[Any]] = set()


async def bounded(work: Awaitable[T], seconds: float, doing: str, unavailable: tuple[type[Exception], ...] = ()) -> T:
    """The result of `work`; BrokerUnavailableError after `seconds`, on a lost connection and on `unavailable` errors.

    Work that is late is cancelled but not waited for: aiormq and asyncpg both talk to the server while they are
    cancelled, so that `asyncio.timeout` would end only when a frozen server thaws.
    """
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait({task}, timeout=seconds)
    except asyncio.CancelledError:
        _abandon(task)
        raise
    if not task.done():
        _abandon(task)
        raise BrokerUnavailableError(f"{doing}: no answer within {seconds:g} s")
    if task.cancelled():  # nobody cancelled us: aiormq says so when the connection closes under a call
        raise BrokerUnavailableError(f"{doing}: connection lost")
    error = task.exception()
    # aiormq fails what waits on a channel that closes without a reason with `Exception` itself.
    if isinstance(error, unavailable) or type(error) is Exception:
        raise BrokerUnavailableError(f"{doing}: {error!r}") from error
    if error is not None:
        raise error
    return task.result()


def in_background(work: Coroutine[Any, Any, object], doing: str) -> None:
    """Run `work` to its end without waiting; a failure is logged."""

    async def run() -> None:
        try:
            await work
        except Exception as error:  # noqa: BLE001 - the caller has gone on, the log is the only place left
            _log.warning("background_work_failed", doing=doing, error=repr(error))

    _keep(asyncio.ensure_future(run()))


def _abandon(task: asyncio.Future[Any]) -> None:
    task.cancel()
    if isinstance(task, asyncio.Task):
        _keep(task)


def _keep(task: asyncio.Task[Any]) -> None:
    """Hold a reference until the task ends, and read its result so that nothing is logged as never retrieved."""
    _background.add(task)

    def ended(done: asyncio.Task[Any]) -> None:
        _background.discard(done)
        if not done.cancelled():
            done.exception()

    task.add_done_callback(ended)
