"""Builds the enricher: one context that opens everything it uses and closes it again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from common.messaging.session import Session, open_session
from enricher.domain.enrich import Enricher
from enricher.handlers import EnrichPostings, reader, shipped_rules
from enricher.settings import Settings
from enricher.store.enrichments import EnrichmentStore

SERVICE = "enricher"


@dataclass(frozen=True)
class Wiring:
    """What routes reach through `app.state.wiring`."""

    session: Session
    store: EnrichmentStore
    building: "asyncio.Task[Enricher]"

    async def enricher(self) -> Enricher:
        """The rules, ready to read with; waits while they are being made ready."""
        return await asyncio.shield(self.building)

    async def check(self) -> None:
        """Raise unless everything the service depends on answers and the rules are ready."""
        await self.enricher()
        await self.session.check()


@asynccontextmanager
async def wire(settings: Settings) -> AsyncIterator[Wiring]:
    """Check the rules, open the session, start consuming; the readers get ready meanwhile (spaCy takes a second)."""
    await asyncio.to_thread(shipped_rules)
    async with open_session(SERVICE, settings) as session:
        wiring = Wiring(session, EnrichmentStore(), asyncio.create_task(asyncio.to_thread(reader)))
        await session.run(EnrichPostings(session.engine, wiring.store, wiring.enricher))
        yield wiring
