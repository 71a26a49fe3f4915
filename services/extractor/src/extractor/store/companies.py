"""The queue of company look-ups and the raw answers; every due time and lease is on the database's clock."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from common.database import bulk_upsert
from extractor.tables import company_enrichment_queue as queue
from extractor.tables import glassdoor_companies as answers

Status = Literal["pending", "success", "not_found", "error"]
Row = sa.Row[Any]


@dataclass(frozen=True, slots=True)
class Claimed:
    """A look-up that is this process's until `leased_until`; `asked_before`: answers from before are not wanted."""

    company_lookup_key: uuid.UUID
    name: str
    domain: str | None
    query: str
    attempts: int
    run_id: str
    campaign_id: str
    requested_at: datetime
    leased_until: datetime
    asked_before: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """A provider's answer as stored, `query` None where it cannot be read; column names are those of the table."""

    glassdoor_companies_key: uuid.UUID
    company_lookup_key: uuid.UUID
    query: str | None
    payload: Any
    archive_key: str
    sha256: str
    source_system: str
    collected_at: datetime


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a look-up, or an attempt of it, ended; `next_attempt_in` None: it has ended. Column names are the table's."""

    enrichment_status: Status
    attempts: int
    next_attempt_in: timedelta | None = None
    last_error: str | None = None
    company_id: str | None = None
    reason: str | None = None
    score: float | None = None
    rules_version: int | None = None


# One at a time chooses what to work on: two look-ups of one query must not begin at once.
_ONE_AT_A_TIME = sa.text("SELECT pg_advisory_xact_lock(hashtext('extractor.company_enrichment_queue'))")
# What a dead process left comes first, so that its archived answer is found before somebody asks the same again.
_CLAIM = sa.text("""
WITH mine AS (
    SELECT q.company_lookup_key AS key FROM extractor.company_enrichment_queue q
    WHERE q.next_attempt_at <= now() AND (q.leased_until IS NULL OR q.leased_until <= now())
      AND NOT EXISTS (SELECT FROM extractor.company_enrichment_queue o
                      WHERE o.query = q.query AND o.leased_until > now())
    ORDER BY q.leased_until, q.next_attempt_at LIMIT 1 FOR UPDATE SKIP LOCKED
)
UPDATE extractor.company_enrichment_queue q
SET leased_until = now() + :lease, enrichment_status = 'pending',
    attempts = CASE q.enrichment_status WHEN 'pending' THEN q.attempts ELSE 0 END,
    requested_at = CASE q.enrichment_status WHEN 'pending' THEN q.requested_at ELSE now() END
FROM mine WHERE q.company_lookup_key = mine.key
RETURNING q.company_lookup_key, q.name, q.domain, q.query, q.attempts, q.run_id, q.campaign_id, q.requested_at,
          q.leased_until, q.requested_at > q.created_at AS asked_before
""")


class CompanyStore:
    """SQL on the queue and on the answers."""

    async def add(self, conn: AsyncConnection, rows: Sequence[dict[str, Any]]) -> int:
        """Queue employers that are not queued yet; returns how many were new."""
        key = ["company_lookup_key"]
        return len(await bulk_upsert(conn, queue, rows, key=key, update=(), returning=key))

    async def claim(self, conn: AsyncConnection, lease: timedelta) -> Claimed | None:
        """The next look-up that is due, unless somebody is asking the same at the moment."""
        await conn.execute(_ONE_AT_A_TIME)
        row = (await conn.execute(_CLAIM, {"lease": lease})).mappings().first()
        return Claimed(**row) if row else None

    async def answer(self, conn: AsyncConnection, query: str, since: datetime | None) -> Answer | None:
        """The latest answer to a query, not older than `since`."""
        columns = [answers.c[name] for name in Answer.__slots__]
        found = sa.select(*columns).where(answers.c.query == query).order_by(answers.c.collected_at.desc()).limit(1)
        if since is not None:
            found = found.where(answers.c.collected_at >= since)
        row = (await conn.execute(found)).mappings().first()
        return Answer(**row) if row else None

    async def keep(self, conn: AsyncConnection, new: Sequence[Answer]) -> None:
        """Store answers; those stored before stay as they are."""
        rows = [{name: getattr(answer, name) for name in Answer.__slots__} for answer in new]
        await bulk_upsert(conn, answers, rows, key=["glassdoor_companies_key"], update=())

    async def record(self, conn: AsyncConnection, claimed: Claimed, verdict: Verdict) -> bool:
        """Write how it ended; False where the lease had run out and somebody else has taken it."""
        values = {name: getattr(verdict, name) for name in Verdict.__slots__ if name != "next_attempt_in"}
        later = verdict.next_attempt_in
        values["next_attempt_at"] = None if later is None else sa.func.now() + later
        ours = (queue.c.company_lookup_key == claimed.company_lookup_key, queue.c.leased_until == claimed.leased_until)
        done = queue.update().where(*ours).values(**values, leased_until=None, updated_at=sa.func.now())
        return (await conn.execute(done)).rowcount == 1

    async def release(self, conn: AsyncConnection, claimed: Claimed, error: str) -> None:
        """Give it back as it was: something else than the company stood in the way."""
        ours = (queue.c.company_lookup_key == claimed.company_lookup_key, queue.c.leased_until == claimed.leased_until)
        await conn.execute(queue.update().where(*ours).values(leased_until=None, last_error=error))

    async def ask_again(self, conn: AsyncConnection, key: uuid.UUID) -> tuple[Row | None, bool]:
        """The look-up after a request to ask anew (None: not queued), and whether it was one that had failed."""
        failed = queue.c.enrichment_status.in_(["not_found", "error"])
        anew = {
            "enrichment_status": "pending", "attempts": 0, "next_attempt_at": sa.func.now(), "leased_until": None,
            "requested_at": sa.func.now(), "updated_at": sa.func.now(),
        }  # fmt: skip
        same = queue.c.company_lookup_key == key
        row = (await conn.execute(queue.update().where(same, failed).values(anew).returning(queue))).first()
        if row is not None:
            return row, True
        return (await conn.execute(sa.select(queue).where(same))).first(), False

    async def counts(self, conn: AsyncConnection) -> dict[str, int]:
        """Look-ups by status."""
        status = queue.c.enrichment_status
        rows = await conn.execute(sa.select(status, sa.func.count()).group_by(status))
        return {name: count for name, count in rows}  # noqa: C416 - rows are not pairs to the type checker

    async def entries(
        self, conn: AsyncConnection, status: Status | None, before: tuple[datetime, uuid.UUID] | None, limit: int
    ) -> Sequence[Row]:
        """Look-ups, the latest changed first, behind `before` (time of change and key)."""
        order = (queue.c.updated_at, queue.c.company_lookup_key)
        query = sa.select(queue).order_by(*(column.desc() for column in order)).limit(limit)
        if status is not None:
            query = query.where(queue.c.enrichment_status == status)
        if before is not None:
            query = query.where(sa.tuple_(*order) < before)
        return (await conn.execute(query)).all()
