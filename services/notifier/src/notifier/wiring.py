"""Builds the notifier: one context that opens everything it uses and closes it again."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from common.messaging.session import Session, open_session
from notifier.clients.webhooks import WebhookClient
from notifier.handlers import AnnounceRun, AnnounceSlaMissed, DeliveryWorker
from notifier.settings import Settings
from notifier.store import NotifierStore

SERVICE = "notifier"


@dataclass(frozen=True)
class Wiring:
    """What routes reach through `app.state.wiring`."""

    session: Session
    store: NotifierStore
    client: WebhookClient
    worker: DeliveryWorker

    async def check(self) -> None:
        """Raise unless everything the service depends on answers."""
        self.worker.check()
        await self.session.check()


@asynccontextmanager
async def wire(settings: Settings) -> AsyncIterator[Wiring]:
    """Open session and client, then start consuming and delivering."""
    client = WebhookClient(allow_private=settings.allow_private, timeout=settings.webhook_timeout)
    store = NotifierStore()
    try:
        async with open_session(SERVICE, settings) as session:
            worker = DeliveryWorker(
                session.engine, store, client,
                concurrency=settings.webhook_concurrency, poll_interval=settings.webhook_poll_interval,
            )  # fmt: skip
            async with worker.running():
                await session.run(AnnounceRun(store, gateway_url=settings.gateway_url))
                await session.run(AnnounceSlaMissed(store, gateway_url=settings.gateway_url))
                yield Wiring(session, store, client, worker)
    finally:
        await client.close()
