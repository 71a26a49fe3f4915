"""Changed campaigns are stored, and stored jobs are ranked for them."""

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from common.contracts import CampaignChanged, Headers
from common.messaging.rule_sets import RuleSource
from common.messaging.unit import Child, Finished
from ranker.domain.campaigns import CampaignState
from ranker.domain.judges import Judges
from ranker.domain.vectors import CampaignVectors
from ranker.handlers.ranked import MESSAGE_JOBS, UNIT_MESSAGES, position, ranked
from ranker.store import RankerStore

_log = structlog.get_logger()


class RerankCampaign:
    """Stores a changed campaign, then ranks all stored jobs for it, a part of them in each unit."""

    event = CampaignChanged
    queue = "ranker.campaigns"
    trial = None

    def __init__(self, store: RankerStore, rules: RuleSource[Judges]) -> None:
        self._store = store
        self._rules = rules

    async def prepare(self, headers: Headers, event: CampaignChanged) -> None:
        """Nothing: what is to be ranked is known in the transaction only."""
        if event.after:
            position(event.after)

    async def apply(self, conn: AsyncConnection, headers: Headers, event: CampaignChanged, prepared: None) -> Finished:
        """Store the campaign (first unit) or rank the next jobs; stop where a newer state of it is stored."""
        campaign = event.campaign
        first = event.after is None
        state = await (
            self._store.save_campaign(conn, campaign, event.as_of)
            if first
            else self._store.state(conn, campaign.campaign_id)
        )
        if state != CampaignState(campaign.campaign_id, campaign.version, event.as_of):
            _log.info("rerank_not_needed", version=campaign.version, stored=state)
            return Finished()
        if first:
            # The lock of this transaction stops all ranking, so it ends here: the next unit ranks without it.
            return Finished(children=[_continued(event, "")])
        return await self._rank_next(conn, event)

    async def _rank_next(self, conn: AsyncConnection, event: CampaignChanged) -> Finished:
        judges = await self._rules.within(conn)
        wish = judges.wish(event.campaign, event.as_of)
        if wish.ignored:
            _log.warning("campaign_weights_ignored", ignored=wish.ignored)
        vectors, finished, after = CampaignVectors([wish], judges), Finished(), position(event.after)
        for _ in range(UNIT_MESSAGES):
            jobs = await self._store.jobs_after(conn, after, MESSAGE_JOBS)
            if jobs:
                after = jobs[-1].hash_key
                finished.children.append(Child(ranked("rerank", jobs, vectors, judges)))
            if len(jobs) < MESSAGE_JOBS:
                return finished
        finished.children.append(_continued(event, after.hex if after else ""))
        return finished


def _continued(event: CampaignChanged, after: str) -> Child:
    return Child(CampaignChanged(campaign=event.campaign, as_of=event.as_of, after=after))
