"""The ranker's stages on a fresh database, without a broker."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from common.contracts import Campaign, CampaignChanged, Event, Headers, Job, PostingsEnriched, PostingsRanked
from common.database import create_engine
from common.messaging.unit import Finished
from common.testing.postgres import Database
from ranker.handlers import RankPostings, RerankCampaign
from ranker.store import RankerStore
from tests.support.ranking import AS_OF, judges
from tests.support.rules import FixedRules

HEADERS = Headers(
    event_id="e",
    event_type="t",
    run_id="r",
    unit_id="u",
    stage="rank",
    first_at=datetime(2026, 11, 20, tzinfo=UTC),
    sha256="",
)


@dataclass
class Ranker:
    """Both stages, run as the runner runs them; what they emit is kept in `ranked`."""

    engine: AsyncEngine
    store: RankerStore = field(default_factory=RankerStore)
    ranked: list[PostingsRanked] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rank = RankPostings(self.store, FixedRules(judges()))
        self.rerank = RerankCampaign(self.store, FixedRules(judges()))

    async def jobs(self, *jobs: Job, conn: AsyncConnection | None = None) -> Finished:
        """Rank jobs, in a transaction of their own unless one is given."""
        return await self._run(self.rank, PostingsEnriched(jobs=list(jobs)), conn)

    async def unit(self, event: Event, conn: AsyncConnection | None = None) -> Finished:
        """One unit of a re-rank."""
        return await self._run(self.rerank, event, conn)

    async def campaign(self, campaign: Campaign, as_of: date = AS_OF) -> list[Finished]:
        """A changed campaign with all units that follow; each unit in a transaction of its own."""
        events: list[Event] = [CampaignChanged(campaign=campaign, as_of=as_of)]
        units = []
        while events:
            units.append(await self.unit(events.pop()))
            events += [c.event for c in units[-1].children if isinstance(c.event, CampaignChanged)]
        return units

    async def _run(self, stage: Any, event: Event, conn: AsyncConnection | None) -> Finished:
        prepared = await stage.prepare(HEADERS, event)
        if conn is not None:
            finished = await stage.apply(conn, HEADERS, event, prepared)
        else:
            async with self.engine.begin() as own:
                finished = await stage.apply(own, HEADERS, event, prepared)
        self.ranked += [c.event for c in finished.children if isinstance(c.event, PostingsRanked)]
        return finished  # type: ignore[no-any-return]  # stages are passed as Any


@pytest.fixture
async def ranker(database: Database) -> AsyncIterator[Ranker]:
    engine = create_engine(database.url("ranker"), role_application="test", pool_size=6)
    yield Ranker(engine)
    await engine.dispose()
