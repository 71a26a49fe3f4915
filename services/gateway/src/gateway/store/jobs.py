"""Reads ranked jobs: lists with filters and keyset pages, and single jobs."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from common.contracts import JobState, RemoteType
from gateway.domain.card import fold
from gateway.tables import company, factor_set, job, job_cluster, ranking

Row = sa.Row[Any]
_employer = company.c.card.label("employer")
_same_company = company.c.company_key == job.c.company_key
# Other jobs of a listed one's cluster, and their rankings.
_mate, _other_job, _other = job_cluster.alias("mate"), job.alias("other_job"), ranking.alias("other")


@dataclass(frozen=True)
class JobFilter:
    """What a list of ranked jobs is narrowed to; amounts are yearly, in the reference currency; score 0 to 100."""

    location: str | None = None
    country: str | None = None
    remote_type: Sequence[RemoteType] = ()
    salary_min: int | None = None
    salary_max: int | None = None
    min_score: float = 0
    #: Whether every posting is listed, or of those that are one job only the one that ranks best.
    duplicates: bool = False
    #: Empty: all but those that are over.
    states: Sequence[JobState] = ()


class JobStore:
    """SQL on the read model."""

    async def ranked(
        self, conn: AsyncConnection, campaign_id: uuid.UUID, narrowed: JobFilter,
        after: tuple[int, uuid.UUID] | None, limit: int,
    ) -> Sequence[Row]:  # fmt: skip
        """Jobs of a campaign, best first, ties by hash_key; behind `after` (score in hundredths, hash_key)."""
        query = (
            sa.select(ranking, job.c.card, _employer, factor_set.c.factors, factor_set.c.rules_version)
            .add_columns(job_cluster.c.cluster_id)
            .join(job, job.c.hash_key == ranking.c.hash_key)
            .outerjoin(job_cluster, job_cluster.c.hash_key == ranking.c.hash_key)
            .outerjoin(company, _same_company)
            .join(factor_set, factor_set.c.factor_set == ranking.c.factor_set)
            .where(ranking.c.campaign_id == campaign_id, *_conditions(narrowed, job, ranking))
            .order_by(ranking.c.score.desc(), ranking.c.hash_key)
            .limit(limit)
        )
        if not narrowed.duplicates:
            query = query.where(sa.or_(job_cluster.c.cluster_id.is_(None), ~_better(narrowed)))
        if after is not None:
            score, key = after
            behind = sa.and_(ranking.c.score == score, ranking.c.hash_key > key)
            query = query.where(ranking.c.score <= score, sa.or_(ranking.c.score < score, behind))
        return (await conn.execute(query)).all()

    async def get(self, conn: AsyncConnection, hash_key: uuid.UUID) -> Row | None:
        """A job by its key, closed or not."""
        query = sa.select(job, _employer).outerjoin(company, _same_company).where(job.c.hash_key == hash_key)
        return (await conn.execute(query)).first()

    async def ranking_of(self, conn: AsyncConnection, campaign_id: uuid.UUID, hash_key: uuid.UUID) -> Row | None:
        """The stored score of a job for a campaign."""
        query = (
            sa.select(ranking, factor_set.c.factors, factor_set.c.rules_version)
            .join(factor_set, factor_set.c.factor_set == ranking.c.factor_set)
            .where(ranking.c.campaign_id == campaign_id, ranking.c.hash_key == hash_key)
        )
        return (await conn.execute(query)).first()


def _better(narrowed: JobFilter) -> sa.Exists:
    """A job of the same cluster that the list shows too, and before this one.

    Under an OR it stays a look-up for the few jobs that are in a cluster; as a join it could be made for all.
    """
    before = sa.or_(
        _other.c.score > ranking.c.score,
        sa.and_(_other.c.score == ranking.c.score, _other.c.hash_key < ranking.c.hash_key),
    )
    return (
        sa.select(1)
        .select_from(_mate)
        .join(_other, _other.c.hash_key == _mate.c.hash_key)
        .join(_other_job, _other_job.c.hash_key == _mate.c.hash_key)
        .where(_mate.c.cluster_id == job_cluster.c.cluster_id, _other.c.campaign_id == ranking.c.campaign_id, before)
        .where(*_conditions(narrowed, _other_job, _other))
        .correlate(job_cluster, ranking)
        .exists()
    )


def _conditions(narrowed: JobFilter, job: sa.FromClause, ranking: sa.FromClause) -> list[sa.ColumnElement[bool]]:
    # A card from before there were states says no more than whether it is closed.
    state = sa.func.coalesce(job.c.card["state"].astext, sa.case((job.c.closed, "closed"), else_="open"))
    found: list[sa.ColumnElement[bool]] = [state.in_(narrowed.states) if narrowed.states else sa.not_(job.c.closed)]
    if narrowed.location:
        found.append(job.c.place_key.contains(fold(narrowed.location), autoescape=True))
    if narrowed.country:
        found.append(job.c.place_key.contains(f"|{narrowed.country}|", autoescape=True))
    if narrowed.remote_type:
        found.append(job.c.remote_type.in_(narrowed.remote_type))
    if narrowed.salary_min is not None:
        found.append(sa.func.coalesce(job.c.salary_maximum, job.c.salary_minimum) >= narrowed.salary_min)
    if narrowed.salary_max is not None:
        found.append(sa.func.coalesce(job.c.salary_minimum, job.c.salary_maximum) <= narrowed.salary_max)
    if narrowed.min_score > 0:
        found.append(ranking.c.score >= round(narrowed.min_score * 100))
    return found
