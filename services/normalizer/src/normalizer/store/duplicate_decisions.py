"""What people decide about clusters: two postings are one job, or one of them is another; and what is in a cluster."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import combinations
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from common.contracts import Clustered, Event, LookRequested, unit_id
from common.database import bulk_upsert
from common.messaging.outbox import Outbox, outgoing, root_headers
from common.messaging.protocol import Outgoing
from normalizer.domain.one_job import Happened, Saying
from normalizer.domain.settling import in_messages
from normalizer.store.duplicate_statements import (
    CLUSTERS,
    DECISIONS,
    EVENTS,
    FORGET_SPLITS,
    LOCK_CLUSTERING,
    MATES,
    MEMBERS,
    MOVE,
    OF_RUN,
    RUN_COUNTS,
    SAYINGS,
    SET_CLUSTER,
)
from normalizer.store.duplicates import clustered
from normalizer.store.rows import saying_of
from normalizer.tables import duplicate_decision as t_decision

Row = dict[str, Any]


class DecisionStore:
    """SQL on clusters as people see them, and on their decisions, which go out like those of a run."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox

    async def cluster(self, conn: AsyncConnection, hash_key: str) -> list[Row]:
        """The postings of the cluster of this one, the first seen one first; none where it is in none."""
        return [_plain(row) for row in (await conn.execute(MEMBERS, {"hash_key": hash_key})).mappings()]

    async def sayings(self, conn: AsyncConnection, hash_key: str) -> list[Saying]:
        """What every source says of each posting of the cluster of this one."""
        return [saying_of(row) for row in (await conn.execute(SAYINGS, {"hash_key": hash_key})).mappings()]

    async def events(self, conn: AsyncConnection, hash_key: str) -> list[Happened]:
        """What happened to the postings of the cluster of this one, besides being seen."""
        rows = await conn.execute(EVENTS, {"hash_key": hash_key})
        return [Happened(row.at, row.kind, row.hash_key.hex, row.source, row.reason) for row in rows]

    async def decisions(self, conn: AsyncConnection, hash_keys: Sequence[str]) -> list[Row]:
        """What was decided about these postings, the latest first."""
        return [_plain(row) for row in (await conn.execute(DECISIONS, {"keys": list(hash_keys)})).mappings()]

    async def list(self, conn: AsyncConnection, after: UUID | None, limit: int) -> Sequence[Row]:
        """Clusters of more than one posting in the order of their keys, behind `after`."""
        asked = {"after": str(after or UUID(int=0)), "limit": limit}
        return [_plain(row) for row in (await conn.execute(CLUSTERS, asked)).mappings()]

    async def of_run(self, conn: AsyncConnection, run_id: str, limit: int) -> tuple[Sequence[Row], Sequence[Row]]:
        """How many postings a run merged and kept apart, by reason; the most alike ones of each."""
        counts = [dict(row) for row in (await conn.execute(RUN_COUNTS, {"run_id": run_id})).mappings()]
        rows = (await conn.execute(OF_RUN, {"run_id": run_id, "limit": limit})).mappings()
        return counts, [_plain(row) for row in rows]

    async def merge(
        self, conn: AsyncConnection, keys: Sequence[str], by: str, why: str, now: datetime
    ) -> Sequence[Outgoing] | None:
        """Make the clusters of these postings one, for good; what is to be sent, None where one is unknown."""
        members = await self._members(conn, keys)
        clusters = {key: members[key] for key in keys if key in members}
        if len(clusters) < len(set(keys)):
            return None
        await conn.execute(FORGET_SPLITS, {"keys": list(members)})
        await self._decide(conn, combinations(sorted(set(keys)), 2), "merge", by, why, now)
        winner = min(clusters.values())
        losers = sorted(set(clusters.values()) - {winner})
        moved = await conn.execute(MOVE, {"losers": losers, "winners": [winner] * len(losers)})
        return await self._tell(conn, moved, members, now)

    async def split(
        self, conn: AsyncConnection, key: str, by: str, why: str, now: datetime
    ) -> Sequence[Outgoing] | None:
        """Take a posting out of its cluster, for good; what is to be sent, None where it is in none with others."""
        clusters = await self._members(conn, [key])
        others = sorted(clusters.keys() - {key})
        if not others:
            return None
        await self._decide(conn, ((key, other) for other in others), "split", by, why, now)
        # The cluster may be called by the posting that leaves it: then the others are called by one of themselves.
        stays = clusters[key] if clusters[key] != key else others[0]
        places = {**dict.fromkeys(others, stays), key: key}
        moved = await conn.execute(SET_CLUSTER, {"keys": list(places), "clusters": list(places.values())})
        return await self._tell(conn, moved, clusters, now)

    async def _members(self, conn: AsyncConnection, keys: Sequence[str]) -> Mapping[str, str]:
        """All members of the clusters of these postings, each with its cluster; none moves until the end."""
        await conn.execute(LOCK_CLUSTERING)
        return {row.hash_key.hex: row.cluster_id.hex for row in await conn.execute(MATES, {"keys": list(keys)})}

    async def _tell(
        self, conn: AsyncConnection, moved: Iterable[sa.Row[Any]], members: Iterable[str], now: datetime
    ) -> Sequence[Outgoing]:
        """Store what is sent of postings that have moved: side work, as it belongs to no run.

        All `members` are looked at again: which of them are reposts hangs on who is in their cluster.
        """
        told = sorted(map(clustered, moved), key=lambda posting: posting.hash_key)
        messages = [_aside(event, event.postings, now) for event in in_messages(told)]
        if told:
            messages.append(_aside(LookRequested(hash_keys=sorted(members)), told, now))
        await self._outbox.add(conn, messages)
        return messages

    async def _decide(
        self, conn: AsyncConnection, pairs: Iterable[tuple[str, str]], verdict: str, by: str, why: str, now: datetime
    ) -> None:
        rows = [
            {
                "one": min(pair),
                "other": max(pair),
                "verdict": verdict,
                "decided_by": by,
                "reason": why,
                "decided_at": now,
            }
            for pair in pairs
        ]
        await bulk_upsert(conn, t_decision, rows, key=["one", "other"])


def _aside(event: Event, told: Iterable[Clustered], now: datetime) -> Outgoing:
    name = unit_id("aside", event.event_type, *((posting.hash_key, posting.version) for posting in told))
    return outgoing(event, root_headers("", name, "", "", now), name, "")


def _plain(row: sa.RowMapping) -> Row:
    return {name: value.hex if isinstance(value, UUID) else value for name, value in row.items()}
