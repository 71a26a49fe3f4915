"""Builds the enricher: one context that opens everything it uses and closes it again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from common.messaging.rule_sets import RuleSets
from common.messaging.session import Session, open_session
from enricher.domain.enrich import Enricher
from enricher.handlers import EnrichPostings, reader_of, shipped_rules
from enricher.settings import Settings
from enricher.store.enrichments import EnrichmentStore
from enricher.store.rule_files import PARSERS

SERVICE = "enricher"


@dataclass(frozen=True)
class Wiring:
    """What routes reach through `app.state.wiring`."""

    session: Session
    store: EnrichmentStore
    rules: RuleSets[Enricher]

    async def check(self) -> None:
        """Raise unless everything the service depends on answers and the rules are ready."""
        await self.rules.current()
        await self.session.check()


@asynccontextmanager
async def wire(settings: Settings) -> AsyncIterator[Wiring]:
    """Check the rules, open the session, start consuming; the readers get ready meanwhile (spaCy takes a second)."""
    await asyncio.to_thread(shipped_rules)
    rules = RuleSets(SERVICE, PARSERS, reader_of)
    async with open_session(SERVICE, settings, rules) as session:
        wiring = Wiring(session, EnrichmentStore(), rules)
        await session.run(EnrichPostings(session.engine, wiring.store, rules))
        yield wiring
