"""Messages that the extractor executes: a run becomes its first pages, a page becomes batches of raw postings."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

import msgspec
import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from common.contracts import Headers, PageRequested, PostingsCollected, RunRequested, SourceQuery
from common.messaging.crash_points import crash_point
from common.messaging.errors import PermanentError, RetryLaterError
from common.messaging.unit import Child, Finished, Quarantined
from common.storage import StorageUnavailableError
from extractor import metrics
from extractor.clients.archive import Archive, ArchivedPage
from extractor.clients.providers import Providers
from extractor.domain.batches import MAX_ITEM_BYTES, Batches, split
from extractor.domain.envelope import Provenance, RawPage
from extractor.domain.sources import distinct
from extractor.errors import DamagedPageError
from extractor.store import FeedKey, PageRow, SourceStore
from sources.adapter import PageRequest, SourceAdapter
from sources.errors import PagePayloadError, SourceError, SourceRejectedError, SourceUnavailableError
from sources.registry import adapter_of

#: A finish declares at most this many children (ARCHITECTURE §4).
MAX_SOURCES = 500
#: Seconds between two tries of an archive that is away.
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 5.0
T = TypeVar("T")
_log = structlog.get_logger()


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
        first = (
            PageRequested(
                run_id=event.run_id, requested_at=event.requested_at, campaign=event.campaign, source=source, page=1
            )
            for source in prepared
        )
        return Finished(children=[Child(page) for page in first])


@dataclass(frozen=True, slots=True)
class PreparedPage:
    """What was read: `archived` is None where no answer came, `failure` says why the page holds no postings."""

    feed: str
    archived: ArchivedPage | None = None
    batches: Batches | None = None
    items: int = 0
    next_cursor: str | None = None
    failure: SourceError | None = None


class FetchPage:
    """One page: asked for, archived, cut into batches; it names the page that follows."""

    event = PageRequested
    queue = "extractor.pages"
    trial = None

    def __init__(
        self,
        *,
        archive: Archive,
        providers: Providers,
        store: SourceStore,
        max_attempts: int,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._sleep = sleep
        self._archive = archive
        self._providers = providers
        self._store = store
        self._max_attempts = max_attempts
        self._now = now

    async def prepare(self, headers: Headers, event: PageRequested) -> PreparedPage:
        """Read the page, from the archive if an earlier execution got that far."""
        feed = event.source.feed
        archived = None
        try:
            adapter = adapter_of(event.source.source)
            if faults := adapter.check(event.source):
                raise SourceRejectedError("parameters_invalid", "; ".join(faults))
            feed = adapter.feed(event.source)
            archived = await self._archived(headers, event, adapter, feed)
            return await self._read(event, adapter, feed, archived)
        except SourceUnavailableError as error:
            if headers.attempt + 1 < self._max_attempts:
                raise RetryLaterError(str(error), error.delay or _backoff(headers.attempt)) from error
            return PreparedPage(feed, archived, failure=error)
        except SourceError as error:
            return PreparedPage(feed, archived, failure=error)
        except DamagedPageError as error:
            raise PermanentError("archive_damaged", str(error)) from error

    async def _archived(
        self, headers: Headers, event: PageRequested, adapter: SourceAdapter, feed: str
    ) -> ArchivedPage:
        asked = Provenance(
            run_id=event.run_id, unit_id=headers.unit_id, campaign_id=event.campaign.campaign_id,
            source=adapter.name, feed=feed, page=event.page,
        )  # fmt: skip
        found = await self._once_available(lambda: self._archive.find(asked, event.requested_at))
        if found is not None:
            return found
        answer = await adapter.fetch(self._providers.client(adapter), _request(event))
        page = RawPage(
            endpoint=answer.endpoint, params=answer.params, sent_at=answer.sent_at, received_at=answer.received_at,
            status=answer.status, headers=answer.headers, payload=answer.payload,
        )  # fmt: skip
        kept = await self._once_available(lambda: self._archive.keep(page, asked, event.requested_at))
        crash_point("archive_after_put")
        return kept

    async def _once_available(self, step: Callable[[], Awaitable[T]]) -> T:
        """An archive that is away or full is infrastructure: wait, count no attempt, do not ask the source again."""
        pause = _FIRST_PAUSE
        while True:
            try:
                return await step()
            except StorageUnavailableError as error:
                _log.warning("archive_unavailable", error=str(error), again_in=pause)
            await self._sleep(pause)
            pause = min(_LONGEST_PAUSE, pause * 2)

    async def _read(
        self, event: PageRequested, adapter: SourceAdapter, feed: str, archived: ArchivedPage
    ) -> PreparedPage:
        payload = archived.page.payload
        try:
            items = adapter.items(payload)
            cursor = adapter.next_cursor(payload, _request(event)) if event.page < event.source.max_pages else None
        except PagePayloadError as error:
            return PreparedPage(feed, archived, failure=error)
        batches = await asyncio.to_thread(split, items)
        return PreparedPage(feed, archived, batches, len(items), cursor)

    async def apply(
        self, conn: AsyncConnection, headers: Headers, event: PageRequested, prepared: PreparedPage
    ) -> Finished:
        """Index the page and send its postings on."""
        source = event.source.source
        finished = Finished(source=source, fetched=prepared.items)
        feed = FeedKey(source, prepared.feed, event.campaign.campaign_id, event.source.params, event.run_id)
        if prepared.archived is not None:
            await self._store.add_page(conn, _row(headers, event, prepared, prepared.archived))
        if prepared.failure is not None:
            self._fail(finished, prepared.feed, event.page, prepared.failure)
            await self._store.failed(conn, feed, _storable(prepared.failure), self._now())
        elif prepared.archived is not None and prepared.batches is not None:
            _send_on(finished, event, prepared.feed, prepared.archived, prepared.batches)
            if prepared.next_cursor is not None:
                following = msgspec.structs.replace(event, page=event.page + 1, cursor=prepared.next_cursor)
                finished.children.append(Child(following))
            if event.page == 1:
                before = await self._store.first_page(conn, feed, prepared.items, prepared.archived.page.received_at)
                _mind_silence(finished, prepared, before)
            metrics.PAGES.labels(source, "reused" if prepared.archived.reused else "fetched").inc()
        return finished

    def _fail(self, finished: Finished, feed: str, page: int, failure: SourceError) -> None:
        """The page yields nothing; other sources of the run go on."""
        finished.outcome = "failed"
        finished.reasons[failure.reason] = 1
        finished.error = f"{_named(finished.source, feed)} page {page}: {_storable(failure)}"
        known = failure.reason != "source_unknown"
        metrics.PAGES.labels(finished.source if known else "unknown", "failed").inc()


def _request(event: PageRequested) -> PageRequest:
    return PageRequest(event.source, event.campaign, event.page, event.cursor, event.requested_at)


def _row(headers: Headers, event: PageRequested, prepared: PreparedPage, archived: ArchivedPage) -> PageRow:
    return PageRow(
        id=uuid.UUID(headers.event_id), run_id=event.run_id, campaign_id=event.campaign.campaign_id,
        source=event.source.source, feed=prepared.feed, page=event.page, archive_key=archived.key,
        sha256=archived.sha256, bytes=archived.bytes, status=archived.page.status, items=prepared.items,
        error=_storable(prepared.failure) if prepared.failure else None, fetched_at=archived.page.received_at,
    )  # fmt: skip


def _send_on(finished: Finished, event: PageRequested, feed: str, archived: ArchivedPage, batches: Batches) -> None:
    for items in batches.messages:
        collected = PostingsCollected(
            source=event.source.source, feed=feed, page=event.page, archive_key=archived.key,
            collected_at=archived.page.received_at, items=items,
        )  # fmt: skip
        finished.children.append(Child(collected, postings=len(items)))
    for position in batches.too_large:
        finished.count("rejected", "item_too_large")
        error = f"item {position} of the page has more than {MAX_ITEM_BYTES} bytes"
        finished.quarantined.append(Quarantined("item_too_large", error, reference=f"{archived.key}#{position}"))
    metrics.ARCHIVED_BYTES.labels(event.source.source).inc(0 if archived.reused else archived.bytes)


def _mind_silence(finished: Finished, prepared: PreparedPage, before: int | None) -> None:
    """Nothing where there was something is an alarm, not a success."""
    if prepared.items == 0 and before:
        finished.reasons["source_empty"] = 1
        finished.error = (
            f"{_named(finished.source, prepared.feed)}: nothing found, {before} on the first page last time"
        )
        metrics.EMPTY_PAGES.labels(finished.source).inc()
        _log.warning("source_empty", source=finished.source, feed=prepared.feed, before=before)


def _named(source: str | None, feed: str) -> str:
    return f"{source}/{feed}" if feed else str(source)


def _storable(error: SourceError) -> str:
    """Fit for a text column, whatever a server's answer has put into it."""
    return str(error).replace("\x00", "").encode(errors="replace").decode()[:2000]


def _backoff(attempt: int) -> float:
    return min(600.0, 10.0 * 4.0**attempt)
