"""The delivery worker: takes due deliveries under a lease, sends them, records how it went."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from common.messaging.crash_points import crash_point
from notifier import metrics
from notifier.clients.webhooks import WebhookClient
from notifier.domain.schedule import judge
from notifier.domain.signing import signed_headers
from notifier.store import Due, NotifierStore

#: Deliveries to one endpoint that are under way at the same time; a slow endpoint delays only itself.
PER_ENDPOINT = 2
#: Seconds after which a delivery whose sender has vanished is sent again; more than any attempt takes.
LEASE_SECONDS = 60.0
_PAUSE_AFTER_ERROR = 2.0
#: Seconds that attempts under way have at a stop.
_STOP_SECONDS = 5.0
_log = structlog.get_logger()


class DeliveryWorker:
    """Sends what is due. Several workers share the table; a crash leaves a lease that runs out."""

    def __init__(
        self,
        engine: AsyncEngine,
        store: NotifierStore,
        client: WebhookClient,
        *,
        concurrency: int,
        poll_interval: float,
        random: Callable[[], float] = random.random,
    ) -> None:
        self._engine = engine
        self._store = store
        self._client = client
        self._concurrency = concurrency
        self._poll_interval = poll_interval
        self._random = random
        self._wake = asyncio.Event()
        self._sending: set[asyncio.Task[None]] = set()
        self._loop_task: asyncio.Task[None] | None = None

    def wake(self) -> None:
        """Something may be due: look now."""
        self._wake.set()

    def check(self) -> None:
        """RuntimeError if the worker has stopped."""
        if self._loop_task is None or self._loop_task.done():
            raise RuntimeError("the delivery worker has stopped")

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Work until the context is left; attempts under way may end, but not hold up a stop: their lease runs out."""
        self._loop_task = asyncio.create_task(self._loop())
        try:
            yield
        finally:
            self._loop_task.cancel()
            under_way = {self._loop_task, *self._sending}
            _, late = await asyncio.wait(under_way, timeout=_STOP_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*under_way, return_exceptions=True)

    async def send_due(self) -> int:
        """One round: claim what is due and fits, send it, wait for the results; returns how many were sent."""
        due = await self._claim()
        await asyncio.gather(*(self._send(one) for one in due))
        return len(due)

    async def _loop(self) -> None:
        while True:
            self._wake.clear()
            try:
                due = await self._claim()
            except Exception as error:  # noqa: BLE001 - whatever it is, deliveries must go on once it has passed
                _log.warning("deliveries_wait", error=repr(error))
                await asyncio.sleep(_PAUSE_AFTER_ERROR)
                continue
            for one in due:
                task = asyncio.create_task(self._send(one))
                self._sending.add(task)
                task.add_done_callback(self._sent)
            await self._pause()

    async def _claim(self) -> list[Due]:
        room = self._concurrency - len(self._sending)
        if room <= 0:
            return []
        async with self._engine.begin() as conn:
            return await self._store.claim(conn, room, per_endpoint=PER_ENDPOINT, lease=LEASE_SECONDS)

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(self._poll_interval):
                await self._wake.wait()
        except TimeoutError:
            return

    def _sent(self, task: asyncio.Task[None]) -> None:
        self._sending.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            # The result is not recorded: the lease runs out and the delivery is sent again under the same id.
            _log.error("delivery_not_recorded", error=repr(error))
        self.wake()

    async def _send(self, due: Due) -> None:
        headers = signed_headers(due.secret, due.event_id, due.claimed_at, due.body)
        result = await self._client.post(due.url, headers, due.body)
        crash_point("webhook_after_send_before_record")
        verdict = judge(result, due.attempts, due.failing_for, self._random())
        async with self._engine.begin() as conn:
            await self._store.record(conn, due, result, verdict)
        metrics.SECONDS.observe(result.latency_ms / 1000)
        metrics.ATTEMPTS.labels(verdict.state).inc()
        if verdict.disable:
            metrics.DISABLED.labels(verdict.disable).inc()
        _log.info(
            "webhook_attempted", endpoint_id=str(due.endpoint_id), run_id=due.run_id, attempt=due.attempts,
            status=result.status, error=result.error, state=verdict.state, disable=verdict.disable,
        )  # fmt: skip
