"""Messages that the extractor executes: a run becomes its first pages, a page becomes batches of raw postings."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import msgspec
import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from common.contracts import Headers, PageRequested, PostingsCollected, RunRequested, SourceQuery, Sweep
from common.messaging.crash_points import crash_point
from common.messaging.errors import PermanentError, RetryLaterError
from common.messaging.unit import Child, Finished, Quarantined
from extractor import metrics
from extractor.clients.archive import Archive, ArchivedPage, once_available
from extractor.clients.providers import Providers
from extractor.domain import sweeps
from extractor.domain.advice import advice
from extractor.domain.backfill import window_back_to
from extractor.domain.batches import MAX_ITEM_BYTES, Batches, split
from extractor.domain.envelope import Provenance
from extractor.domain.sources import distinct
from extractor.errors import DamagedPageError
from extractor.handlers.reading import Reader, Reading
from extractor.store import FeedKey, PageRow, SourceStore
from extractor.store.health import PageKey
from extractor.store.watch import SourceWatch
from sources.adapter import PageRequest, SourceAdapter
from sources.errors import PagePayloadError, SourceError, SourceRejectedError, SourceUnavailableError
from sources.registry import adapter_of, adapters

#: A finish declares at most this many children (ARCHITECTURE §4).
MAX_SOURCES = 500
#: Seconds that a unit waits at most between two attempts (the broker's longest lane).
_LONGEST_WAIT = 600.0
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
        campaign, undated = event.campaign, []
        if event.posted is not None:
            window = window_back_to(event.posted.first, event.requested_at.date())
            campaign = msgspec.structs.replace(campaign, date_window=window)
            undated = sorted({s.source for s in prepared if not _is_dated(s.source)})
        first = (
            PageRequested(
                run_id=event.run_id, requested_at=event.requested_at, campaign=campaign, source=source, page=1
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


@dataclass(frozen=True, slots=True)
class PreparedPage:
    """What was read: `archived` is None where no answer came, `failure` says why the page holds no postings.

    `lists_all`: the feed shows every open posting; `cut_off`: on pages, too, that may not be read.
    """

    feed: str
    archived: ArchivedPage | None = None
    batches: Batches | None = None
    items: int = 0
    next_cursor: str | None = None
    failure: SourceError | None = None
    reading: Reading | None = None
    lists_all: bool = False
    cut_off: bool = False


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
        watch: SourceWatch | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._sleep = sleep
        self._archive = archive
        self._reader = Reader(providers, archive, watch, sleep)
        self._store = store
        self._max_attempts = max_attempts
        self._now = now

    async def prepare(self, headers: Headers, event: PageRequested) -> PreparedPage:
        """Read the page, from the archive if an earlier execution got that far."""
        feed, archived, reading = event.source.feed, None, None
        try:
            adapter = adapter_of(event.source.source)
            if faults := adapter.check(event.source):
                raise SourceRejectedError("parameters_invalid", "; ".join(faults))
            feed = adapter.feed(event.source)
            reading = Reading(PageKey(adapter.name, feed, event.campaign.campaign_id, event.page))
            archived = await self._archived(headers, event, adapter, reading)
            prepared = await self._read(event, adapter, archived, reading)
        except SourceUnavailableError as error:
            delay = error.delay or _backoff(headers.attempt)
            if reading is not None and self._worth_waiting(headers, reading, delay):
                self._reader.note(reading, error, final=False)
                raise RetryLaterError(str(error), delay) from error
            prepared = PreparedPage(feed, archived, failure=error)
        except SourceError as error:
            prepared = PreparedPage(feed, archived, failure=error)
        except DamagedPageError as error:
            raise PermanentError("archive_damaged", str(error)) from error
        if reading is not None:
            self._reader.note(reading, prepared.failure, final=True)
        return replace(prepared, reading=reading)

    def _worth_waiting(self, headers: Headers, reading: Reading, delay: float) -> bool:
        """Whether the attempts that are left reach so far; the trial of a broken source is over with its first."""
        left = self._max_attempts - headers.attempt - 1
        trial = reading.admission is not None and reading.admission.trial
        return left > 0 and delay <= left * _LONGEST_WAIT and not trial

    async def _archived(
        self, headers: Headers, event: PageRequested, adapter: SourceAdapter, reading: Reading
    ) -> ArchivedPage:
        asked = Provenance(
            run_id=event.run_id, unit_id=headers.unit_id, campaign_id=event.campaign.campaign_id,
            source=adapter.name, feed=reading.key.feed, page=event.page,
        )  # fmt: skip
        found = await once_available(lambda: self._archive.find(asked, event.requested_at), self._sleep)
        if found is not None:
            return found
        page = await self._reader.read(adapter, _request(event), reading)
        kept = await once_available(lambda: self._archive.keep(page, asked, event.requested_at), self._sleep)
        crash_point("archive_after_put")
        return kept

    async def _read(
        self, event: PageRequested, adapter: SourceAdapter, archived: ArchivedPage, reading: Reading
    ) -> PreparedPage:
        feed, payload = reading.key.feed, archived.page.payload
        try:
            items = adapter.items(payload)
            cursor = adapter.next_cursor(payload, _request(event))
        except PagePayloadError as error:
            return PreparedPage(feed, archived, failure=error)
        reading.items(items)
        batches = await asyncio.to_thread(split, items)
        last = event.page >= event.source.max_pages
        return PreparedPage(
            feed, archived, batches, len(items), None if last else cursor,
            lists_all=adapter.lists_all, cut_off=last and cursor is not None,
        )  # fmt: skip

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
            if finished.outcome == "failed":
                await self._store.failed(conn, feed, storable(prepared.failure), self._now())
        elif prepared.archived is not None and prepared.batches is not None:
            sweep = _sweep(headers, event, prepared, prepared.archived, prepared.batches)
            _send_on(finished, event, prepared.feed, prepared.archived, prepared.batches, sweep)
            if prepared.next_cursor is not None:
                following = msgspec.structs.replace(
                    event, page=event.page + 1, cursor=prepared.next_cursor, sweep=sweep
                )
                finished.children.append(Child(following))
            if event.page == 1:
                before = await self._store.first_page(conn, feed, prepared.items, prepared.archived.page.received_at)
                _mind_silence(finished, prepared, before)
            if prepared.next_cursor is None and sweep is not None:
                told = sweeps.ended(sweep, source, prepared.feed, prepared.archived.page.received_at)
                finished.aside.append(told)
                await self._store.swept(conn, feed, told)
            metrics.PAGES.labels(source, "reused" if prepared.archived.reused else "fetched").inc()
        await self._tell(conn, source, prepared)
        return finished

    async def _tell(self, conn: AsyncConnection, source: str, prepared: PreparedPage) -> None:
        """The source's health learns how its page ended; nothing is written of a page like the others before it."""
        watch, reading = self._reader.watch, prepared.reading
        if watch is None or reading is None or reading.admission is None:
            return
        if prepared.failure is not None:
            await watch.failed(conn, source, prepared.failure, reading.admission)
            return
        await watch.passed(conn, source, reading.admission)
        if reading.validators is not None and prepared.archived is not None:
            archived = prepared.archived
            await watch.store.remember(conn, reading.key, reading.validators, archived.key, archived.sha256)

    def _fail(self, finished: Finished, feed: str, page: int, failure: SourceError) -> None:
        """The page yields nothing; other sources of the run go on."""
        # What somebody has paused has not failed; the run says so all the same.
        finished.outcome = "cancelled" if failure.reason == "source_paused" else "failed"
        finished.reasons[failure.reason] = 1
        told = advice(str(finished.source), failure.reason)
        finished.error = f"{_named(finished.source, feed)} page {page}: {storable(failure)}{told and f'; {told}'}"
        known = failure.reason != "source_unknown"
        metrics.PAGES.labels(finished.source if known else "unknown", "failed").inc()


