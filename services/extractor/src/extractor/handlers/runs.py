"""A run begins: its sources become their first pages."""

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from common.contracts import Headers, PageRequested, RunRequested, SourceQuery
from common.messaging.errors import PermanentError
from common.messaging.unit import Child, Finished
from extractor.domain.backfill import window_back_to
from extractor.domain.sources import distinct
from sources.registry import adapters

#: A finish declares at most this many children (ARCHITECTURE §4).
MAX_SOURCES = 500


class StartRun:
    """A run begins: one first page for each distinct source of it."""

    event = RunRequested
    queue = "extractor.runs"
    trial = None

    async def prepare(self, headers: Headers, event: RunRequested) -> list[SourceQuery]:
        """The sources to read; unknown ones too: their page fails and says why."""
        sources = distinct(event.sources)
        if len(sources) > MAX_SOURCES:
            raise PermanentError("too_many_sources", f"{len(sources)} sources, at most {MAX_SOURCES} in a run")
        return sources

    async def apply(
        self, conn: AsyncConnection, headers: Headers, event: RunRequested, prepared: list[SourceQuery]
    ) -> Finished:
        """Declare the first pages; a run without sources ends here."""
        campaign, undated = event.campaign, []
        if event.posted is not None:
            window = window_back_to(event.posted.first, event.requested_at.date())
            campaign = msgspec.structs.replace(campaign, date_window=window)
            undated = sorted({s.source for s in prepared if not _is_dated(s.source)})
        first = (
            PageRequested(
                run_id=event.run_id,
                requested_at=event.requested_at,
                campaign=campaign,
                source=source,
                page=1,
                posted=event.posted,
            )
            for source in prepared
            if source.source not in undated
        )
        finished = Finished(children=[Child(page) for page in first])
        if undated:
            finished.outcome, finished.reasons = "failed", {"cannot_backfill": len(undated)}
            finished.error = f"cannot backfill {', '.join(undated)}: they show what is open now and know no past days"
        return finished


def _is_dated(source: str) -> bool:
    """Also of a source that nobody knows: its page says so."""
    known = adapters()
    return source not in known or known[source].dated
