"""What the page index knows of the archive's objects: which are indexed, which are gone, who sweeps today."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from extractor.tables import archive_sweep, glassdoor_companies, page

_keys = page.c.archive_key == sa.any_(sa.bindparam("keys", type_=sa.ARRAY(sa.Text)))
_INDEXED = sa.union_all(
    sa.select(page.c.archive_key).where(_keys),
    sa.select(glassdoor_companies.c.archive_key).where(
        glassdoor_companies.c.archive_key == sa.any_(sa.bindparam("keys", type_=sa.ARRAY(sa.Text)))
    ),
)
_REMOVED = sa.update(page).where(_keys, page.c.removed_at.is_(None)).values(removed_at=sa.bindparam("at"))


class BronzeStore:
    """SQL on the page index and the sweeps."""

    async def indexed(self, conn: AsyncConnection, keys: Sequence[str]) -> set[str]:
        """Those of the keys that the index of pages, or that of company answers, knows."""
        return set((await conn.execute(_INDEXED, {"keys": list(keys)})).scalars())

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
