"""A consumer of one queue in PostgreSQL: claims under a lease, renews it while a handler runs."""

import asyncio
import contextlib
import uuid

import msgspec
import structlog

from common.contracts import Headers
from common.messaging import broker_metrics as metrics
from common.messaging.bounds import ANSWER_SECONDS, in_background
from common.messaging.foreign import foreign_headers
from common.messaging.postgres_acks import Acknowledger
from common.messaging.postgres_delivery import PostgresDelivery
from common.messaging.postgres_listener import Listener
from common.messaging.postgres_store import Held, MessageStore
from common.messaging.protocol import DEAD, BrokerUnavailableError
from common.messaging.workers import Workers

#: Seconds between two looks at a queue of which nothing was heard.
POLL_SECONDS = 1.0
_log = structlog.get_logger()


class PostgresSubscription:
    """Feeds workers from the queue until cancelled."""

    def __init__(
        self,
        queue: str,
        workers: Workers,
        store: MessageStore,
        acknowledger: Acknowledger,
        listener: Listener,
        *,
        prefetch: int,
        lease_seconds: float,
    ) -> None:
        self._queue = queue
        self._workers = workers
        self._store = store
        self._acknowledger = acknowledger
        self._listener = listener
        self._prefetch = prefetch
        self._lease_seconds = lease_seconds
        self._held: set[Held] = set()
        self._heard = asyncio.Event()
        self._room = asyncio.Event()
        self._stopping = False
        self._claiming = False
        self._fetching: asyncio.Task[None] | None = None
        self._renewing: asyncio.Task[None] | None = None

    @property
    def queue(self) -> str:
        """What it consumes."""
        return self._queue

    @property
    def attached(self) -> bool:
        """Whether the last claim was answered and more will follow."""
        return self._claiming and self._fetching is not None and not self._fetching.done()

    async def start(self) -> None:
        """Begin to claim; BrokerUnavailableError when the table is not there or the database away."""
        await self._store.check(ANSWER_SECONDS)
        self._claiming = True
        self._listener.add(self._queue, self._heard)
        self._fetching = asyncio.create_task(self._fetch(), name=f"{self._queue} consumer")
        self._renewing = asyncio.create_task(self._renew(), name=f"{self._queue} leases")
        metrics.CONSUMING.labels(self._queue).inc()

    async def cancel(self, grace: float = 20.0) -> None:
        """Stop taking messages, wait up to `grace` seconds for running handlers, release the rest."""
        if self._fetching is None or self._renewing is None:
            return
        deadline = asyncio.get_running_loop().time() + grace
        self._stopping = True
        self._listener.remove(self._queue, self._heard)
        self._heard.set()
        self._room.set()
        # Not cancelled at once: a claim under way would leave its messages to the end of their lease.
        await asyncio.wait({self._fetching}, timeout=ANSWER_SECONDS)
        self._fetching.cancel()
        await self._workers.stop(max(0.0, deadline - asyncio.get_running_loop().time()))
        self._renewing.cancel()
        self._fetching = self._renewing = None
        metrics.CONSUMING.labels(self._queue).dec()
        if self._held:
            try:
                await self.release(list(self._held))
            except BrokerUnavailableError as error:
                _log.warning("release_failed", queue=self._queue, error=str(error))

    def acknowledge(self, held: Held) -> None:
        """The message is done."""
        self._acknowledger.add(held)
        self._forget([held], "acked")

    async def retry(self, held: Held, delay: float, attempt: int) -> None:
        """Again after `delay` seconds."""
        await self._store.retry(held, delay, attempt)
        self._forget([held], "retried")

    async def park(self, held: Held, reason: str) -> None:
        """Into the dead-letter queue."""
        await self._store.park(held, reason)
        self._forget([held], "dead")

    async def release(self, held: list[Held]) -> None:
        """Back to the queue; where the database does not answer, when the lease ends."""
        self._forget(held, "released")
        await self._store.release(held)

    def _forget(self, held: list[Held], result: str) -> None:
        self._held.difference_update(held)
        self._room.set()
        metrics.DELIVERIES.labels(self._queue, result).inc(len(held))

    async def _fetch(self) -> None:
        while not self._stopping:
            room = self._prefetch - len(self._held)
            if room < max(1, self._prefetch // 2):
                self._room.clear()
                await self._room.wait()
                continue
            self._heard.clear()
            if await self._claim(room) < room:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(POLL_SECONDS):
                        await self._heard.wait()

    async def _claim(self, most: int) -> int:
        """Hand up to `most` messages to the workers; none while the database is away."""
        lease = uuid.uuid4()
        try:
            rows = await self._store.claim(self._queue, most, lease, self._lease_seconds)
        except Exception as error:  # noqa: BLE001 - a consumer must not die in silence: it tries again and says why
            _log.warning("claim_failed", queue=self._queue, error=repr(error))
            self._claiming = False
            return 0
        self._claiming = True
        for row in rows:
            try:
                headers = msgspec.convert(row.headers, Headers)
            except msgspec.ValidationError as error:
                if self._queue.endswith(DEAD):
                    self._held.add((row.id, lease))
                    self._workers.put([PostgresDelivery(row, lease, foreign_headers(str(row.id), row.body), self)])
                    continue
                _log.error("foreign_message", queue=self._queue, id=row.id, error=str(error))
                in_background(
                    self._park_foreign((row.id, lease), f"{error}; headers {row.headers!r}"), "park a foreign message"
                )
                continue
            self._held.add((row.id, lease))
            self._workers.put([PostgresDelivery(row, lease, headers, self)])
        return len(rows)

    async def _park_foreign(self, held: Held, error: str) -> None:
        await self._store.park(held, f"foreign: {error}")
        metrics.DELIVERIES.labels(self._queue, "foreign").inc()

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(self._lease_seconds / 3)
            if self._held:
                try:
                    await self._store.renew(list(self._held), self._lease_seconds)
                except Exception as error:  # noqa: BLE001 - as above; until it works the leases run on
                    _log.warning("renew_failed", queue=self._queue, error=repr(error))
