"""The last stage: ranked batches become visible, and so does what a provider tells of companies."""

from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from common.contracts import CompaniesNormalized, Headers, PostingsRanked
from common.messaging.rule_sets import RuleSource
from common.messaging.unit import Finished, Stage
from gateway.store.holding import Holding
from gateway.store.publishing import Publisher
from gateway.store.rule_files import RunRules


class PublishJobs(Stage[PostingsRanked, dict[str, int]]):
    """The last stage: results wait for their run to be judged; postings that came this far are new or updated."""

    event = PostingsRanked
    queue = "gateway.jobs"
    trial = None

    def __init__(self, publisher: Publisher, rules: RuleSource[RunRules], holding: Holding | None) -> None:
        """`holding` keeps what runs bring until they are judged; None: the quality gate only reports."""
        self._publisher = publisher
        self._rules = rules
        self._holding = holding

    async def prepare(self, headers: Headers, event: PostingsRanked) -> dict[str, int]:
        """Count what the quality gate judges by."""
        return (await self._rules.current()).measures.of(event, datetime.now(UTC))

    async def apply(
        self, conn: AsyncConnection, headers: Headers, event: PostingsRanked, prepared: dict[str, int]
    ) -> Finished:
        """Store the batch, or keep it until its run is judged, and count its postings."""
        # Side work is no unit of a run; a re-rank brings no jobs.
        holding = self._holding if headers.stage and event.jobs else None
        if holding is None or not await holding.hold(conn, headers, event):
            await self._publisher.publish(conn, event)
        finished = Finished(source=event.jobs[0].source if event.jobs else None, measures=prepared)
        for job in event.jobs:
            if job.outcome is not None:
                finished.count(job.outcome)
        return finished


class ShowCompanies(Stage[CompaniesNormalized, None]):
    """Side work: what is known of a company is shown with its jobs from now on."""

    event = CompaniesNormalized
    queue = "gateway.companies"
    trial = None

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher

    async def prepare(self, headers: Headers, event: CompaniesNormalized) -> None:
        """Nothing to do ahead of the transaction."""

    async def apply(
        self, conn: AsyncConnection, headers: Headers, event: CompaniesNormalized, prepared: None
    ) -> Finished:
        """Store the companies."""
        await self._publisher.tell(conn, event.companies)
        return Finished()
