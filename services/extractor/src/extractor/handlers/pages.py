"""Pages of a source: asked for, archived, cut into batches of raw postings, several in a unit of work."""

import asyncio
import contextlib
import time
import uuid
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import msgspec
import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from common.contracts import Headers, PageRequested, PostingsCollected, Sweep
from common.messaging.crash_points import crash_point
from common.messaging.errors import PermanentError, RetryLaterError
from common.messaging.unit import Child, Finished, Quarantined
from extractor import metrics
from extractor.clients.archive import Archive, ArchivedPage, once_available
from extractor.clients.providers import Providers
from extractor.domain import sweeps
from extractor.domain.advice import advised
from extractor.domain.backfill import posted_within
from extractor.domain.batches import MAX_ITEM_BYTES, Batches, split
from extractor.domain.envelope import Provenance
from extractor.errors import DamagedPageError
from extractor.handlers.reading import Reader, Reading, Visit
from extractor.store import FeedKey, PageRow, SourceStore
from extractor.store.health import Known
from extractor.store.watch import SourceWatch
from sources.adapter import PageRequest
from sources.errors import PagePayloadError, SourceError, SourceRejectedError, SourceUnavailableError
from sources.registry import adapter_of

#: A unit reads pages until it has so many of them, messages or bytes of postings, or its time is over (decision 0006).
MAX_PAGES, MAX_BYTES, MAX_SECONDS = 16, 4 * 1024 * 1024, 1.0
#: Seconds that a unit waits at most between two attempts (the broker's longest lane).
_LONGEST_WAIT = 600.0
#: Items that are cut sooner than another thread begins to; pages of more are those of whole boards.
_FEW = 200
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class PreparedPage:
    """A page that was read: `archived` is None where no answer came, `failure` says why it holds no postings.

    `sweep` is the read of the whole feed with this page; None where the feed does not show every open posting.
    """

    number: int
    archived: ArchivedPage | None = None
    batches: Batches = field(default_factory=Batches)
    items: int = 0
    following: PageRequested | None = None
    failure: SourceError | None = None
    reading: Reading | None = None
    sweep: Sweep | None = None
    left_out: int = 0
    cut_off: bool = False


@dataclass(frozen=True, slots=True)
class _Content:
    """What a payload holds: its items cut into messages, and where the page behind it starts.

    `payload` is the same with its items as text: of the objects, which take several times as much, nothing is kept.
    `left_out` more were posted on days that were not asked for.
    """

    payload: Any
    items: int
    batches: Batches
    cursor: str | None
    left_out: int = 0


@dataclass(slots=True)
class PreparedPages:
    """The pages of a unit in their order, only the last of which may have failed, and where to go on."""

    feed: str
    pages: list[PreparedPage] = field(default_factory=list)
    following: PageRequested | None = None

    @property
    def full(self) -> bool:
        """Whether the unit sends as much as it may, or may do no more than try its source."""
        tried = any(page.reading and page.reading.admission and page.reading.admission.trial for page in self.pages)
        messages = sum(len(page.batches.messages) for page in self.pages)
        size = sum(page.batches.size for page in self.pages)
        return tried or max(len(self.pages), messages) >= MAX_PAGES or size >= MAX_BYTES


