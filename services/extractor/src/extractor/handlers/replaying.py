"""Archived pages are read again through today's rules; no source is asked."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from common.contracts import ArchivedPageRequested, Headers, PostingsCollected, WindowRequested
from common.messaging.errors import PermanentError
from common.messaging.unit import Child, Finished
from common.storage import ObjectMissingError
from extractor import metrics
from extractor.clients.archive import Archive, once_available
from extractor.domain.batches import Batches, split
from extractor.errors import DamagedPageError
from extractor.handlers.pages import storable, turn_away
from extractor.store import SourceStore, Window
from sources.errors import SourceError
from sources.registry import adapter_of

#: Pages that one unit declares: with the unit that continues the window they stay below 500 (ARCHITECTURE §4).
PAGES_AT_A_TIME = 400


class ReadWindow:
    """A window of the archive becomes its pages, a part of them in each unit, in the order they were fetched."""

    event = WindowRequested
    queue = "extractor.windows"
    trial = None

    def __init__(self, store: SourceStore, at_a_time: int = PAGES_AT_A_TIME) -> None:
        self._store = store
        self._at_a_time = at_a_time

    async def prepare(self, headers: Headers, event: WindowRequested) -> uuid.UUID | None:
        """The page behind which to continue."""
        try:
            return uuid.UUID(event.after) if event.after else None
        except ValueError as error:
            raise PermanentError("page_unknown", f"{event.after!r} is no page") from error

    async def apply(
        self, conn: AsyncConnection, headers: Headers, event: WindowRequested, prepared: uuid.UUID | None
    ) -> Finished:
        """Declare the pages that are still there; those whose time was over are counted by name."""
        window = Window(event.since, event.until, event.sources, event.run_ids)
        rows = await self._store.pages(conn, window, after=prepared, limit=self._at_a_time)
        left = [row for row in rows if row.removed_at is None]
        finished = Finished(
            children=[Child(ArchivedPageRequested(page_id=str(row.id), mode=event.mode)) for row in left]
        )
        if expired := len(rows) - len(left):
            finished.reasons["page_expired"] = expired
            gone = next(row for row in rows if row.removed_at is not None)
            finished.error = f"{expired} pages are no longer kept, such as {gone.archive_key}"
        if len(rows) == self._at_a_time:
            finished.children.append(Child(msgspec.structs.replace(event, after=str(rows[-1].id))))
        elif not rows and prepared is None:
            finished.reasons["nothing_archived"] = 1
            finished.error = "the archive holds no page of this window"
        return finished


@dataclass(frozen=True, slots=True)
class Reread:
    """A page out of the archive: its entry in the index, and its items, or why it has none.

    `failed` is false for a page that no rule could read when it was fetched either.
    """

    row: "sa.Row[tuple[object, ...]]"
    batches: Batches
    items: int = 0
    reason: str | None = None
    error: str = ""
    failed: bool = True


class RereadPage:
    """One archived page: its digest checked, cut into batches as when it was new, with the time it was fetched at."""

    event = ArchivedPageRequested
    queue = "extractor.archived"
    trial = None

    def __init__(
        self, archive: Archive, store: SourceStore, engine: AsyncEngine,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:  # fmt: skip
        self._archive = archive
        self._store = store
        self._engine = engine
        self._sleep = sleep

    async def prepare(self, headers: Headers, event: ArchivedPageRequested) -> Reread:
        """Read the page and find its items."""
        async with self._engine.connect() as conn:
            row = await self._store.page(conn, uuid.UUID(event.page_id))
        if row is None:
            raise PermanentError("page_unknown", f"no page {event.page_id} in the index")
        try:
            adapter = adapter_of(row.source)
            page = await once_available(lambda: self._archive.stored(row.archive_key, row.sha256), self._sleep)
            items = adapter.items(page.payload)
        except SourceError as error:
            return Reread(row, Batches(), reason=error.reason, error=storable(error), failed=row.error is None)
        except DamagedPageError as error:
            return Reread(row, Batches(), reason="page_damaged", error=str(error))
        except ObjectMissingError:
            return Reread(row, Batches(), reason="page_missing", error="there is no object under this key any more")
        return Reread(row, await asyncio.to_thread(split, items), len(items))

    async def apply(
        self, conn: AsyncConnection, headers: Headers, event: ArchivedPageRequested, prepared: Reread
    ) -> Finished:
        """Send its postings on, marked as a replay; a page that cannot be used is named, and the others go on."""
        row = prepared.row
        finished = Finished(source=row.source, fetched=prepared.items)
        if prepared.reason is not None:
            finished.outcome = "failed" if prepared.failed else "ok"
            finished.reasons[prepared.reason] = 1
            finished.error = f"{row.archive_key}: {prepared.error}"
        for items in prepared.batches.messages:
            collected = PostingsCollected(
                source=row.source, feed=row.feed, page=row.page, archive_key=row.archive_key,
                collected_at=row.fetched_at, items=items, replay=event.mode, campaign_id=row.campaign_id,
            )  # fmt: skip
            finished.children.append(Child(collected, postings=len(items)))
        turned = turn_away(finished, prepared.batches, row.archive_key)
        if event.mode == "apply":
            finished.quarantined = turned
        metrics.PAGES.labels(row.source, "failed" if prepared.reason else "replayed").inc()
        return finished
