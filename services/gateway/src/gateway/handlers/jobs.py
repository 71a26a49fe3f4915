"""The last stage: ranked batches become visible, and so does what a provider tells of companies."""

from sqlalchemy.ext.asyncio import AsyncConnection

from common.contracts import CompaniesNormalized, Headers, PostingsRanked
from common.messaging.unit import Finished, Stage
from gateway.store.publishing import Publisher


class PublishJobs(Stage[PostingsRanked, None]):
    """The last stage: results become visible, and postings that came this far are counted as new or updated."""

    event = PostingsRanked
    queue = "gateway.jobs"
    trial = None

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher

    async def prepare(self, headers: Headers, event: PostingsRanked) -> None:
        """Nothing to do ahead of the transaction."""

    async def apply(self, conn: AsyncConnection, headers: Headers, event: PostingsRanked, prepared: None) -> Finished:
        """Store the batch and count its postings."""
        await self._publisher.publish(conn, event)
        finished = Finished()
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