class FetchPages:
    """Pages of a source, one after another: each asked for, archived, cut into batches, naming the one that follows.

    A unit reads them for a second; what is archived already it reads without looking at the time, so that a repetition
    asks for no page again. A page that cannot be had becomes a unit of its own, unless it is the first.
    """

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
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sleep = sleep
        self._clock = clock
        self._archive = archive
        self._reader = Reader(providers, archive, watch, sleep)
        self._store = store
        self._max_attempts = max_attempts
        self._now = now

    async def prepare(self, headers: Headers, event: PageRequested) -> PreparedPages:
        """Read the pages, from the archive as far as an earlier execution got."""
        until = self._clock() + MAX_SECONDS
        try:
            adapter = adapter_of(event.source.source)
            if faults := adapter.check(event.source):
                raise SourceRejectedError("parameters_invalid", "; ".join(faults))
        except SourceError as error:
            return PreparedPages(event.source.feed, [PreparedPage(event.page, failure=error)])
        visit = Visit(adapter, adapter.feed(event.source), MAX_PAGES)
        first = await self._first(headers, event, visit)
        unit = PreparedPages(visit.feed, [first], first.following)
        while unit.following is not None and not unit.full:
            page = await self._further(headers, unit.following, visit, until, unit.pages[-1])
            if page is None:
                break
            unit.pages.append(page)
            unit.following = page.following
        return unit

    async def _first(self, headers: Headers, event: PageRequested, visit: Visit) -> PreparedPage:
        """The page that the unit is for: if it cannot be had now the unit is tried later, and fails in the end."""
        reading = visit.reading(event, first=True)
        try:
            page = await self._read(headers, event, visit, reading, await self._found(headers, event, visit))
        except SourceUnavailableError as error:
            delay = error.delay or _backoff(headers.attempt)
            if self._worth_waiting(headers, reading, delay):
                self._reader.note(reading, error, final=False)
                raise RetryLaterError(str(error), delay) from error
            page = PreparedPage(event.page, failure=error, reading=reading)
        except SourceError as error:
            page = PreparedPage(event.page, failure=error, reading=reading)
        except DamagedPageError as error:
            raise PermanentError("archive_damaged", str(error)) from error
        self._reader.note(reading, page.failure, final=True)
        return page

    async def _further(
        self, headers: Headers, event: PageRequested, visit: Visit, until: float, before: PreparedPage
    ) -> PreparedPage | None:
        """The next page; None where another unit has to read it: because time is over, or with all its attempts."""
        reading = visit.reading(event, first=False)
        try:
            # Behind a page that no execution had archived there is none that one has.
            known = before.archived is not None and before.archived.reused
            archived = await self._found(headers, event, visit) if known else None
            if archived is None and self._clock() >= until:
                return None
            page = await self._read(headers, event, visit, reading, archived)
        except Exception as error:  # noqa: BLE001 - the pages before it are read; alone it fails as it would have
            _log.info("page_left_to_next_unit", source=visit.adapter.name, page=event.page, error=repr(error))
            self._reader.note(reading, error if isinstance(error, SourceError) else None, final=False)
            return None
        self._reader.note(reading, page.failure, final=True)
        return page

    def _worth_waiting(self, headers: Headers, reading: Reading, delay: float) -> bool:
        """Whether the attempts that are left reach so far; the trial of a broken source is over with its first."""
        left = self._max_attempts - headers.attempt - 1
        trial = reading.admission is not None and reading.admission.trial
        return left > 0 and delay <= left * _LONGEST_WAIT and not trial

    async def _found(self, headers: Headers, event: PageRequested, visit: Visit) -> ArchivedPage | None:
        asked = _provenance(headers, event, visit)
        return await once_available(lambda: self._archive.find(asked, event.requested_at), self._sleep)

    async def _asked(
        self, headers: Headers, event: PageRequested, visit: Visit, reading: Reading
    ) -> tuple[ArchivedPage, _Content | None]:
        """The page as it is archived now, and what it holds; None where that is another's, or cannot be read."""
        asked = _provenance(headers, event, visit)
        page, content = await self._reader.read(visit, _request(event), reading), None
        with contextlib.suppress(Exception):  # raised again once the page is archived
            content = await _content(visit, event, page.payload, reading)
            page = replace(page, payload=content.payload)
        kept = await once_available(lambda: self._archive.keep(page, asked, event.requested_at), self._sleep)
        crash_point("archive_after_put")
        return kept, None if kept.reused else content

    async def _read(
        self, headers: Headers, event: PageRequested, visit: Visit, reading: Reading, archived: ArchivedPage | None
    ) -> PreparedPage:
        content = None
        if archived is None:
            archived, content = await self._asked(headers, event, visit, reading)
        try:
            content = content or await _content(visit, event, archived.page.payload, reading)
        except PagePayloadError as error:
            return PreparedPage(event.page, archived, failure=error, reading=reading)
        batches, items = content.batches, content.items
        last, following = event.page >= event.source.max_pages, None
        sweep = sweeps.begun(event, headers.event_id, archived.page.sent_at) if visit.adapter.lists_all else None
        cut_off = last and content.cursor is not None
        if sweep is not None:
            left = len(batches.too_large)
            sweep = sweeps.with_page(sweep, items - left, too_large=left, cut_off=cut_off)
        if content.cursor is not None and not last:
            following = msgspec.structs.replace(event, page=event.page + 1, cursor=content.cursor, sweep=sweep)
        return PreparedPage(
            event.page, archived.emptied, batches, items, following, reading=reading, sweep=sweep,
            left_out=content.left_out, cut_off=cut_off,
        )  # fmt: skip

    async def apply(
        self, conn: AsyncConnection, headers: Headers, event: PageRequested, prepared: PreparedPages
    ) -> Finished:
        """Index the pages and send their postings on."""
        source, feed = event.source.source, prepared.feed
        key = FeedKey(source, feed, event.campaign.campaign_id, event.source.params, event.run_id)
        finished = Finished(source=source, fetched=sum(page.items for page in prepared.pages))
        await self._store.add_pages(conn, list(_rows(headers, event, prepared)))
        for page in prepared.pages:
            if page.failure is not None:
                self._fail(finished, feed, page.number, page.failure)
                if finished.outcome == "failed":
                    await self._store.failed(conn, key, storable(page.failure), self._now())
            elif page.archived is not None:
                _send_on(finished, feed, page, page.archived)
                # Past days without postings are no alarm, and nothing to compare the next read with.
                if page.number == 1 and event.posted is None:
                    before = await self._store.first_page(conn, key, page.items, page.archived.page.received_at)
                    _mind_silence(finished, feed, page.items, before)
                if page.following is None and page.cut_off and event.posted is not None:
                    _mind_days_left(finished, feed, page.number)
                if page.following is None and page.sweep is not None:
                    told = sweeps.ended(page.sweep, source, feed, page.archived.page.received_at)
                    finished.aside.append(told)
                    await self._store.swept(conn, key, told)
        if prepared.following is not None:
            finished.children.append(Child(prepared.following))
        await self._tell(conn, source, prepared.pages)
        return finished

    async def _tell(self, conn: AsyncConnection, source: str, pages: Sequence[PreparedPage]) -> None:
        """The source's health learns how pages ended; nothing is written of pages like those before them."""
        watch, known, passed = self._reader.watch, list[Known](), False
        if watch is None:
            return
        for page in pages:
            reading = page.reading
            if reading is None or reading.admission is None:
                continue
            if page.failure is not None:
                await watch.failed(conn, source, page.failure, reading.admission)
                continue
            if not passed:
                await watch.passed(conn, source, reading.admission)
            passed = True
            if reading.validators is not None and page.archived is not None:
                known.append(Known(reading.key, reading.validators, page.archived.key, page.archived.sha256))
        await watch.store.remember(conn, known)

    def _fail(self, finished: Finished, feed: str, page: int, failure: SourceError) -> None:
        """The page yields nothing; other sources of the run go on."""
        # What somebody has paused has not failed; the run says so all the same.
        finished.outcome = "cancelled" if failure.reason == "source_paused" else "failed"
        finished.reasons[failure.reason] = 1
        told = advised(str(finished.source), failure)
        finished.error = f"{_named(finished.source, feed)} page {page}: {storable(told)}"
        known = failure.reason != "source_unknown"
        metrics.PAGES.labels(finished.source if known else "unknown", "failed").inc()


