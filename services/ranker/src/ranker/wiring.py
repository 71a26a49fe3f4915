"""Builds the ranker: one context that opens everything it uses and closes it again."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from common.messaging.rule_sets import RuleSets
from common.messaging.session import Session, open_session
from ranker.domain.judges import Judges
from ranker.handlers import RankPostings, RerankCampaign, RescoreCompanies
from ranker.settings import Settings
from ranker.store import PARSERS, RankerStore, load_rules

SERVICE = "ranker"


@dataclass(frozen=True)
class Wiring:
    """What routes reach through `app.state.wiring`."""

    session: Session
    store: RankerStore
    rules: RuleSets[Judges]

    async def check(self) -> None:
        """Raise unless everything the service depends on answers."""
        await self.session.check()


@asynccontextmanager
async def wire(settings: Settings) -> AsyncIterator[Wiring]:
    """Open the session, make the rules ready, then start consuming."""
    rules, store = RuleSets(SERVICE, PARSERS, lambda files: Judges(load_rules(files))), RankerStore()
    async with open_session(SERVICE, settings, rules) as session:
        await rules.current()
        await session.run(RankPostings(store, rules))
        await session.run(RerankCampaign(store, rules))
        await session.run(RescoreCompanies(session.engine, store, rules))
        yield Wiring(session, store, rules)
