"""What schedules have started so far."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.tables import run

# One look into the index for each schedule.
_LAST = text("""
SELECT c, k, last.* FROM unnest(CAST(:campaigns AS uuid[]), CAST(:keys AS text[])) AS asked(c, k),
LATERAL (SELECT run_id, slot_at, requested_at, state, sla_missed_at FROM gateway.run
         WHERE campaign_id = c AND slot_source = k AND slot_at IS NOT NULL ORDER BY slot_at DESC LIMIT 1) AS last
""")


async def last_starts(
    conn: AsyncConnection, schedules: Sequence[tuple[uuid.UUID, str]]
) -> dict[tuple[uuid.UUID, str], Row[Any]]:
    """The latest scheduled run of each schedule (campaign, key) that has had one."""
    asked = {"campaigns": [campaign for campaign, _ in schedules], "keys": [key for _, key in schedules]}
    return {(row.c, row.k): row for row in await conn.execute(_LAST, asked)}


async def started_since(conn: AsyncConnection, since: datetime) -> list[str]:
    """The scheduled runs that were begun at this time or later, the first to be due first."""
    due = sa.select(run.c.run_id).where(run.c.slot_at.is_not(None), run.c.requested_at >= since)
    return list(await conn.scalars(due.order_by(run.c.slot_at, run.c.run_id)))
