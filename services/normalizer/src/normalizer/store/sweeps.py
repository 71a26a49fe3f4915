"""Reads of whole feeds: noted as their postings arrive, and purged when their time is over."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from common.contracts import FeedSwept
from normalizer.tables import sweep as t_sweep

_arrived = insert(t_sweep)
#: Postings that came in another run (a replay) are no part of the read.
_ARRIVED = _arrived.on_conflict_do_update(
    index_elements=[t_sweep.c.sweep_id],
    set_={"arrived": t_sweep.c.arrived + _arrived.excluded.arrived},
    where=t_sweep.c.run_id == _arrived.excluded.run_id,
)
_told = insert(t_sweep)
_TOLD = _told.on_conflict_do_update(
    index_elements=[t_sweep.c.sweep_id],
    set_={name: _told.excluded[name] for name in ("postings", "pages", "left_out", "started_at", "finished_at")},
)


class SweepStore:
    """SQL on the table of sweeps."""

    async def arrived(
        self, conn: AsyncConnection, sweep_id: str, run_id: str, feed: tuple[str, str], postings: int, now: datetime
    ) -> None:
        """So many postings of a read have been merged, or turned away."""
        await conn.execute(_ARRIVED, _row(sweep_id, run_id, feed, postings, now))

    async def told(self, conn: AsyncConnection, event: FeedSwept, run_id: str, now: datetime) -> None:
        """A read has come to its end; its postings may still be on their way."""
        values = {
            "postings": event.postings, "pages": event.pages, "left_out": event.left_out,
            "started_at": event.started_at, "finished_at": event.finished_at,
        }  # fmt: skip
        row = _row(event.sweep_id, run_id, (event.source, event.feed), 0, now)
        await conn.execute(_TOLD, row | values)

    async def latest(self, conn: AsyncConnection, source: str | None) -> Sequence[sa.Row[Any]]:
        """The last whole read of each feed, of all sources or the one, with all that was ever closed by such reads."""
        closed = sa.func.sum(t_sweep.c.closed).over(partition_by=[t_sweep.c.source, t_sweep.c.feed])
        query = (
            sa.select(t_sweep, closed.label("closed_in_all"))
            .ext(distinct_on(t_sweep.c.source, t_sweep.c.feed))
            .where(t_sweep.c.judged_at.is_not(None), t_sweep.c.left_out.is_(None))
            .order_by(t_sweep.c.source, t_sweep.c.feed, t_sweep.c.started_at.desc())
        )
        return (await conn.execute(query if source is None else query.where(t_sweep.c.source == source))).all()

    async def purge(self, conn: AsyncConnection, before: datetime, most: int = 1000) -> None:
        """Forget reads noted before, a part at a time."""
        old = sa.select(t_sweep.c.sweep_id).where(t_sweep.c.noted_at < before).limit(most)
        await conn.execute(sa.delete(t_sweep).where(t_sweep.c.sweep_id.in_(old)))


def _row(sweep_id: str, run_id: str, feed: tuple[str, str], arrived: int, now: datetime) -> dict[str, Any]:
    source, name = feed
    return {
        "sweep_id": sweep_id, "run_id": run_id, "source": source, "feed": name, "arrived": arrived, "noted_at": now
    }  # fmt: skip
