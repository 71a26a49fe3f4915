"""What schedules have started so far."""

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

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
