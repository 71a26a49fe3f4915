"""Watches over sources: whether a page may be asked for, what came of it, and how each source is."""

import asyncio
import contextlib
import itertools
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from extractor import metrics
from extractor.domain.circuit import blames_source, refuses, shows_life
from extractor.domain.drift import Sample
from extractor.domain.source_state import Standing, broken, paused
from extractor.store.health import KEPT_DAYS, HealthStore, PageKey
from sources.errors import SourceError, SourceRejectedError
from sources.fetch import Validators
from sources.registry import adapter_of

_FLUSH_SECONDS, _SHOW_EVERY = 2.0, 15
_encode = msgspec.json.Encoder().encode
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Earlier:
    """The page as it was archived the last time, and by what its request can be made conditional."""

    validators: Validators
    archive_key: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Admission:
    """That pages may be asked for. `trial`: a broken source is tried with one. `troubled`: pages before it failed.

    `earlier` holds those of the pages, by number, that can be asked for conditionally.
    """

    trial: bool = False
    troubled: bool = False
    earlier: Mapping[int, Earlier] = field(default_factory=dict)


@dataclass(slots=True)
class Counts:
    """What is added to a source's day; `milliseconds` were spent asking."""

    requests: int = 0
    pages: int = 0
    failed: int = 0
    postings: int = 0
    milliseconds: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    sampled: int = 0
    fields: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Counts", sample: Sample | None = None) -> None:
        """Take in what another counted, and what was seen of a page's items."""
        for name in ("requests", "pages", "failed", "postings", "milliseconds", "sampled"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.errors.update(other.errors)
        self.fields.update(other.fields)
        if sample is not None:
            self.sampled += sample.items
            self.fields.update(sample.fields)

    def row(self, source: str, day: date) -> dict[str, Any]:
        """As the statement takes it."""
        numbers = {n: getattr(self, n) for n in ("requests", "pages", "failed", "postings", "milliseconds", "sampled")}
        told = {"errors": _encode(self.errors).decode(), "fields": _encode(self.fields).decode()}
        return {"source": source, "day": day, **numbers, **told}


class SourceWatch:
    """The health of sources as this process sees and shares it.

    Counts of days are gathered here and written every two seconds: they are no books, and a process that is killed
    loses what it has not written. Circuit and pause are exact.
    """

    def __init__(
        self, engine: AsyncEngine, *, broken_after: int, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.store = HealthStore()
        self._engine = engine
        self._single = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._broken_after = broken_after
        self._now = now
        self._counts: dict[tuple[str, date], Counts] = {}

    async def admit(self, key: PageKey, pages: int) -> Admission:
        """Whether so many pages may be asked for; SourceRejectedError if their source is paused or broken."""
        # Without a transaction around it: this is asked for every unit.
        async with self._single.connect() as conn:
            rows = await self.store.admit(conn, key, pages)
            row = rows[0]
            trial = False
            if row.broken_at is not None and row.paused_at is None:
                trial = row.trial_at <= row.now and await self.store.claim_trial(conn, key.source)
        if row.paused_at is not None:
            raise SourceRejectedError("source_paused", paused(key.source, row.paused_at))
        if row.broken_at is not None and not trial:
            standing = Standing(None, row.broken_at, row.reason, row.trial_at, row.failures)
            raise SourceRejectedError("source_broken", broken(key.source, standing))
        earlier = {
            row.page: Earlier(Validators(row.request, row.etag, row.last_modified), row.archive_key, row.sha256)
            for row in rows
            if row.request is not None
        }
        return Admission(trial, row.failures > 0, earlier)

    def note(self, source: str, counts: Counts, sample: Sample | None = None) -> None:
        """Add what asking for a page took and gave."""
        self._counts.setdefault((source, self._now().astimezone(UTC).date()), Counts()).add(counts, sample)

    async def passed(self, conn: AsyncConnection, source: str, admission: Admission) -> None:
        """The page was read."""
        if admission.troubled:
            await self.store.passed(conn, source)

    async def failed(self, conn: AsyncConnection, source: str, failure: SourceError, admission: Admission) -> None:
        """The page could not be read in the end: too many in a row, and the source is broken."""
        if not blames_source(failure):
            if admission.trial and shows_life(failure):
                await self.store.passed(conn, source)
            return
        at_once = refuses(failure) and bool(adapter_of(source).settings.needs)
        said = str(failure).replace("\x00", "").encode(errors="replace").decode()[:500]
        circuit = await self.store.failed(
            conn, source, said, limit=self._broken_after, at_once=at_once, trial=admission.trial
        )
        if circuit.broken_at is not None:
            _log.error("source_broken", source=source, failures=circuit.failures, trial_at=str(circuit.trial_at))

    async def flush(self) -> None:
        """Write what was counted; it is kept if that fails."""
        if not self._counts:
            return
        counts, self._counts = self._counts, {}
        # In one order everywhere, so that two processes do not wait for each other in a circle.
        rows = [each.row(*key) for key, each in sorted(counts.items())]
        try:
            async with self._engine.begin() as conn:
                await self.store.add_days(conn, rows)
        except BaseException:
            for key, each in counts.items():
                self._counts.setdefault(key, Counts()).add(each)
            raise

    @contextlib.asynccontextmanager
    async def running(self, show: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
        """Write from time to time, and at the end; `show` sets the gauges, every half minute."""
        task = asyncio.create_task(self._repeat(show))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await self._if_possible(self.flush)

    async def _repeat(self, show: Callable[[], Awaitable[None]]) -> None:
        await self._if_possible(self._forget)
        for turn in itertools.count():
            await self._if_possible(self.flush)
            if turn % _SHOW_EVERY == 0:
                await self._if_possible(show)
            await asyncio.sleep(_FLUSH_SECONDS)

    async def _forget(self) -> None:
        async with self._engine.begin() as conn:
            await self.store.forget(conn, self._now().date() - timedelta(days=KEPT_DAYS))

    async def _if_possible(self, step: Callable[[], Awaitable[None]]) -> None:
        try:
            await step()
        except Exception as error:  # noqa: BLE001 - health must not end the service; what is not written is kept
            _log.warning("source_health_not_written", error=repr(error))


def count_requests(source: str, answers: Counter[str]) -> None:
    """Show requests by class of their answer."""
    for status, number in answers.items():
        metrics.REQUESTS.labels(source, status).inc(number)
