"""One message leased from PostgreSQL and the four ways to end it."""

import uuid
from typing import Protocol

from common.contracts import Headers
from common.messaging.postgres_store import Claimed, Held


class Holder(Protocol):
    """Who holds the lease and ends it."""

    def acknowledge(self, held: Held) -> None: ...

    async def retry(self, held: Held, delay: float, attempt: int) -> None: ...

    async def park(self, held: Held, reason: str) -> None: ...

    async def release(self, held: list[Held]) -> None: ...


class PostgresDelivery:
    """A leased row; a verb that comes after the lease has passed to somebody else does nothing."""

    __slots__ = ("_body", "_dead_reason", "_ended", "_headers", "_holder", "_redelivered", "held")

    def __init__(self, row: Claimed, lease: uuid.UUID, headers: Headers, holder: Holder) -> None:
        self.held: Held = (row.id, lease)
        self._headers = headers
        self._body = row.body
        self._dead_reason = row.dead_reason
        self._redelivered = row.deliveries > 1
        self._holder = holder
        self._ended = False

    @property
    def headers(self) -> Headers:
        return self._headers

    @property
    def body(self) -> bytes:
        return self._body

    @property
    def redelivered(self) -> bool:
        return self._redelivered

    @property
    def dead_reason(self) -> str:
        return self._dead_reason

    @property
    def ended(self) -> bool:
        return self._ended

    async def ack(self) -> None:
        self._check()
        self._ended = True
        self._holder.acknowledge(self.held)

    async def retry(self, delay: float) -> None:
        self._check()
        await self._holder.retry(self.held, delay, self._headers.attempt + 1)
        self._ended = True

    async def dead(self, reason: str) -> None:
        self._check()
        await self._holder.park(self.held, reason)
        self._ended = True

    async def release(self) -> None:
        self._check()
        self._ended = True
        await self._holder.release([self.held])

    def _check(self) -> None:
        if self._ended:
            raise RuntimeError(f"delivery of {self._headers.event_id} was ended before")
