"""The quota ledger: requests of all processes, booked before they are made, in rolling windows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from sources.adapter import SourceAdapter
from sources.errors import SourceRejectedError, SourceUnavailableError
from sources.quota import LENGTHS, Quota, Window
from sources.settings import source_settings

#: Requests are counted in slots of so many seconds; one that a window touches counts whole, so that we err early.
SLOT = timedelta(seconds=5)
# All bookings of a source wait for each other here, so that the sum below is of everything before it.
_LOCK = sa.text("SELECT pg_advisory_xact_lock(hashtextextended('posthorn:quota:' || :source, 0))")
# The database's clock counts for everybody, and it is read after the lock was waited for.
_BOOK = sa.text("""
WITH moment AS MATERIALIZED (SELECT clock_timestamp() AS now),
over AS (DELETE FROM extractor.quota_use
         WHERE source = :source AND slot < clock_timestamp() - CAST(:longest AS interval) - CAST(:slot AS interval)),
used_up AS (
  SELECT 1 FROM unnest(CAST(:allowed AS int[]), CAST(:lengths AS interval[])) AS q (allowed, length), moment
  WHERE allowed <= (SELECT coalesce(sum(requests), 0) FROM extractor.quota_use
                    WHERE source = :source AND slot > now - length - CAST(:slot AS interval)))
INSERT INTO extractor.quota_use AS u (source, slot, requests)
SELECT :source, date_bin(CAST(:slot AS interval), now, 'epoch'), 1 FROM moment WHERE NOT EXISTS (SELECT FROM used_up)
ON CONFLICT (source, slot) DO UPDATE SET requests = u.requests + 1
RETURNING 1
""")
# A window has room again when as many requests have left it as are in it beyond one less than allowed.
_USE = sa.text("""
SELECT q.source, q.per, q.allowed, coalesce(u.used, 0)::int AS used, moment.now,
       u.leaving + q.length + CAST(:slot AS interval) AS resets_at
FROM (SELECT clock_timestamp() AS now) AS moment,
     unnest(CAST(:sources AS text[]), CAST(:pers AS text[]), CAST(:allowed AS int[]), CAST(:lengths AS interval[]))
       WITH ORDINALITY AS q (source, per, allowed, length, n)
LEFT JOIN LATERAL (
  SELECT max(total) AS used, min(slot) FILTER (WHERE gone > total - q.allowed) AS leaving
  FROM (SELECT slot, sum(requests) OVER (ORDER BY slot) AS gone, sum(requests) OVER () AS total
        FROM extractor.quota_use
        WHERE source = q.source AND slot > clock_timestamp() - q.length - CAST(:slot AS interval)) AS slots
) AS u ON true
ORDER BY q.n
""")


def quotas_of(adapter: SourceAdapter) -> Sequence[Quota]:
    """What the source allows, or the environment says that it does; none where that cannot be read."""
    try:
        return source_settings(adapter.name, adapter.settings).quotas
    except SourceRejectedError:
        return ()


@dataclass(frozen=True, slots=True)
class QuotaUse:
    """How much of a quota is used; `resets_at`: when its oldest request leaves it, or, if full, when there is room."""

    per: Window
    allowed: int
    used: int
    resets_at: datetime | None


class QuotaLedger:
    """The table quota_use."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    def gate(self, source: str, quotas: Sequence[Quota]) -> "QuotaGate":
        """What a source's client asks before each request."""
        return QuotaGate(self, source, quotas)

    async def book(self, source: str, quotas: Sequence[Quota]) -> None:
        """Count a request, or say that there is none left: SourceUnavailableError with the time until there is."""
        lengths = [LENGTHS[quota.per] for quota in quotas]
        asked = {"allowed": [q.requests for q in quotas], "lengths": lengths, "longest": max(lengths), "slot": SLOT}
        async with self._engine.begin() as conn:
            await conn.execute(_LOCK, {"source": source})
            if (await conn.execute(_BOOK, {"source": source, **asked})).first() is not None:
                return
            use = await self._read(conn, {source: quotas})
        full = [row for row in use if row.used >= row.allowed and row.resets_at]
        latest = max(full, key=lambda row: row.resets_at, default=None)
        if latest is None:  # a slot left between the two statements
            raise SourceUnavailableError("quota_exhausted", f"{source} has no request left", SLOT.total_seconds())
        raise SourceUnavailableError(
            "quota_exhausted",
            f"{latest.used} of {latest.allowed} requests a {latest.per} to {source} are used; "
            f"the next is free at {latest.resets_at:%Y-%m-%d %H:%M:%S} UTC",
            max(1.0, (latest.resets_at - latest.now).total_seconds()),
        )

    async def use(self, conn: AsyncConnection, quotas: Mapping[str, Sequence[Quota]]) -> dict[str, list[QuotaUse]]:
        """How much of these sources' quotas is used."""
        found: dict[str, list[QuotaUse]] = {}
        for row in await self._read(conn, quotas):
            found.setdefault(row.source, []).append(QuotaUse(row.per, row.allowed, row.used, row.resets_at))
        return found

    async def _read(self, conn: AsyncConnection, quotas: Mapping[str, Sequence[Quota]]) -> Sequence[sa.Row[Any]]:
        each = [(source, quota) for source, given in quotas.items() for quota in given]
        if not each:
            return []
        columns = {
            "sources": [source for source, _ in each],
            "pers": [quota.per for _, quota in each],
            "allowed": [quota.requests for _, quota in each],
            "lengths": [LENGTHS[quota.per] for _, quota in each],
        }
        return (await conn.execute(_USE, {**columns, "slot": SLOT})).all()


class QuotaGate:
    """The quotas of one source."""

    def __init__(self, ledger: QuotaLedger, source: str, quotas: Sequence[Quota]) -> None:
        self._ledger = ledger
        self._source = source
        self._quotas = quotas

    async def book(self) -> None:
        """Count one request ahead of it; SourceUnavailableError("quota_exhausted") where none is left."""
        await self._ledger.book(self._source, self._quotas)
