"""Builds the ranker: one context that opens everything it uses and closes it again."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from common.messaging.session import Session, open_session
from ranker.domain.judges import Judges
from ranker.handlers import RankPostings, RerankCampaign, RescoreCompanies
from ranker.settings import Settings
from ranker.store import RankerStore, load_rules

SERVICE = "ranker"


@dataclass(frozen=True)
class Wiring:
    """What routes reach through `app.state.wiring`."""

    session: Session
    store: RankerStore
    judges: Judges

    async def check(self) -> None:
        """Raise unless everything the service depends on answers."""
        await self.session.check()


@asynccontextmanager
async def wire(settings: Settings) -> AsyncIterator[Wiring]:
    """Read the rules, open the session, then start consuming."""
    judges, store = Judges(load_rules()), RankerStore()
    async with open_session(SERVICE, settings) as session:
        await session.run(RankPostings(store, judges))
        await session.run(RerankCampaign(store, judges))
        await session.run(RescoreCompanies(session.engine, store, judges))
        yield Wiring(session, store, judges)
