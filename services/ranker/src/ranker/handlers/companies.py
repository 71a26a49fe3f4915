"""What a provider tells of companies is stored, and the jobs of these companies, and no others, are ranked anew."""

import uuid

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from common.contracts import CompaniesNormalized, Headers
from common.messaging.errors import PermanentError
from common.messaging.rule_sets import RuleSource
from common.messaging.unit import Finished
from ranker.domain.judges import Judges
from ranker.domain.vectors import CampaignVectors
from ranker.handlers.ranked import MESSAGE_JOBS, UNIT_MESSAGES, position, ranked
from ranker.store import RankerStore


class RescoreCompanies:
    """Side work: it belongs to no run, and no run waits for it."""

    event = CompaniesNormalized
    queue = "ranker.companies"
    trial = None

    def __init__(self, engine: AsyncEngine, store: RankerStore, rules: RuleSource[Judges]) -> None:
        self._engine = engine
        self._store = store
        self._rules = rules

    async def prepare(self, headers: Headers, event: CompaniesNormalized) -> list[uuid.UUID]:
        """Store the companies, in a transaction of its own: its lock stops all ranking.

        Whoever ranks after it sees them; the jobs of whoever ranked before are stored, and ranked anew in `apply`.
        """
        position(event.after)
        try:
            keys = [uuid.UUID(company.company_key) for company in event.companies]
        except ValueError as error:
            raise PermanentError("bad_company_key", str(error)) from error
        if event.after is None:
            async with self._engine.begin() as conn:
                await self._store.save_companies(conn, event.companies)
        return keys

    async def apply(
        self, conn: AsyncConnection, headers: Headers, event: CompaniesNormalized, prepared: list[uuid.UUID]
    ) -> Finished:
        """Rank the next of their jobs for all active campaigns."""
        await self._store.hold_campaigns(conn)
        states = await self._store.active(conn)
        found = await self._store.definitions(conn, [state.campaign_id for state in states])
        judges = await self._rules.within(conn)
        wishes = [judges.wish(found[state.campaign_id], state.as_of) for state in states]
        vectors, finished, after = CampaignVectors(wishes, judges), Finished(), position(event.after)
        for _ in range(UNIT_MESSAGES):
            jobs = await self._store.jobs_of(conn, prepared, after, MESSAGE_JOBS)
            if jobs and wishes:
                after = jobs[-1].hash_key
                finished.aside.append(ranked("companies", jobs, vectors, judges))
            if len(jobs) < MESSAGE_JOBS or not wishes:
                return finished
        finished.aside.append(CompaniesNormalized(companies=event.companies, after=after.hex if after else None))
        return finished
