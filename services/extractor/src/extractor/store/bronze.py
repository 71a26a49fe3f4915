"""What the page index knows of the archive's objects: which are indexed, which are gone, who sweeps today."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from extractor.store.pages import Window, in_order
from extractor.tables import archive_sweep, glassdoor_companies, page

_keys = page.c.archive_key == sa.any_(sa.bindparam("keys", type_=sa.ARRAY(sa.Text)))
_INDEXED = sa.union_all(
    sa.select(page.c.archive_key).where(_keys),
    sa.select(glassdoor_companies.c.archive_key).where(
        glassdoor_companies.c.archive_key == sa.any_(sa.bindparam("keys", type_=sa.ARRAY(sa.Text)))
    ),
)
_answer = glassdoor_companies.c
_ARCHIVED = sa.union_all(
    sa.select(
        page.c.id, page.c.source, page.c.run_id, page.c.archive_key, page.c.sha256, page.c.fetched_at, page.c.removed_at
    ),
    sa.select(
        _answer.glassdoor_companies_key, _answer.source_system, sa.null(), _answer.archive_key, _answer.sha256,
        _answer.collected_at, sa.null(),
    ),
).subquery("archived")  # fmt: skip
_REMOVED = sa.update(page).where(_keys, page.c.removed_at.is_(None)).values(removed_at=sa.bindparam("at"))


class BronzeStore:
    """SQL on the page index and the sweeps."""

    async def indexed(self, conn: AsyncConnection, keys: Sequence[str]) -> set[str]:
        """Those of the keys that the index of pages, or that of company answers, knows."""
        return set((await conn.execute(_INDEXED, {"keys": list(keys)})).scalars())

    async def archived(
        self, conn: AsyncConnection, window: Window, *, after: uuid.UUID | None, limit: int
    ) -> Sequence[sa.Row[Any]]:
        """Pages and answers on companies, which belong to no run, in the order they were fetched."""
        return (await conn.execute(in_order(_ARCHIVED, window, after=after, limit=limit))).all()

    async def removed(self, conn: AsyncConnection, keys: Sequence[str], at: datetime) -> None:
        """Note that the objects under these keys are gone for good."""
        await conn.execute(_REMOVED, {"keys": list(keys), "at": at})

    async def removed_before(
        self, conn: AsyncConnection, first_kept: datetime, by_source: Mapping[str, datetime], at: datetime
    ) -> None:
        """Note that everything fetched before is gone, whoever removed it (a bucket does so by itself)."""
        limit = sa.case(by_source, value=page.c.source, else_=first_kept) if by_source else sa.literal(first_kept)
        gone = sa.update(page).where(page.c.removed_at.is_(None), page.c.fetched_at < limit)
        await conn.execute(gone.values(removed_at=at))

    async def claim_sweep(self, conn: AsyncConnection, day: date) -> bool:
        """Whether this process is the first to sweep on that day."""
        claim = insert(archive_sweep).values(day=day).on_conflict_do_nothing().returning(archive_sweep.c.day)
        return (await conn.execute(claim)).first() is not None

    async def swept(self, conn: AsyncConnection, day: date, at: datetime, objects: int, size: int) -> None:
        """Record what the sweep of a day has removed."""
        values: dict[str, Any] = {"finished_at": at, "objects": objects, "bytes": size}
        await conn.execute(sa.update(archive_sweep).where(archive_sweep.c.day == day).values(values))
