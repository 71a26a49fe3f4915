"""Builds the extractor: one context that opens everything it uses and closes it again."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from common.messaging.session import Session, open_session
from common.storage import ObjectStore
from extractor.clients.archive import Archive
from extractor.clients.providers import Providers
from extractor.handlers import FetchPage, StartRun
from extractor.settings import Settings
from extractor.store import SourceStore

SERVICE = "extractor"


@dataclass(frozen=True)
class Wiring:
    """What routes reach through `app.state.wiring`."""

    session: Session
    store: SourceStore
    archive: Archive

    async def check(self) -> None:
        """Raise unless everything the service depends on answers."""
        await self.session.check()


@asynccontextmanager
async def wire(settings: Settings) -> AsyncIterator[Wiring]:
    """Open archive, clients and session, then start consuming."""
    archive = Archive(ObjectStore.from_url(settings.archive_url), settings.bronze_prefix)
    providers, store = Providers(), SourceStore()
    try:
        async with open_session(SERVICE, settings) as session:
            fetch = FetchPage(archive=archive, providers=providers, store=store, max_attempts=settings.max_attempts)
            await session.run(StartRun())
            await session.run(fetch, settings.fetch_concurrency)
            yield Wiring(session, store, archive)
    finally:
        await providers.close()
