"""Writes the read model: jobs and their rankings, a batch at a time."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import chain

import msgspec
import sqlalchemy as sa
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from common.contracts import CampaignRanking, Company, Job, PostingsRanked, is_over
from common.database import bulk_upsert
from gateway.domain.card import place_key
from gateway.tables import campaign, company, job

_LIVE = (
    sa.select(campaign.c.campaign_id)
    .where(
        campaign.c.campaign_id == sa.any_(sa.bindparam("ids", type_=sa.ARRAY(sa.Uuid))), campaign.c.deleted_at.is_(None)
    )
    .order_by(campaign.c.campaign_id)
    .with_for_update(read=True, key_share=True)
)
_FACTOR_SET = text("""
WITH new AS (
  INSERT INTO gateway.factor_set (factors, rules_version) VALUES (:factors, :rules_version)
  ON CONFLICT DO NOTHING RETURNING factor_set)
SELECT factor_set FROM new UNION ALL
SELECT factor_set FROM gateway.factor_set WHERE factors = :factors AND rules_version = :rules_version LIMIT 1
""")
# One row for each pair of campaign and job: scores run campaign by campaign, job by job within. Both come sorted, so
# that two batches lock rows in the same order. The thousands of numbers come as text, read once: as arrays the driver
# would spend more on them than on all else.
_RANK = """
INSERT INTO gateway.ranking AS t
  (campaign_id, hash_key, score, points, factor_set, campaign_version, job_version, as_of, company_version)
SELECT ($1::uuid[])[1 + (i - 1) / $6], ($4::uuid[])[1 + (i - 1) % $6], s,
       a.points[1 + (i - 1) * $9 : i * $9], $10,
       ($2::int[])[1 + (i - 1) / $6], ($5::int[])[1 + (i - 1) % $6], ($3::date[])[1 + (i - 1) / $6],
       ($11::int[])[1 + (i - 1) % $6]
FROM (SELECT $8::text::smallint[] AS points OFFSET 0) a,
     unnest($7::text::smallint[]) WITH ORDINALITY AS x(s, n), LATERAL (SELECT n::int AS i) o
ON CONFLICT (campaign_id, hash_key) DO UPDATE SET
  score = excluded.score, points = excluded.points, factor_set = excluded.factor_set, as_of = excluded.as_of,
  campaign_version = excluded.campaign_version, job_version = excluded.job_version,
  company_version = excluded.company_version
WHERE t.campaign_version <= excluded.campaign_version
  AND (t.job_version, t.company_version) <= (excluded.job_version, excluded.company_version)
"""


class Publisher:
    """SQL that makes a ranked batch visible."""

    async def publish(self, conn: AsyncConnection, event: PostingsRanked) -> None:
        """Store the batch's jobs and scores; older versions never overwrite newer ones."""
        if event.jobs:
            rows = sorted((_job_row(j) for j in event.jobs), key=lambda r: str(r["hash_key"]))
            # The same version again was read under other rules (a replay): the later reading counts.
            await bulk_upsert(conn, job, rows, key=["hash_key"], where="t.version <= excluded.version")
        known = await self._live(conn, [r.campaign_id for r in event.rankings])
        by_factors: dict[tuple[str, ...], list[CampaignRanking]] = defaultdict(list)
        for ranking in sorted(event.rankings, key=lambda r: r.campaign_id):
            if ranking.campaign_id in known:
                by_factors[tuple(ranking.factors)].append(ranking)
        for factors, rankings in sorted(by_factors.items()):
            factor_set = await self._factor_set(conn, list(factors), event.rules_version)
            await self._rank(conn, event, rankings, len(factors), factor_set)

    async def tell(self, conn: AsyncConnection, companies: Sequence[Company]) -> None:
        """Store what is known of companies; older versions never overwrite newer ones."""
        rows = [{"company_key": uuid.UUID(c.company_key), "version": c.version, "card": c} for c in companies]
        await bulk_upsert(conn, company, rows, key=["company_key"], where="t.version < excluded.version")

    async def _live(self, conn: AsyncConnection, campaign_ids: Sequence[str]) -> set[str]:
        """Campaigns that still exist, share-locked so that a deletion waits for this batch and then clears it."""
        ids = [uuid.UUID(i) for i in campaign_ids]
        return {str(i) for i in (await conn.execute(_LIVE, {"ids": ids})).scalars()}

    async def _factor_set(self, conn: AsyncConnection, factors: list[str], rules_version: str) -> int:
        values = {"factors": factors, "rules_version": rules_version}
        found = (await conn.execute(_FACTOR_SET, values)).scalar()
        # None: another transaction is inserting the same list; its row is visible once it has committed.
        return int(found if found is not None else (await conn.execute(_FACTOR_SET, values)).scalar_one())

    async def _rank(
        self, conn: AsyncConnection, event: PostingsRanked, rankings: list[CampaignRanking], width: int, factor_set: int
    ) -> None:
        scores = _array_text(chain.from_iterable(r.scores for r in rankings))
        points = _array_text(chain.from_iterable(r.points for r in rankings))
        parameters = (
            [uuid.UUID(r.campaign_id) for r in rankings], [r.campaign_version for r in rankings],
            [r.as_of for r in rankings], [uuid.UUID(key) for key in event.hash_keys], event.versions,
            len(event.hash_keys), scores, points, width, factor_set,
            event.company_versions or [0] * len(event.hash_keys),
        )  # fmt: skip
        await conn.exec_driver_sql(_RANK, parameters)


def _array_text(numbers: Iterable[int]) -> str:
    return f"{{{msgspec.json.encode(list(numbers)).decode()[1:-1]}}}"


def _job_row(card: Job) -> dict[str, object]:
    salary = card.salary
    return {
        "hash_key": uuid.UUID(card.hash_key), "version": card.version, "title": card.title, "company": card.company,
        "remote_type": card.remote_type, "seniority": card.seniority, "closed": is_over(card.state, closed=card.closed),
        "salary_minimum": salary.reference_minimum if salary else None,
        "salary_maximum": salary.reference_maximum if salary else None,
        "place_key": place_key(card.places), "card": card,
        "company_key": uuid.UUID(card.company_key) if card.company_key else None,
        "posted_at": card.posted_at, "first_seen_at": card.first_seen_at,
    }  # fmt: skip
