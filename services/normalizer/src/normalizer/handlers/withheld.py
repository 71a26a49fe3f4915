"""Postings of a run that was blocked are sent on again by whatever page shows them next."""

from sqlalchemy.ext.asyncio import AsyncConnection

from common.contracts import Headers, PostingsWithheld
from common.messaging.errors import PermanentError
from common.messaging.unit import Finished, Stage
from normalizer.store.withholding import withhold


class MarkWithheld(Stage[PostingsWithheld, dict[str, int]]):
    """Side work: the run has ended, and so has its account of these postings."""

    event = PostingsWithheld
    queue = "normalizer.withheld"
    trial = None

    async def prepare(self, headers: Headers, event: PostingsWithheld) -> dict[str, int]:
        """The version of each posting that nobody was shown."""
        if len(event.hash_keys) != len(event.versions):
            told = f"{len(event.hash_keys)} postings and {len(event.versions)} versions"
            raise PermanentError("withheld_not_aligned", told)
        return dict(zip(event.hash_keys, event.versions, strict=True))

    async def apply(
        self, conn: AsyncConnection, headers: Headers, event: PostingsWithheld, prepared: dict[str, int]
    ) -> Finished:
        """Note it at the postings."""
        await withhold(conn, prepared)
        return Finished()
