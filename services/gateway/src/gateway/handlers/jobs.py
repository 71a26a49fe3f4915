"""The last stage: ranked batches become visible."""

from sqlalchemy.ext.asyncio import AsyncConnection

from common.contracts import Headers, PostingsRanked
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
