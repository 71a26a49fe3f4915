"""Clusters of postings that are one job: stores who is in which, and reads the jobs of those on a page."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from common.contracts import Clustered
from common.database import bulk_upsert
from gateway.tables import job, job_cluster, ranking

Row = sa.Row[Any]
_NAMES = ("source", "url", "apply_url", "places", "attribution")


class ClusterStore:
    """SQL on the table of clusters."""

    async def settle(self, conn: AsyncConnection, postings: Sequence[Clustered]) -> None:
        """Store the clusters of these postings; older versions never overwrite newer ones.

        The posting that a cluster is called by may never have been told of: it is in that cluster.
        """
        rows = {p.cluster_id: _row(p.cluster_id, p.cluster_id, 0) for p in postings}
        rows |= {p.hash_key: _row(p.hash_key, p.cluster_id, p.version) for p in postings}
        where = "t.version < excluded.version"
        await bulk_upsert(conn, job_cluster, list(rows.values()), key=["hash_key"], where=where)

    async def members(
        self, conn: AsyncConnection, campaign_id: uuid.UUID, cluster_ids: Iterable[uuid.UUID | None]
    ) -> Mapping[uuid.UUID | None, Sequence[Row]]:
        """The jobs of these clusters, each with what its card says, best ranked for the campaign first."""
        ids = sorted({cluster_id for cluster_id in cluster_ids if cluster_id is not None})
        found: defaultdict[uuid.UUID | None, list[Row]] = defaultdict(list)
        if not ids:
            return found
        of_campaign = sa.and_(ranking.c.hash_key == job.c.hash_key, ranking.c.campaign_id == campaign_id)
        query = (
            sa.select(job_cluster.c.cluster_id, job.c.hash_key, job.c.closed, job.c.first_seen_at)
            .add_columns(*(job.c.card[name].label(name) for name in _NAMES))
            .join_from(job_cluster, job, job.c.hash_key == job_cluster.c.hash_key)
            .outerjoin(ranking, of_campaign)
            .where(job_cluster.c.cluster_id.in_(ids))
            .order_by(ranking.c.score.desc().nulls_last(), job.c.hash_key)
        )
        for row in await conn.execute(query):
            found[row.cluster_id].append(row)
        return found


def _row(hash_key: str, cluster_id: str, version: int) -> dict[str, Any]:
    return {"hash_key": uuid.UUID(hash_key), "cluster_id": uuid.UUID(cluster_id), "version": version}
