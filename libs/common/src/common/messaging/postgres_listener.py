"""Hears NOTIFY on a connection of its own and wakes who waits for a queue: a hint, polling finds what it misses."""

import asyncio
import contextlib
from collections import defaultdict
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from common.messaging import broker_metrics as metrics
from common.messaging.bounds import ANSWER_SECONDS, bounded
from common.messaging.postgres_store import CHANNEL
from common.messaging.protocol import BrokerUnavailableError

_PROBE_SECONDS = 30.0
_PAUSE = 1.0
_log = structlog.get_logger()


class Listener:
    """Keeps one LISTEN connection, outside the engine's pool, open until closed."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._wakers: defaultdict[str, set[asyncio.Event]] = defaultdict(set)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to listen."""
        self._task = asyncio.create_task(self._supervise(), name="broker listener")

    async def close(self) -> None:
        """Stop listening."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
            self._task = None

    def add(self, queue: str, wake: asyncio.Event) -> None:
        """Set `wake` whenever the queue got something."""
        self._wakers[queue].add(wake)

    def remove(self, queue: str, wake: asyncio.Event) -> None:
        """No longer."""
        self._wakers[queue].discard(wake)

    async def _supervise(self) -> None:
        while True:
            try:
                await self._listen()
            except Exception as error:  # noqa: BLE001 - it must not die in silence: it tries again and says why
                _log.warning("broker_listener_lost", error=repr(error))
            metrics.RECONNECTS.labels("listener").inc()
            await asyncio.sleep(_PAUSE)

    async def _listen(self) -> None:
        """Listen until the connection is lost."""
        conn = await bounded(self._engine.connect(), ANSWER_SECONDS, "connect to listen")
        try:
            driver: Any = (await conn.get_raw_connection()).driver_connection
            # Out of the pool: it stays open for as long as we do, and the pool is for the work.
            await conn.run_sync(lambda sync: sync.detach())
            lost = asyncio.Event()
            driver.add_termination_listener(lambda _: lost.set())
            await bounded(driver.add_listener(CHANNEL, self._heard), ANSWER_SECONDS, "listen")
            for wakers in self._wakers.values():
                for wake in wakers:
                    wake.set()
            await self._until_lost(driver, lost)
        finally:
            with contextlib.suppress(BrokerUnavailableError):
                await bounded(
                    conn.close(), ANSWER_SECONDS, "close the listening connection", (SQLAlchemyError, OSError)
                )

    async def _until_lost(self, driver: Any, lost: asyncio.Event) -> None:
        while True:
            try:
                async with asyncio.timeout(_PROBE_SECONDS):
                    await lost.wait()
                    raise BrokerUnavailableError("the listening connection was closed")
            except TimeoutError:
                await bounded(driver.execute("SELECT 1"), ANSWER_SECONDS, "probe the listening connection")

    def _heard(self, _connection: object, _pid: int, _channel: str, queue: object) -> None:
        for wake in self._wakers.get(str(queue), ()):
            wake.set()
