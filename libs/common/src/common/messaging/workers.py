"""Runs a handler on batches of deliveries in tasks of our own, so that no broker library can cancel or stall it."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Iterable
from typing import Protocol

import structlog

from common.messaging.protocol import BrokerUnavailableError, Delivery, Handler

#: Seconds a batch that is not full waits for more.
LINGER_SECONDS = 0.02
#: Seconds before a delivery that its handler did not end goes back to the queue: no hot loop of redeliveries.
RELEASE_PAUSE_SECONDS = 1.0
#: Seconds a cancelled handler may take to end.
CANCEL_SECONDS = 2.0

_log = structlog.get_logger()


class EndedDelivery(Delivery, Protocol):
    """A delivery that knows whether one of its four verbs was called and went through."""

    @property
    def ended(self) -> bool: ...


class Workers:
    """`concurrency` tasks that take batches from a buffer; the broker's prefetch is what bounds the buffer."""

    def __init__(self, queue: str, handler: Handler, *, concurrency: int, batch: int) -> None:
        self._queue = queue
        self._handler = handler
        self._batch = batch
        self._waiting: deque[EndedDelivery] = deque()
        self._arrived = asyncio.Event()
        self._stopping = asyncio.Event()
        self._running: set[asyncio.Task[None]] = set()
        self._tasks = [asyncio.create_task(self._work(), name=f"{queue} worker {n}") for n in range(concurrency)]

    def put(self, deliveries: Iterable[EndedDelivery]) -> None:
        """Hand over what the broker delivered."""
        self._waiting.extend(deliveries)
        self._arrived.set()

    def take_waiting(self) -> list[EndedDelivery]:
        """Take back what no handler has seen yet."""
        waiting = list(self._waiting)
        self._waiting.clear()
        return waiting

    async def stop(self, grace: float) -> list[EndedDelivery]:
        """Let running handlers end for up to `grace` seconds, cancel the rest; returns what no handler has seen."""
        self._stopping.set()
        self._arrived.set()
        waiting = self.take_waiting()
        if self._running:
            await asyncio.wait(self._running, timeout=grace)
        for task in self._running:
            task.cancel()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=CANCEL_SECONDS)
            for task in late:
                _log.error("handler_ignores_cancellation", queue=self._queue)
                task.cancel()
        return waiting

    async def _work(self) -> None:
        while not self._stopping.is_set():
            if batch := await self._next_batch():
                await self._handle(batch)

    async def _next_batch(self) -> list[EndedDelivery]:
        """Up to `batch` deliveries, after `LINGER_SECONDS` fewer; none when stopping or another worker was faster."""
        while not self._waiting and not self._stopping.is_set():
            self._arrived.clear()
            await self._arrived.wait()
        deadline = asyncio.get_running_loop().time() + LINGER_SECONDS
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(deadline):
                while 0 < len(self._waiting) < self._batch and not self._stopping.is_set():
                    self._arrived.clear()
                    await self._arrived.wait()
        return [self._waiting.popleft() for _ in range(min(self._batch, len(self._waiting)))]

    async def _handle(self, batch: list[EndedDelivery]) -> None:
        """One call of the handler, in a task of its own: its end, even by a stray cancellation, is not ours."""
        task = asyncio.create_task(self._call(list(batch)), name=f"{self._queue} handler")
        self._running.add(task)
        try:
            await asyncio.wait({task})
        finally:
            task.cancel()
            self._running.discard(task)
        error = None if task.cancelled() else task.exception()
        left = [delivery for delivery in batch if not delivery.ended]
        if left:
            say = _log.info if self._stopping.is_set() else _log.error  # a stop ends handlers that only wait
            say("deliveries_not_ended", queue=self._queue, count=len(left), error=repr(error), exc_info=error)
            await self._release(left)

    async def _call(self, batch: list[Delivery]) -> None:
        await self._handler(batch)

    async def _release(self, deliveries: list[EndedDelivery]) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(RELEASE_PAUSE_SECONDS):
                await self._stopping.wait()
        for delivery in deliveries:
            try:
                await delivery.release()
            except BrokerUnavailableError as error:
                # Not given back by us, so by the broker: on a closed channel at once, on a lease when it expires.
                _log.warning("release_failed", queue=self._queue, error=str(error))
