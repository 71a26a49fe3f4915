"""Data enters over HTTP: why a stored job has its score, and what a job would score."""

import uuid
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from common.web import Problem, rules
from ranker.domain.explain import explain
from ranker.domain.facts import Facts, facts_of
from ranker.domain.judges import Judges
from ranker.domain.tried import campaign_from, job_from
from ranker.domain.wish import Wish
from ranker.errors import campaign_unknown, job_unknown, not_valid

router = APIRouter(tags=["scores"])
router.include_router(rules.router)
_EXAMPLE: dict[str, JsonValue] = {
    "campaign": {"query": "data engineer", "country": "ca", "location": "Toronto, ON", "skills": ["python", "spark"]},
    "job": {
        "title": "Senior Data Engineer",
        "places": [{"city": "Toronto", "region": "Ontario", "country": "ca"}],
        "skills": ["python", "sql"],
        "posted_at": "2026-11-18T09:00:00Z",
    },
    "as_of": "2026-11-20",
}


class FactorOut(BaseModel):
    """What one factor gave, at most, and why."""

    factor: str
    points: float = Field(ge=0, le=100)
    max_points: float = Field(ge=0, le=100)
    reason: str


class ScoreOut(BaseModel):
    """A score and its factors, whose points sum to it (to the hundredth)."""

    rank_score: float = Field(ge=0, le=100)
    factors: list[FactorOut]
    as_of: date = Field(description="The day from which a posting's age is counted.")
    rules_version: str
    ignored: list[str] = Field(description="Weights of the campaign that were not usable, and why.")


class ExplanationOut(ScoreOut):
    """Why a stored job has its score for a campaign."""

    hash_key: str
    campaign_id: str
    job_version: int
    campaign_version: int


class TryIn(BaseModel):
    """A campaign and a job to score; names and meanings are those of the events."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_EXAMPLE]})

    campaign: dict[str, Any] = Field(description="Criteria of a campaign; `query` and `country` are the least.")
    job: dict[str, Any] = Field(description="An enriched job; `title` is the least.")
    as_of: date = Field(description="The day from which the posting's age is counted.")


@router.get("/explanations/{hash_key}", summary="Why a job has its score", responses={404: {"model": Problem}})
async def read_explanation(
    request: Request,
    hash_key: Annotated[uuid.UUID, Path(description="Identity of the posting, 32 hex digits.")],
    campaign_id: Annotated[str, Query(pattern=r"^[^\x00]{1,200}$")],
    as_of: Annotated[date | None, Query(description="Default: the day the campaign was ranked for.")] = None,
) -> ExplanationOut:
    """Computed anew from the stored features and campaign; equal to the score they were ranked with."""
    wired = request.app.state.wiring
    async with wired.session.engine.connect() as conn:
        job = await wired.store.job(conn, hash_key)
        state = await wired.store.state(conn, campaign_id)
        found = await wired.store.definitions(conn, [campaign_id])
    if job is None:
        raise job_unknown(hash_key.hex)
    if state is None or campaign_id not in found:
        raise campaign_unknown(campaign_id)
    judges: Judges = await wired.rules.current()
    wish = judges.wish(found[campaign_id], as_of or state.as_of)
    score = _score(job.known, wish, judges)
    return ExplanationOut(
        **score.model_dump(), hash_key=job.hash_key.hex, campaign_id=campaign_id, job_version=job.version,
        campaign_version=wish.version,
    )  # fmt: skip


@router.post("/scores/try", summary="What a job would score for a campaign", responses={422: {"model": Problem}})
async def try_score(request: Request, body: TryIn) -> ScoreOut:
    """Nothing is stored."""
    try:
        campaign, job = campaign_from(body.campaign), job_from(body.job)
    except ValueError as error:
        raise not_valid(str(error)) from error
    judges: Judges = await request.app.state.wiring.rules.current()
    wish = judges.wish(campaign, body.as_of)
    if wish.ignored:
        raise not_valid("; ".join(wish.ignored))
    return _score(facts_of(job), wish, judges)


def _score(facts: Facts, wish: Wish, judges: Judges) -> ScoreOut:
    told = explain(facts, wish, judges)
    return ScoreOut(
        rank_score=sum(e.points for e in told) / 100,
        factors=[
            FactorOut(factor=e.factor, points=e.points / 100, max_points=e.max_points / 100, reason=e.reason)
            for e in told
        ],
        as_of=wish.as_of,
        rules_version=judges.rules.version,
        ignored=list(wish.ignored),
    )
