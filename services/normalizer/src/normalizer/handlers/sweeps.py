"""A feed was read to its end: noted, to be judged once all its postings are here."""

import asyncio
import uuid
from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from common.contracts import FeedSwept, Headers
from common.messaging.errors import PermanentError
from common.messaging.unit import Finished, Stage
from normalizer.store.sweeps import SweepStore


class NoteSweep(Stage[FeedSwept, None]):
    """Side work: a run does not wait for what its reads close."""

    event = FeedSwept
    queue = "normalizer.sweeps"
    trial = None

    def __init__(
        self, sweeps: SweepStore, woken: asyncio.Event, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        """`woken` wakes whoever judges reads."""
        self._sweeps = sweeps
        self._woken = woken
        self._now = now

    async def prepare(self, headers: Headers, event: FeedSwept) -> None:
        """The key is checked: it comes from elsewhere."""
        try:
            uuid.UUID(event.sweep_id)
        except ValueError as error:
            raise PermanentError("bad_sweep_id", str(error)) from error

    async def apply(self, conn: AsyncConnection, headers: Headers, event: FeedSwept, prepared: None) -> Finished:
        """Store what was told."""
        await self._sweeps.told(conn, event, headers.run_id, self._now())
        self._woken.set()
        return Finished()
