"""Asks a source for a page: if it may be asked, conditionally where that saves work, and counted."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from common.contracts import PageRequested
from common.storage import ObjectMissingError
from extractor.clients.archive import Archive, once_available
from extractor.clients.providers import Providers
from extractor.domain.drift import Sample, sample
from extractor.domain.envelope import RawPage, whole_milliseconds
from extractor.errors import DamagedPageError
from extractor.store.health import PageKey
from extractor.store.watch import Admission, Counts, Earlier, SourceWatch, count_requests
from sources.adapter import FetchedPage, PageRequest, SourceAdapter
from sources.errors import NotModifiedError, SourceError
from sources.fetch import Validators


@dataclass(slots=True)
class Visit:
    """A unit's stay at a source, which is admitted once, for all the `pages` that the unit may read."""

    adapter: SourceAdapter
    feed: str
    pages: int
    admission: Admission | None = None

    def reading(self, event: PageRequested, *, first: bool) -> "Reading":
        """For one of the pages."""
        return Reading(PageKey(self.adapter.name, self.feed, event.campaign.campaign_id, event.page), first)


@dataclass(slots=True)
class Reading:
    """What asking for one page took and showed; `admission` is None where its source was not asked.

    One page of a unit is `sampled` for drift.
    """

    key: PageKey
    sampled: bool
    admission: Admission | None = None
    validators: Validators | None = None
    counts: Counts = field(default_factory=Counts)
    sample: Sample | None = None

    def items(self, found: list[Any]) -> None:
        """The page can be read."""
        self.counts.postings = len(found)
        if self.admission is not None and self.sampled:
            self.sample = sample(found)


class Reader:
    """Reads pages of sources; without a `watch` nothing is asked of, or written to, a database."""

    def __init__(
        self,
        providers: Providers,
        archive: Archive,
        watch: SourceWatch | None,
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self.watch = watch
        self._providers = providers
        self._archive = archive
        self._sleep = sleep

    async def read(self, visit: Visit, request: PageRequest, reading: Reading) -> RawPage:
        """The page as it came.

        If the source says that it is the same as the last time, its payload is that of the last time and its status
        304. SourceRejectedError where the source is paused or broken.
        """
        if visit.admission is None:
            visit.admission = await self.watch.admit(reading.key, visit.pages) if self.watch else Admission()
        reading.admission = visit.admission
        adapter, earlier = visit.adapter, reading.admission.earlier.get(request.page)
        try:
            return _raw(await self._ask(adapter, request, reading, earlier.validators if earlier else None))
        except NotModifiedError as same:
            page = await self._unchanged(same.page, earlier)
        if page is None:  # the earlier page is lost
            return _raw(await self._ask(adapter, request, reading, None))
        reading.validators = earlier.validators if earlier else None
        return page

    def note(self, reading: Reading, failure: SourceError | None, *, final: bool) -> None:
        """Count what became of the page; one that is tried again later is `final` then."""
        if self.watch is None or reading.admission is None:
            return
        counts = reading.counts
        counts.pages, counts.failed = int(final), int(final and failure is not None)
        if failure is not None:
            counts.errors[failure.reason] += 1
        self.watch.note(reading.key.source, counts, reading.sample)

    async def _ask(
        self, adapter: SourceAdapter, request: PageRequest, reading: Reading, known: Validators | None
    ) -> FetchedPage:
        client = self._providers.client(adapter).for_page(known)
        started = time.perf_counter()
        try:
            page = await adapter.fetch(client, request)
        finally:
            reading.counts.milliseconds += round((time.perf_counter() - started) * 1000)
            reading.counts.requests += client.fetch.answers.total()
            count_requests(adapter.name, client.fetch.answers)
        reading.validators = client.fetch.validators
        return page

    async def _unchanged(self, answer: FetchedPage, earlier: Earlier | None) -> RawPage | None:
        if earlier is None:
            return None
        try:
            kept = await once_available(lambda: self._archive.stored(earlier.archive_key, earlier.sha256), self._sleep)
        except (ObjectMissingError, DamagedPageError):
            return None
        return _raw(answer, kept.payload)


def _raw(answer: FetchedPage, payload: Any = None) -> RawPage:
    return RawPage(
        endpoint=answer.endpoint, params=answer.params, sent_at=answer.sent_at, status=answer.status,
        received_at=whole_milliseconds(answer.received_at), headers=answer.headers,
        payload=answer.payload if payload is None else payload,
    )  # fmt: skip
