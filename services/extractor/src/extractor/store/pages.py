"""The page index and the state of feeds."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from common.contracts import FeedSwept
from extractor.tables import feed, page


@dataclass(frozen=True, slots=True)
class PageRow:
    """An entry of the page index; column names are those of the table."""

    id: uuid.UUID
    run_id: str
    campaign_id: str
    source: str
    feed: str
    page: int
    archive_key: str
    sha256: str
    bytes: int
    status: int
    items: int
    error: str | None
    fetched_at: datetime


@dataclass(frozen=True, slots=True)
class FeedKey:
    """A feed as one campaign sees it."""

    source: str
    feed: str
    campaign_id: str
    params: dict[str, Any]
    run_id: str

    @property
    def columns(self) -> dict[str, Any]:
        """The columns that identify and describe it."""
        return {
            "source": self.source,
            "feed": self.feed,
            "campaign_id": self.campaign_id,
            "params": self.params,
            "last_run_id": self.run_id,
        }


@dataclass(frozen=True, slots=True)
class Window:
    """Pages fetched from `since` on and before `until`, of these sources and runs; None and empty: of any."""

    since: datetime | None = None
    until: datetime | None = None
    sources: Sequence[str] = ()
    run_ids: Sequence[str] = ()

    def on(self, rows: sa.FromClause) -> list[sa.ColumnElement[bool]]:
        """The conditions for a query on an index of what is archived."""
        found: list[sa.ColumnElement[bool]] = []
        if self.since is not None:
            found.append(rows.c.fetched_at >= self.since)
        if self.until is not None:
            found.append(rows.c.fetched_at < self.until)
        if self.sources:
            found.append(rows.c.source.in_(self.sources))
        if self.run_ids:
            found.append(rows.c.run_id.in_(self.run_ids))
        return found


def in_order(
    rows: sa.FromClause, window: Window, *, after: uuid.UUID | None, limit: int
) -> sa.Select[*tuple[Any, ...]]:
    """What is archived in the order it was fetched, behind the entry `after`."""
    query = sa.select(rows).where(*window.on(rows)).order_by(rows.c.fetched_at, rows.c.id).limit(limit)
    if after is not None:
        last = sa.select(rows.c.fetched_at, rows.c.id).where(rows.c.id == after).scalar_subquery()
        query = query.where(sa.tuple_(rows.c.fetched_at, rows.c.id) > last)
    return query


_KEY = [feed.c.source, feed.c.feed, feed.c.campaign_id]


#: Built once: it is executed for every unit.
_ADD_PAGE = insert(page).on_conflict_do_nothing(index_elements=[page.c.id])


class SourceStore:
    """SQL on the tables of the extractor."""

    async def add_pages(self, conn: AsyncConnection, rows: Sequence[PageRow]) -> None:
        """Index archived pages; a page indexed before stays as it was."""
        if rows:
            await conn.execute(_ADD_PAGE, [{name: getattr(row, name) for name in PageRow.__slots__} for row in rows])

    async def first_page(self, conn: AsyncConnection, key: FeedKey, items: int, at: datetime) -> int | None:
        """Record a feed's first page; returns how many items it had the last time, None if never read."""
        where = [column == key.columns[column.name] for column in _KEY]
        before = (await conn.execute(sa.select(feed.c.last_items).where(*where).with_for_update())).scalar_one_or_none()
        values = {**key.columns, "first_fetched_at": at, "last_fetched_at": at, "last_items": items}
        values["empty_since"] = None if items else at
        statement = insert(feed).values(values)
        new = statement.excluded
        names = ("params", "last_run_id", "last_fetched_at", "last_items")
        changed: dict[str, sa.ColumnElement[Any]] = {name: new[name] for name in names}
        changed["first_fetched_at"] = sa.func.coalesce(feed.c.first_fetched_at, new.first_fetched_at)
        changed["empty_since"] = sa.case(
            (new.empty_since.is_(None), None), else_=sa.func.coalesce(feed.c.empty_since, new.empty_since)
        )
        changed["emptied_at"] = sa.case(
            (new.last_items > 0, None), (feed.c.last_items > 0, new.last_fetched_at), else_=feed.c.emptied_at
        )
        await conn.execute(statement.on_conflict_do_update(index_elements=_KEY, set_=changed))
        return before

    async def swept(self, conn: AsyncConnection, key: FeedKey, told: FeedSwept) -> None:
        """Record that a feed was read to its end."""
        where = [column == key.columns[column.name] for column in _KEY]
        values = {"swept_at": told.finished_at, "left_out": told.left_out}
        await conn.execute(sa.update(feed).where(*where).values(values))

    async def failed(self, conn: AsyncConnection, key: FeedKey, error: str, at: datetime) -> None:
        """Record why a feed could not be read."""
        statement = insert(feed).values({**key.columns, "last_error": error, "last_error_at": at})
        new = statement.excluded
        changed = {name: new[name] for name in ("params", "last_run_id", "last_error", "last_error_at")}
        await conn.execute(statement.on_conflict_do_update(index_elements=_KEY, set_=changed))

    async def feeds(self, conn: AsyncConnection) -> Sequence[sa.Row[Any]]:
        """All feeds, by source, the most recently read first."""
        order = (feed.c.source, feed.c.last_fetched_at.desc().nulls_last(), feed.c.feed, feed.c.campaign_id)
        return (await conn.execute(sa.select(feed).order_by(*order))).all()

    async def emptied(self, conn: AsyncConnection) -> dict[str, list[str]]:
        """Feeds that had postings and show none, by source."""
        query = sa.select(feed.c.source, feed.c.feed).where(feed.c.emptied_at.is_not(None)).distinct()
        found: dict[str, list[str]] = {}
        for row in await conn.execute(query.order_by(feed.c.source, feed.c.feed)):
            found.setdefault(row.source, []).append(row.feed or "the first page")
        return found

    async def pages(
        self, conn: AsyncConnection, window: Window, *, after: uuid.UUID | None, limit: int
    ) -> Sequence[sa.Row[Any]]:
        """Pages in the order they were fetched, those behind the page `after`."""
        return (await conn.execute(in_order(page, window, after=after, limit=limit))).all()

    async def page(self, conn: AsyncConnection, page_id: uuid.UUID) -> sa.Row[Any] | None:
        """One entry of the index."""
        return (await conn.execute(sa.select(page).where(page.c.id == page_id))).one_or_none()
