"""Removes archived pages whose time is over: once a day, by one process, and when somebody asks."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from common.messaging.health import is_infrastructure
from common.storage import LifecycleRule, StorageUnavailableError, put_lifecycle
from extractor import metrics
from extractor.clients.archive import Archive
from extractor.domain.archive_key import read_key
from extractor.domain.retention import Retention
from extractor.store import BronzeStore

#: Seconds between two looks at the calendar; objects removed in one step.
_LOOK_SECONDS, _AT_A_TIME = 600.0, 500
_log = structlog.get_logger()


@dataclass(slots=True)
class Swept:
    """What a sweep has removed, or would remove."""

    objects: int = 0
    bytes: int = 0
    by_source: Counter[str] = field(default_factory=Counter)


class Sweeper:
    """Keeps the archive to its retention; `bucket` is its URL where a bucket can do so by itself."""

    def __init__(
        self, archive: Archive, store: BronzeStore, engine: AsyncEngine, retention: Retention,
        bucket: str | None = None, tier_days: int = 0,
    ) -> None:  # fmt: skip
        self._archive = archive
        self._store = store
        self._engine = engine
        self._retention = retention
        self._bucket = bucket
        self._tier_days = tier_days

    async def sweep(self, now: datetime, *, dry_run: bool = False) -> Swept:
        """Remove what is too old by the day in its key; StorageUnavailableError leaves the rest for the next time."""
        swept = Swept()
        keys: list[str] = []
        async for found, placed in self._archive.objects():
            if placed is None or placed.day >= self._retention.first_kept(placed.source, now.date()):
                continue
            swept.objects += 1
            swept.bytes += found.size
            swept.by_source[placed.source] += 1
            keys.append(found.key)
        if not dry_run:
            await self._remove(keys, now)
        _log.info("archive_swept", objects=swept.objects, bytes=swept.bytes, dry_run=dry_run)
        return swept

    def is_over(self, key: str, now: datetime) -> bool:
        """Whether an object of this key need not be there any more."""
        placed = read_key(self._archive.prefix, key)
        return placed is not None and placed.day < self._retention.first_kept(placed.source, now.date())

    async def set_lifecycle(self, *, dry_run: bool = False) -> list[LifecycleRule]:
        """Let the bucket do the same by itself, and move pages to a cheaper tier; no rules where there is no bucket."""
        if self._bucket is None:
            return []
        tier, retention = self._tier_days or None, self._retention
        rules = [LifecycleRule(self._archive.prefix_of(), retention.days, tier)]
        rules += [LifecycleRule(self._archive.prefix_of(s), days, tier) for s, days in retention.shortened.items()]
        if not dry_run:
            await put_lifecycle(self._bucket, rules)
        return rules

    async def sweep_once_a_day(self, now: datetime) -> bool:
        """Sweep unless somebody has done so, or begun to, on this UTC day."""
        async with self._engine.begin() as conn:
            if not await self._store.claim_sweep(conn, now.date()):
                return False
        swept = await self.sweep(now)
        async with self._engine.begin() as conn:
            await self._store.swept(conn, now.date(), now, swept.objects, swept.bytes)
        metrics.SWEPT_BYTES.inc(swept.bytes)
        return True

    async def _remove(self, keys: list[str], now: datetime) -> None:
        for start in range(0, len(keys), _AT_A_TIME):
            part = keys[start : start + _AT_A_TIME]
            # First the index: a page that it calls gone and is still there does no harm, the other way round it would.
            async with self._engine.begin() as conn:
                await self._store.removed(conn, part, now)
            await self._archive.remove(part)
        day, retention = now.date(), self._retention
        limits = {source: _midnight(retention.first_kept(source, day)) for source in retention.shortened}
        async with self._engine.begin() as conn:
            await self._store.removed_before(conn, _midnight(retention.first_kept("", day)), limits, now)

    async def _run(self, now: Callable[[], datetime]) -> None:
        while True:
            try:
                await self.sweep_once_a_day(now())
            except StorageUnavailableError as error:
                _log.warning("archive_not_swept", error=str(error))
            except Exception as error:
                if not is_infrastructure(error):
                    raise
                _log.warning("sweep_waits_for_infrastructure", error=repr(error))
            await asyncio.sleep(_LOOK_SECONDS)

    @contextlib.asynccontextmanager
    async def running(self, now: Callable[[], datetime]) -> AsyncIterator[None]:
        """Sweep daily for the duration of the context; a sweeper that fails ends the process loudly."""
        async with asyncio.TaskGroup() as group:
            task = group.create_task(self._run(now), name="archive sweeper")
            try:
                yield
            finally:
                task.cancel()


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
