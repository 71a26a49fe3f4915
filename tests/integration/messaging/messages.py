"""Messages and handlers for the broker suite."""

import asyncio
import hashlib
import time
import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from common.contracts import Headers
from common.messaging.protocol import Delivery, Outgoing

#: The queue most tests use and the event that leads to it.
QUEUE = "normalizer.postings"
EVENT = "postings.collected.v1"
#: Seconds within which anything expected has come on a slow machine.
PATIENCE = 20.0


def message(unit: str, event_type: str = EVENT, body: bytes = b"body", event_id: str | None = None) -> Outgoing:
    """A message known by its unit."""
    headers = Headers(
        event_id=event_id or str(uuid.uuid4()),
        event_type=event_type,
        run_id="run",
        unit_id=unit,
        stage="normalize",
        first_at=datetime(2026, 11, 21, 7, 30, 0, 123456, tzinfo=UTC),
        sha256=hashlib.sha256(body).hexdigest(),
        campaign_id="campaign",
        postings=3,
        traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    )
    return Outgoing(headers, body)


def messages(*units: str) -> list[Outgoing]:
    return [message(unit) for unit in units]


class Seen:
    """A handler that notes each delivery and ends it as told; `take` waits for the next ones."""

    def __init__(self, end: Callable[[Delivery], Awaitable[None]] | None = None) -> None:
        self._end = end
        self._queue: asyncio.Queue[tuple[float, Delivery]] = asyncio.Queue()
        self.batches: list[int] = []

    async def __call__(self, deliveries: list[Delivery]) -> None:
        self.batches.append(len(deliveries))
        for delivery in deliveries:
            self._queue.put_nowait((time.monotonic(), delivery))
        for delivery in deliveries:
            await (self._end(delivery) if self._end else delivery.ack())

    async def take(self) -> Delivery:
        return (await self.timed())[1]

    async def timed(self) -> tuple[float, Delivery]:
        async with asyncio.timeout(PATIENCE):
            return await self._queue.get()

    async def units(self, count: int) -> list[str]:
        return [(await self.take()).headers.unit_id for _ in range(count)]

    @property
    def empty(self) -> bool:
        return self._queue.empty()
