"""Enriched jobs are stored and ranked for every active campaign."""

import uuid
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache, partial

from sqlalchemy.ext.asyncio import AsyncConnection

from common.contracts import Headers, Job, PostingsEnriched, PostingsRanked, is_over
from common.messaging.judge import Trial
from common.messaging.rule_sets import RuleSource
from common.messaging.unit import Child, Finished, Quarantined
from common.settings.rule_files import RuleFiles
from ranker.domain.batch import Batch, ReadJob, read_job
from ranker.domain.campaigns import CompiledCampaigns
from ranker.domain.facts import UNKNOWN, Employer, facts_of, with_employer
from ranker.domain.judges import Judges
from ranker.handlers.ranked import report, versions_of
from ranker.metrics import CAMPAIGNS
from ranker.store import RankerStore, StoredJob, load_rules


class PreparedJobs:
    """The jobs of a batch that could be read by these judges, and those that could not."""

    def __init__(self, judges: Judges) -> None:
        self.judges = judges
        self.jobs: list[Job] = []
        self.stored: list[StoredJob] = []
        self.read: list[ReadJob] = []
        self.failed: list[tuple[Job, str]] = []

    def add(self, job: Job) -> None:
        """Read one job; our own error sets only this job aside."""
        try:
            employer = uuid.UUID(job.company_key) if job.company_key else None
            over = is_over(job.state, closed=job.closed)
            stored = StoredJob(uuid.UUID(job.hash_key), job.version, over, facts_of(job), employer)
            read = read_job(stored.facts, self.judges)
        except Exception as error:  # noqa: BLE001 - one bad job must not take the others with it; it is quarantined
            self.failed.append((job, repr(error)))
            return
        self.jobs.append(job)
        self.stored.append(stored)
        self.read.append(read)

    def follow(self, judges: Judges) -> None:
        """Read all jobs again if these are not the judges they were read by."""
        if judges is not self.judges:
            self.judges, self.read = judges, [read_job(job.facts, judges) for job in self.stored]


@lru_cache(1)
def judges_tried_by(files: RuleFiles) -> Judges:
    """What suspects are tried by."""
    return Judges(load_rules(files))


def try_job(event: PostingsEnriched, files: RuleFiles | None = None) -> None:
    """Take the texts apart in the suspect lane."""
    judges = judges_tried_by(files or RuleFiles())
    for job in event.jobs:
        read_job(facts_of(job), judges)


class RankPostings:
    """Stores the features of enriched jobs and ranks them for every active campaign."""

    event = PostingsEnriched
    queue = "ranker.postings"

    def __init__(self, store: RankerStore, rules: RuleSource[Judges]) -> None:
        self._store = store
        self._rules = rules
        self._compiled: CompiledCampaigns | None = None

    @property
    def trial(self) -> Trial:
        """Reads by the rules in use."""
        return partial(try_job, files=self._rules.files)

    async def prepare(self, headers: Headers, event: PostingsEnriched) -> PreparedJobs:
        """Take the jobs' texts apart; nothing is read or written."""
        prepared = PreparedJobs(await self._rules.current())
        # In the order in which the gateway will lock their rows.
        for job in sorted(event.jobs, key=lambda j: j.hash_key):
            prepared.add(job)
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
        # Under the lock: who ranks anew under rules activated meanwhile finds these jobs, or they follow these rules.
        prepared.follow(await self._rules.within(conn))
        await self._store.save_jobs(conn, prepared.stored)
        campaigns = await self._campaigns(conn, prepared.judges)
        employers = await self._employers(conn, prepared.stored)
        read = [
            replace(job, facts=with_employer(job.facts, employer))
            for job, employer in zip(prepared.read, employers, strict=True)
        ]
        rankings = campaigns.rankings(Batch(read, prepared.judges))
        report("rank", len(prepared.jobs), rankings)
        ranked = PostingsRanked(
            hash_keys=[j.hash_key for j in prepared.jobs], versions=[j.version for j in prepared.jobs],
            rules_version=prepared.judges.rules.version, rankings=rankings, jobs=prepared.jobs,
            company_versions=versions_of(employers),
        )  # fmt: skip
        finished.children.append(Child(ranked, sum(j.outcome is not None for j in prepared.jobs)))
        return finished

    async def _employers(self, conn: AsyncConnection, jobs: Sequence[StoredJob]) -> list[Employer]:
        """What is known of each job's company."""
        keys = {job.company_key for job in jobs if job.company_key}
        found = await self._store.employers(conn, keys) if keys else {}
        return [found.get(job.company_key, UNKNOWN) if job.company_key else UNKNOWN for job in jobs]

    async def _campaigns(self, conn: AsyncConnection, judges: Judges) -> CompiledCampaigns:
        """The active campaigns, of which only those are compiled that changed since the last batch."""
        if self._compiled is None or self._compiled.judges is not judges:
            self._compiled = CompiledCampaigns(judges)
        compiled, states = self._compiled, await self._store.active(conn)
        missing = compiled.missing(states)
        found = await self._store.definitions(conn, [s.campaign_id for s in missing]) if missing else {}
        compiled.use(states, {s: found[s.campaign_id] for s in missing})
        CAMPAIGNS.set(len(states))
        return compiled
