"""Watches the deadlines of scheduled runs, in every gateway: also where the scheduler is off or stands still."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime

import structlog

from common.contracts import RunSlaMissed
from common.messaging.relay import send_now
from common.messaging.repeating import repeat
from common.messaging.session import Session
from gateway.metrics import OVERDUE_SLOT, SLA_MISSED
from gateway.store.sla import SlaStore

_LOOK_SECONDS = 30.0
_log = structlog.get_logger()


def sound(events: Sequence[RunSlaMissed]) -> None:
    """What was found missed goes to log and metrics, once it is committed."""
    for event in events:
        SLA_MISSED.labels(event.reason).inc()
        _log.warning(
            "sla_missed", run_id=event.run_id, campaign_id=event.campaign_id, reason=event.reason,
            slot_at=event.slot_at.isoformat(), sla_at=event.sla_at.isoformat(), schedule=event.schedule,
        )  # fmt: skip


class SlaWatch:
    """Several gateways share the work: what one has locked the others skip."""

    def __init__(self, session: Session, store: SlaStore) -> None:
        self._session = session
        self._store = store

    async def look(self, now: datetime) -> int:
        """Report what has missed its deadline since the last look; returns how many slots."""
        session = self._session
        async with session.engine.begin() as conn:
            OVERDUE_SLOT.set(await self._store.overdue(conn, now))
            events = await self._store.late(conn, now) + await self._store.not_started(conn, now)
            messages = await self._store.announce(conn, events, now)
        sound(events)
        await send_now(session.broker, session.engine, session.outbox, messages)
        return len(events)

    @contextlib.asynccontextmanager
    async def running(self, now: Callable[[], datetime]) -> AsyncIterator[None]:
        """Look for the duration of the context; a watch that fails ends the process loudly."""
        async with asyncio.TaskGroup() as group:
            task = group.create_task(repeat(self._session, "deadlines", lambda: self.look(now()), _LOOK_SECONDS))
            try:
                yield
            finally:
                task.cancel()
