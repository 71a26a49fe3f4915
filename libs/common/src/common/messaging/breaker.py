"""The breaker of a stage: a bad deploy must not drain a queue into quarantine (arroyo's DlqLimit)."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from common.telemetry import metrics

#: Units that fail for good one after the other until the stage stops.
CONSECUTIVE = 50
#: The stage stops as well when more than `SHARE` of the last `WINDOW` units failed for good.
WINDOW, SHARE = 1000, 0.10
#: Seconds between two units that are tried while the breaker is open.
TRY_SECONDS = 60.0
_log = structlog.get_logger()


class Breaker:
    """Closed: everybody goes on. Open: one unit every `TRY_SECONDS` does; the first that passes closes it."""

    def __init__(self, stage: str) -> None:
        self._stage = stage
        self._in_a_row = 0
        self._last: deque[bool] = deque(maxlen=WINDOW)
        self._closed = asyncio.Event()
        self._closed.set()
        self._trying = asyncio.Lock()
        metrics.BREAKER_OPEN.labels(stage).set(0)

    @property
    def open(self) -> bool:
        """Whether the stage has stopped: what fails now is not to be quarantined."""
        return not self._closed.is_set()

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Enter to work on a unit; waits while the breaker is open and it is not this unit's turn to be tried."""
        if not self.open:
            yield
            return
        async with self._trying:
            try:
                async with asyncio.timeout(TRY_SECONDS):
                    await self._closed.wait()
            except TimeoutError:
                _log.info("breaker_tries", stage=self._stage)
            yield

    def passed(self) -> None:
        """A unit went through."""
        self._in_a_row = 0
        self._last.append(True)
        if self.open:
            self._closed.set()
            self._last.clear()
            metrics.BREAKER_OPEN.labels(self._stage).set(0)
            _log.warning("breaker_closed", stage=self._stage)

    def failed(self) -> None:
        """A unit failed for good by our own doing, and was set aside."""
        self._in_a_row += 1
        self._last.append(False)
        failed = self._last.count(False)
        if self.open or not (self._in_a_row >= CONSECUTIVE or failed > WINDOW * SHARE):
            return
        self._closed.clear()
        metrics.BREAKER_OPEN.labels(self._stage).set(1)
        _log.error(
            "breaker_opened", stage=self._stage, in_a_row=self._in_a_row, of_the_last=len(self._last), failed=failed
        )
