"""Acknowledgements gathered while the last statement runs: many cost one; like those of AMQP nobody waits for them."""

import asyncio

import structlog

from common.messaging.bounds import LIMIT_SECONDS
from common.messaging.postgres_store import Held, MessageStore
from common.messaging.protocol import BrokerUnavailableError

_PAUSE = 1.0
_log = structlog.get_logger()


class Acknowledger:
    """Deletes what is done; what a crash leaves here is delivered again when its lease ends."""

    def __init__(self, store: MessageStore) -> None:
        self._store = store
        self._waiting: list[Held] = []
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to work."""
        self._task = asyncio.create_task(self._work(), name="acknowledgements")

    def add(self, held: Held) -> None:
        """Delete this message soon."""
        self._waiting.append(held)
        self._idle.clear()
        self._wake.set()

    async def close(self) -> None:
        """Delete what is left, as far as the database answers in time, and stop."""
        if self._task is None:
            return
        try:
            async with asyncio.timeout(LIMIT_SECONDS):
                await self._idle.wait()
        except TimeoutError:
            _log.warning("acknowledgements_lost", count=len(self._waiting))
        self._task.cancel()
        await asyncio.wait({self._task})
        self._task = None

    async def _work(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            batch, self._waiting = self._waiting, []
            try:
                await self._store.delete(batch)
            except BrokerUnavailableError as error:
                _log.warning("acknowledgements_wait", count=len(batch), error=str(error))
                self._waiting = batch + self._waiting
                await asyncio.sleep(_PAUSE)
                self._wake.set()
            if not self._waiting:
                self._idle.set()
