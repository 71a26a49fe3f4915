"""Data enters from the broker: enriched jobs to rank, and changed campaigns to re-rank stored jobs for."""

import uuid
from functools import cache

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from common.contracts import CampaignChanged, CampaignRanking, Headers, Job, PostingsEnriched, PostingsRanked
from common.messaging.errors import PermanentError
from common.messaging.unit import Child, Finished, Quarantined
from ranker.domain.batch import Batch, ReadJob, batch_of, read_job
from ranker.domain.campaigns import CampaignState, CompiledCampaigns
from ranker.domain.facts import facts_of
from ranker.domain.judges import Judges
from ranker.domain.vectors import CampaignVectors
from ranker.metrics import CAMPAIGNS, PAIRS
from ranker.store import RankerStore, StoredJob, load_rules

_log = structlog.get_logger()
#: Jobs in one message of a re-rank, and messages of one unit.
_MESSAGE_JOBS, _UNIT_MESSAGES = 1000, 5


class PreparedJobs:
    """The jobs of a batch that could be read, and those that could not."""

    def __init__(self) -> None:
        self.jobs: list[Job] = []
        self.stored: list[StoredJob] = []
        self.read: list[ReadJob] = []
        self.failed: list[tuple[Job, str]] = []

    def add(self, job: Job, judges: Judges) -> None:
        """Read one job; our own error sets only this job aside."""
        try:
            stored = StoredJob(uuid.UUID(job.hash_key), job.version, job.closed, facts_of(job))
            read = read_job(stored.facts, judges)
        except Exception as error:  # noqa: BLE001 - one bad job must not take the others with it; it is quarantined
            self.failed.append((job, repr(error)))
            return
        self.jobs.append(job)
        self.stored.append(stored)
        self.read.append(read)


@cache
def _judges() -> Judges:
    return Judges(load_rules())


def try_job(event: PostingsEnriched) -> None:
    """Take the texts apart in the suspect lane."""
    judges = _judges()
    for job in event.jobs:
        read_job(facts_of(job), judges)


class RankPostings:
    """Stores the features of enriched jobs and ranks them for every active campaign."""

    event = PostingsEnriched
    queue = "ranker.postings"
    trial = staticmethod(try_job)

    def __init__(self, store: RankerStore, judges: Judges) -> None:
        self._store = store
        self._judges = judges
        self._campaigns = CompiledCampaigns(judges)

    async def prepare(self, headers: Headers, event: PostingsEnriched) -> PreparedJobs:
        """Take the jobs' texts apart; nothing is read or written."""
        prepared = PreparedJobs()
        # In the order in which the gateway will lock their rows.
        for job in sorted(event.jobs, key=lambda j: j.hash_key):
            prepared.add(job, self._judges)
        return prepared

    async def apply(
        self, conn: AsyncConnection, headers: Headers, event: PostingsEnriched, prepared: PreparedJobs
    ) -> Finished:
        """Rank under a lock that keeps campaigns as they are, and send all jobs on.

        A job is ranked as the event has it, even if a newer version is stored: the gateway takes scores only upward.
        """
        finished = Finished()
        for job, error in prepared.failed:
            finished.quarantined.append(Quarantined("ranking_failed", error, job, job.hash_key))
            if job.outcome is not None:
                finished.count("failed", "ranking_failed")
        if not prepared.jobs:
            return finished
        await self._store.hold_campaigns(conn)
        await self._store.save_jobs(conn, prepared.stored)
        await self._load_campaigns(conn)
        rankings = self._campaigns.rankings(Batch(prepared.read, self._judges))
        _report("rank", len(prepared.jobs), rankings)
        ranked = PostingsRanked(
            hash_keys=[j.hash_key for j in prepared.jobs], versions=[j.version for j in prepared.jobs],
            rules_version=self._judges.rules.version, rankings=rankings, jobs=prepared.jobs,
        )  # fmt: skip
        finished.children.append(Child(ranked, sum(j.outcome is not None for j in prepared.jobs)))
        return finished

    async def _load_campaigns(self, conn: AsyncConnection) -> None:
        """Read the definitions of campaigns that changed since the last batch."""
        states = await self._store.active(conn)
        missing = self._campaigns.missing(states)
        found = await self._store.definitions(conn, [s.campaign_id for s in missing]) if missing else {}
        self._campaigns.use(states, {s: found[s.campaign_id] for s in missing})
        CAMPAIGNS.set(len(states))


class RerankCampaign:
    """Stores a changed campaign, then ranks all stored jobs for it, a part of them in each unit."""

    event = CampaignChanged
    queue = "ranker.campaigns"
    trial = None

    def __init__(self, store: RankerStore, judges: Judges) -> None:
        self._store = store
        self._judges = judges

    async def prepare(self, headers: Headers, event: CampaignChanged) -> None:
        """Nothing: what is to be ranked is known in the transaction only."""
        if event.after:
            _position(event.after)

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
        wish = self._judges.wish(event.campaign, event.as_of)
        if wish.ignored:
            _log.warning("campaign_weights_ignored", ignored=wish.ignored)
        vectors, finished, after = CampaignVectors([wish], self._judges), Finished(), _position(event.after)
        for _ in range(_UNIT_MESSAGES):
            jobs = await self._store.jobs_after(conn, after, _MESSAGE_JOBS)
            if jobs:
                after = jobs[-1].hash_key
                finished.children.append(Child(self._ranked(jobs, vectors)))
            if len(jobs) < _MESSAGE_JOBS:
                return finished
        finished.children.append(_continued(event, after.hex if after else ""))
        return finished

    def _ranked(self, jobs: list[StoredJob], vectors: CampaignVectors) -> PostingsRanked:
        rankings = vectors.rankings(batch_of([j.facts for j in jobs], self._judges))
        _report("rerank", len(jobs), rankings)
        return PostingsRanked(
            hash_keys=[j.hash_key.hex for j in jobs], versions=[j.version for j in jobs],
            rules_version=self._judges.rules.version, rankings=rankings,
        )  # fmt: skip


def _continued(event: CampaignChanged, after: str) -> Child:
    return Child(CampaignChanged(campaign=event.campaign, as_of=event.as_of, after=after))


def _position(after: str | None) -> uuid.UUID | None:
    try:
        return uuid.UUID(after) if after else None
    except ValueError as error:
        raise PermanentError("bad_position", f"{after!r} is not a hash_key") from error


def _report(stage: str, jobs: int, rankings: list[CampaignRanking]) -> None:
    pairs = jobs * len(rankings)
    PAIRS.labels(stage).inc(pairs)
    factors = sorted({factor for ranking in rankings for factor in ranking.factors})
    _log.info("ranked", stage=stage, jobs=jobs, campaigns=len(rankings), pairs=pairs, factors=factors)
