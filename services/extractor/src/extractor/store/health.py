"""SQL on how sources are: standing and circuit, days, and what makes the next request of a page conditional."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from extractor.domain.circuit import Circuit
from extractor.domain.drift import MOST_PATHS
from extractor.tables import page_validators, source_day, source_state
from sources.fetch import Validators

#: Days of health that are kept.
KEPT_DAYS = 90


@dataclass(frozen=True, slots=True)
class PageKey:
    """A page of a feed as one campaign reads it, whatever the run."""

    source: str
    feed: str
    campaign_id: str
    page: int

    @property
    def columns(self) -> dict[str, Any]:
        """The key's columns."""
        return {"source": self.source, "feed": self.feed, "campaign_id": self.campaign_id, "page": self.page}


@dataclass(frozen=True, slots=True)
class Known:
    """A page that was read: by what its next request can be made conditional, and where it is archived."""

    key: PageKey
    validators: Validators
    archive_key: str
    sha256: str

    @property
    def columns(self) -> dict[str, Any]:
        """A row of page_validators."""
        said = {name: getattr(self.validators, name) for name in ("request", "etag", "last_modified")}
        return {**self.key.columns, **said, "archive_key": self.archive_key, "sha256": self.sha256}


_KNOWN = insert(page_validators)
_REMEMBER = _KNOWN.on_conflict_do_update(
    index_elements=["source", "feed", "campaign_id", "page"],
    set_={n: _KNOWN.excluded[n] for n in ("request", "etag", "last_modified", "archive_key", "sha256")},
)
_ADMIT = sa.text("""
SELECT now() AS now, s.paused_at, s.broken_at, s.reason, s.trial_at, coalesce(s.failures, 0) AS failures,
       v.page, v.request, v.etag, v.last_modified, v.archive_key, v.sha256
FROM (VALUES (1)) AS one (n)
LEFT JOIN extractor.source_state s ON s.source = :source
LEFT JOIN extractor.page_validators v
  ON (v.source, v.feed, v.campaign_id) = (:source, :feed, :campaign_id) AND v.page BETWEEN :page AND :last
""")
_CLAIM_TRIAL = sa.text("""
UPDATE extractor.source_state SET trial_at = now() + wait
WHERE source = :source AND broken_at IS NOT NULL AND trial_at <= now() RETURNING 1
""")
_PASSED = sa.text("""
UPDATE extractor.source_state SET failures = 0, broken_at = NULL, trial_at = NULL, reason = ''
WHERE source = :source AND (failures > 0 OR broken_at IS NOT NULL)
""")
_SUMMED = """(
  SELECT coalesce(jsonb_object_agg(key, n), '{{}}') FROM (
    SELECT key, sum(value::bigint) AS n
    FROM (SELECT * FROM jsonb_each_text(d.{0}) UNION ALL SELECT * FROM jsonb_each_text(excluded.{0})) AS e
    GROUP BY key ORDER BY n DESC, key LIMIT {1}) AS m)"""
_ADD_DAY = sa.text(f"""
INSERT INTO extractor.source_day AS d
  (source, day, requests, pages, failed, postings, milliseconds, sampled, errors, fields)
VALUES (:source, :day, :requests, :pages, :failed, :postings, :milliseconds, :sampled,
        CAST(:errors AS jsonb), CAST(:fields AS jsonb))
ON CONFLICT (source, day) DO UPDATE SET
  requests = d.requests + excluded.requests, pages = d.pages + excluded.pages, failed = d.failed + excluded.failed,
  postings = d.postings + excluded.postings, milliseconds = d.milliseconds + excluded.milliseconds,
  sampled = d.sampled + excluded.sampled,
  errors = {_SUMMED.format("errors", MOST_PATHS)}, fields = {_SUMMED.format("fields", MOST_PATHS)}
""")  # noqa: S608 - made of constants


class HealthStore:
    """The tables source_state, source_day and page_validators."""

    async def admit(self, conn: AsyncConnection, first: PageKey, pages: int) -> Sequence[sa.Row[Any]]:
        """The source's standing, with the database's time, and validators of so many pages; Nones where none are."""
        return (await conn.execute(_ADMIT, {**first.columns, "last": first.page + pages - 1})).all()

    async def claim_trial(self, conn: AsyncConnection, source: str) -> bool:
        """Whether this caller is the one that may try a broken source now."""
        return (await conn.execute(_CLAIM_TRIAL, {"source": source})).first() is not None

    async def passed(self, conn: AsyncConnection, source: str) -> None:
        """A page was read: the source works."""
        await conn.execute(_PASSED, {"source": source})

    async def failed(
        self, conn: AsyncConnection, source: str, reason: str, *, limit: int, at_once: bool, trial: bool
    ) -> Circuit:
        """A page could not be read; what that makes of the source."""
        await conn.execute(insert(source_state).values(source=source).on_conflict_do_nothing())
        locked = sa.select(source_state, sa.func.now().label("now")).where(source_state.c.source == source)
        row = (await conn.execute(locked.with_for_update())).one()
        before = Circuit(row.failures, row.broken_at, row.reason, row.wait, row.trial_at)
        after = before.failed(row.now, reason, limit=limit, at_once=at_once, trial=trial)
        values = {name: getattr(after, name) for name in Circuit.__slots__}
        await conn.execute(sa.update(source_state).where(source_state.c.source == source).values(values))
        return after

    async def pause(self, conn: AsyncConnection, source: str) -> None:
        """Read nothing of the source until it is resumed."""
        added = insert(source_state).values(source=source, paused_at=sa.func.now())
        paused_at = sa.func.coalesce(source_state.c.paused_at, added.excluded.paused_at)
        await conn.execute(added.on_conflict_do_update(index_elements=["source"], set_={"paused_at": paused_at}))

    async def resume(self, conn: AsyncConnection, source: str) -> None:
        """Read the source again, whether it was paused or broken."""
        await self.passed(conn, source)
        await conn.execute(sa.update(source_state).where(source_state.c.source == source).values(paused_at=None))

    async def remember(self, conn: AsyncConnection, pages: Sequence[Known]) -> None:
        """By what the next requests of pages can be made conditional, and where the pages themselves are."""
        if pages:
            await conn.execute(_REMEMBER, [known.columns for known in pages])

    async def add_days(self, conn: AsyncConnection, rows: Sequence[dict[str, Any]]) -> None:
        """Add counts to days."""
        if rows:
            await conn.execute(_ADD_DAY, rows)

    async def forget(self, conn: AsyncConnection, before: date) -> None:
        """Drop days that are no longer shown."""
        await conn.execute(sa.delete(source_day).where(source_day.c.day < before))

    async def standings(self, conn: AsyncConnection) -> Sequence[sa.Row[Any]]:
        """All sources that were ever paused or failed."""
        return (await conn.execute(sa.select(source_state))).all()

    async def days(self, conn: AsyncConnection, since: date, source: str | None = None) -> Sequence[sa.Row[Any]]:
        """Days of all sources or one, by source and day."""
        query = sa.select(source_day).where(source_day.c.day >= since)
        if source is not None:
            query = query.where(source_day.c.source == source)
        return (await conn.execute(query.order_by(source_day.c.source, source_day.c.day))).all()