def _request(event: PageRequested) -> PageRequest:
    return PageRequest(event.source, event.campaign, event.page, event.cursor, event.requested_at)


def _row(headers: Headers, event: PageRequested, prepared: PreparedPage, archived: ArchivedPage) -> PageRow:
    return PageRow(
        id=uuid.UUID(headers.event_id), run_id=event.run_id, campaign_id=event.campaign.campaign_id,
        source=event.source.source, feed=prepared.feed, page=event.page, archive_key=archived.key,
        sha256=archived.sha256, bytes=archived.bytes, status=archived.page.status, items=prepared.items,
        error=storable(prepared.failure) if prepared.failure else None, fetched_at=archived.page.received_at,
    )  # fmt: skip


def _sweep(
    headers: Headers, event: PageRequested, prepared: PreparedPage, archived: ArchivedPage, batches: Batches
) -> Sweep | None:
    """The read of the whole feed with this page; None where the feed does not show every open posting."""
    begun = sweeps.begun(event, headers.event_id, archived.page.sent_at) if prepared.lists_all else None
    if begun is None:
        return None
    too_large = len(batches.too_large)
    return sweeps.with_page(begun, prepared.items - too_large, too_large=too_large, cut_off=prepared.cut_off)


def _send_on(
    finished: Finished, event: PageRequested, feed: str, archived: ArchivedPage, batches: Batches, sweep: Sweep | None
) -> None:
    for items in batches.messages:
        collected = PostingsCollected(
            source=event.source.source, feed=feed, page=event.page, archive_key=archived.key,
            collected_at=archived.page.received_at, items=items, sweep_id=sweep.sweep_id if sweep else None,
        )  # fmt: skip
        finished.children.append(Child(collected, postings=len(items)))
    finished.quarantined += turn_away(finished, batches, archived.key)
    metrics.ARCHIVED_BYTES.labels(event.source.source).inc(0 if archived.reused else archived.bytes)


def turn_away(finished: Finished, batches: Batches, archive_key: str) -> list[Quarantined]:
    """Count the items that are too large to be sent on; what is to be set aside of them."""
    turned: list[Quarantined] = []
    for position in batches.too_large:
        finished.count("rejected", "item_too_large")
        error = f"item {position} of the page has more than {MAX_ITEM_BYTES} bytes"
        turned.append(Quarantined("item_too_large", error, reference=f"{archive_key}#{position}"))
    return turned


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


def storable(error: SourceError) -> str:
    """Fit for a text column, whatever a server's answer has put into it."""
    return str(error).replace("\x00", "").encode(errors="replace").decode()[:2000]


def _backoff(attempt: int) -> float:
    return min(600.0, 10.0 * 4.0**attempt)
