"""A missed deadline becomes one delivery for each endpoint that asked for it."""

from sqlalchemy.ext.asyncio import AsyncConnection

from common.contracts import Headers, RunSlaMissed
from common.messaging.unit import Finished
from notifier.domain.message import run_sla_missed
from notifier.store import NotifierStore


class AnnounceSlaMissed:
    """Writes deliveries; sending them is the worker's business."""

    event = RunSlaMissed
    queue = "notifier.alarms"
    trial = None

    def __init__(self, store: NotifierStore, *, gateway_url: str) -> None:
        self._store = store
        self._gateway_url = gateway_url

    async def prepare(self, headers: Headers, event: RunSlaMissed) -> bytes:
        """The message."""
        return run_sla_missed(event, self._gateway_url)

    async def apply(self, conn: AsyncConnection, headers: Headers, event: RunSlaMissed, prepared: bytes) -> Finished:
        """One delivery an endpoint, however often the event arrives."""
        await self._store.announce(
            conn, headers.event_id, "run.sla_missed", prepared, run_id=event.run_id, campaign_id=event.campaign_id
        )
        return Finished()
