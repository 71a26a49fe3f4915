"""Builds the enricher: one context that opens everything it uses and closes it again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from common.messaging.session import Session, open_session
from enricher.domain.enrich import Enricher
from enricher.domain.rules import Rules
from enricher.handlers import EnrichPostings
from enricher.settings import Settings
from enricher.store.enrichments import EnrichmentStore
from enricher.store.rule_files import load_rules

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


def _ready(rules: Rules) -> Enricher:
    return Enricher(rules).get_ready()


@asynccontextmanager
async def wire(settings: Settings) -> AsyncIterator[Wiring]:
    """Check the rules, open the session, start consuming; the readers get ready meanwhile (spaCy takes a second)."""
    rules = await asyncio.to_thread(load_rules)
    async with open_session(SERVICE, settings) as session:
        wiring = Wiring(session, EnrichmentStore(), asyncio.create_task(asyncio.to_thread(_ready, rules)))
        await session.run(EnrichPostings(session.engine, wiring.store, wiring.enricher))
        yield wiring
