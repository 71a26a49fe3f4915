"""A completed run becomes one delivery for each endpoint that asked for it."""

from sqlalchemy.ext.asyncio import AsyncConnection

from common.contracts import Headers, RunCompleted
from common.messaging.unit import Finished
from notifier.domain.message import run_completed
from notifier.store import NotifierStore


class AnnounceRun:
    """Writes deliveries; sending them is the worker's business."""

    event = RunCompleted
    queue = "notifier.runs"
    trial = None

    def __init__(self, store: NotifierStore, *, gateway_url: str) -> None:
        self._store = store
        self._gateway_url = gateway_url

    async def prepare(self, headers: Headers, event: RunCompleted) -> bytes | None:
        """The message; None for a re-rank, which nobody asked to hear of."""
        return None if event.kind == "rerank" else run_completed(event, self._gateway_url)

    async def apply(
        self, conn: AsyncConnection, headers: Headers, event: RunCompleted, prepared: bytes | None
    ) -> Finished:
        """One delivery an endpoint, however often the event arrives."""
        if prepared is not None:
            await self._store.announce(
                conn, headers.event_id, "run.completed", prepared, run_id=event.run_id, campaign_id=event.campaign_id
            )
        return Finished()
