"""Which postings are one job becomes visible: ranked lists show one card for them."""

from sqlalchemy.ext.asyncio import AsyncConnection

from common.contracts import DuplicatesSettled, Headers
from common.messaging.unit import Finished, Stage
from gateway.store.clusters import ClusterStore


class GroupJobs(Stage[DuplicatesSettled, None]):
    """Keeps the cluster of every posting that is in one with others, or has been."""

    event = DuplicatesSettled
    queue = "gateway.duplicates"
    trial = None

    def __init__(self, clusters: ClusterStore) -> None:
        self._clusters = clusters

    async def prepare(self, headers: Headers, event: DuplicatesSettled) -> None:
        """Nothing to do ahead of the transaction."""

    async def apply(
        self, conn: AsyncConnection, headers: Headers, event: DuplicatesSettled, prepared: None
    ) -> Finished:
        """Store the clusters."""
        await self._clusters.settle(conn, event.postings)
        return Finished()
