"""Whether a service is ready: asked in the background, with hysteresis, so that `/readyz` answers from memory."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import structlog
from prometheus_client import Gauge

from common.messaging.bounds import bounded

#: Seconds between the starts of two checks; half of it while something is wrong.
INTERVAL_SECONDS = 2.0
#: Seconds after which a check that has not ended counts as failed; what it asks gives up a little earlier.
LIMIT_SECONDS = 4.0
#: Results in a row that turn ready into not ready, and back.
TURN = 2
READY = Gauge("posthorn_ready", "1 while the service is ready.", ["service"])
_log = structlog.get_logger()

Check = Callable[[], Awaitable[None]]


class Readiness:
    """The state of one service. The first result decides alone, after it two in a row."""

    def __init__(self, service: str) -> None:
        self._service = service
        self._against: int | None = None
        self._ready = False
        self._problem = "it has just started"
        READY.labels(service).set(0)

    @property
    def problem(self) -> str | None:
        """What keeps the service from being ready, in words; None when it is."""
        return None if self._ready else self._problem

    def note(self, problem: str | None) -> None:
        """Take one result into account: a problem, or None."""
        if problem is not None:
            self._problem = problem
        if (problem is None) == self._ready:
            self._against = 0
            return
        self._against = TURN if self._against is None else self._against + 1
        if self._against >= TURN:
            self._turn(problem is None)

    @contextlib.asynccontextmanager
    async def watching(self, check: Check, *, interval: float = INTERVAL_SECONDS) -> AsyncIterator[None]:
        """Check once, then for the duration of the context; `check` raises what is wrong."""
        await self._look(check)
        async with asyncio.TaskGroup() as group:
            task = group.create_task(self._run(check, interval), name=f"{self._service} readiness")
            try:
                yield
            finally:
                task.cancel()
                self._problem, self._ready = "it is stopping", False
                READY.labels(self._service).set(0)

    def _turn(self, ready: bool) -> None:
        self._ready, self._against = ready, 0
        READY.labels(self._service).set(ready)
        if ready:
            _log.info("service_ready", service=self._service)
        else:
            _log.warning("service_not_ready", service=self._service, problem=self._problem)

    async def _run(self, check: Check, interval: float) -> None:
        loop = asyncio.get_running_loop()
        while True:
            started = loop.time()
            await self._look(check)
            pause = interval if self._ready and not self._against else interval / 2
            await asyncio.sleep(max(0.0, started + pause - loop.time()))

    async def _look(self, check: Check) -> None:
        try:
            await bounded(check(), LIMIT_SECONDS, "check")
        except Exception as error:  # noqa: BLE001 - any failure means not ready, and is told
            self.note(str(error) or repr(error))
        else:
            self.note(None)