def _request(event: PageRequested) -> PageRequest:
    return PageRequest(event.source, event.campaign, event.page, event.cursor, event.requested_at, event.posted)


async def _content(visit: Visit, event: PageRequested, payload: Any, reading: Reading) -> _Content:
    """PagePayloadError for what is no page."""
    found = visit.adapter.items(payload)
    cursor = visit.adapter.next_cursor(payload, _request(event))
    items = found if event.posted is None else posted_within(visit.adapter, visit.feed, found, event.posted)
    batches = split(items) if len(items) <= _FEW else await asyncio.to_thread(split, items)
    reading.items(found)
    return _Content(batches.placed(payload, items), len(items), batches, cursor, len(found) - len(items))


def _provenance(headers: Headers, event: PageRequested, visit: Visit) -> Provenance:
    return Provenance(
        run_id=event.run_id, unit_id=headers.unit_id, campaign_id=event.campaign.campaign_id,
        source=visit.adapter.name, feed=visit.feed, page=event.page,
    )  # fmt: skip


def _rows(headers: Headers, event: PageRequested, prepared: PreparedPages) -> Iterator[PageRow]:
    """Their ids are the same however often the unit is worked on."""
    first = uuid.UUID(headers.event_id)
    for page in prepared.pages:
        if page.archived is None:
            continue
        yield PageRow(
            id=first if page.number == event.page else uuid.uuid5(first, str(page.number)),
            run_id=event.run_id, campaign_id=event.campaign.campaign_id, source=event.source.source,
            feed=prepared.feed, page=page.number, archive_key=page.archived.key, sha256=page.archived.sha256,
            bytes=page.archived.bytes, status=page.archived.page.status, items=page.items,
            error=storable(page.failure) if page.failure else None, fetched_at=page.archived.page.received_at,
        )  # fmt: skip


