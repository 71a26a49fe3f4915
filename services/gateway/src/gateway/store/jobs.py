"""Reads ranked jobs: lists with filters and keyset pages, and single jobs."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from common.contracts import RemoteType
from gateway.domain.card import fold
from gateway.tables import company, factor_set, job, ranking

Row = sa.Row[Any]
_employer = company.c.card.label("employer")
_same_company = company.c.company_key == job.c.company_key


@dataclass(frozen=True)
class JobFilter:
    """What a list of ranked jobs is narrowed to; amounts are yearly, in the reference currency; score 0 to 100."""

    location: str | None = None
    country: str | None = None
    remote_type: Sequence[RemoteType] = ()
    salary_min: int | None = None
    salary_max: int | None = None
    min_score: float = 0


class JobStore:
    """SQL on the read model."""

    async def ranked(
        self, conn: AsyncConnection, campaign_id: uuid.UUID, narrowed: JobFilter,
        after: tuple[int, uuid.UUID] | None, limit: int,
    ) -> Sequence[Row]:  # fmt: skip
        """Jobs of a campaign, best first, ties by hash_key; behind `after` (score in hundredths, hash_key)."""
        query = (
            sa.select(ranking, job.c.card, _employer, factor_set.c.factors, factor_set.c.rules_version)
            .join(job, job.c.hash_key == ranking.c.hash_key)
            .outerjoin(company, _same_company)
            .join(factor_set, factor_set.c.factor_set == ranking.c.factor_set)
            .where(ranking.c.campaign_id == campaign_id, sa.not_(job.c.closed), *_conditions(narrowed))
            .order_by(ranking.c.score.desc(), ranking.c.hash_key)
            .limit(limit)
        )
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


def _conditions(narrowed: JobFilter) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
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