def _send_on(finished: Finished, feed: str, page: PreparedPage, archived: ArchivedPage) -> None:
    source = str(finished.source)
    for items in page.batches.messages:
        collected = PostingsCollected(
            source=source, feed=feed, page=page.number, archive_key=archived.key,
            collected_at=archived.page.received_at, items=items, sweep_id=page.sweep.sweep_id if page.sweep else None,
        )  # fmt: skip
        finished.children.append(Child(collected, postings=len(items)))
    finished.quarantined += turn_away(finished, page.batches, archived.key)
    if page.left_out:
        finished.reasons["outside_days"] = finished.reasons.get("outside_days", 0) + page.left_out
    metrics.ARCHIVED_BYTES.labels(source).inc(0 if archived.reused else archived.bytes)
    metrics.PAGES.labels(source, "reused" if archived.reused else "fetched").inc()


def turn_away(finished: Finished, batches: Batches, archive_key: str) -> list[Quarantined]:
    """Count the items that are too large to be sent on; what is to be set aside of them."""
    turned: list[Quarantined] = []
    for position in batches.too_large:
        finished.count("rejected", "item_too_large")
        error = f"item {position} of the page has more than {MAX_ITEM_BYTES} bytes"
        turned.append(Quarantined("item_too_large", error, reference=f"{archive_key}#{position}"))
    return turned


def _mind_silence(finished: Finished, feed: str, items: int, before: int | None) -> None:
    """Nothing where there was something is an alarm, not a success."""
    if items == 0 and before:
        finished.reasons["source_empty"] = 1
        finished.error = f"{_named(finished.source, feed)}: nothing found, {before} on the first page last time"
        metrics.EMPTY_PAGES.labels(finished.source).inc()
        _log.warning("source_empty", source=finished.source, feed=feed, before=before)


def _mind_days_left(finished: Finished, feed: str, page: int) -> None:
    """A backfill that stops before the source ends may not have seen its first days."""
    finished.reasons["days_left"] = 1
    finished.error = f"{_named(finished.source, feed)}: more days were left after page {page}; raise its max_pages"


def _named(source: str | None, feed: str) -> str:
    return f"{source}/{feed}" if feed else str(source)


def storable(error: object) -> str:
    """Its words, fit for a text column, whatever a server's answer has put into it."""
    return str(error).replace("\x00", "").encode(errors="replace").decode()[:2000]


def _backoff(attempt: int) -> float:
    return min(600.0, 10.0 * 4.0**attempt)
