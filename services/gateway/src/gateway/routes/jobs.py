"""Jobs: ranked lists of a campaign, and one job with everything known of it."""

import asyncio
import uuid
from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal, Self

import msgspec
from fastapi import APIRouter, Query
from pydantic import AfterValidator, BaseModel, Field

from common.contracts import JobState, RemoteType
from common.web import Problem, ProblemError
from common.web.pages import Cursor, Page, Searched, bad_cursor, read_cursor, write_cursor
from gateway.domain.campaign import country_code
from gateway.domain.cluster import summed_up
from gateway.errors import campaign_missing, job_missing
from gateway.routes.access import Wired
from gateway.store.jobs import JobFilter, Row

router = APIRouter(tags=["jobs"], responses={404: {"model": Problem}})


class FactorPoints(BaseModel):
    """What one factor gave."""

    factor: str
    points: float


class RankRead(BaseModel):
    """A job's score for a campaign; the points of the factors sum to it."""

    campaign_id: uuid.UUID
    rank_score: float = Field(ge=0, le=100)
    rank_explain: list[FactorPoints]
    as_of: date = Field(description="The day from which a posting's age is counted.")
    campaign_version: int
    job_version: int
    rules_version: str

    @classmethod
    def of(cls, row: Row) -> Self:
        """From its row; points are stored in hundredths."""
        explained = [FactorPoints(factor=f, points=p / 100) for f, p in zip(row.factors, row.points, strict=True)]
        return cls(
            campaign_id=row.campaign_id, rank_score=row.score / 100, rank_explain=explained, as_of=row.as_of,
            campaign_version=row.campaign_version, job_version=row.job_version, rules_version=row.rules_version,
        )  # fmt: skip


class Employer(BaseModel):
    """What a provider tells of the company."""

    name: str
    size: str | None = Field(None, description="Bin of employees such as 51-200.")
    rating: float | None = Field(None, description="0 to 5.")
    reviews: int | None = None
    industry: str | None = None
    website: str | None = None
    domain: str | None = None
    location: str | None = None
    revenue: str | None = None


class AttributionRead(BaseModel):
    """What must stand beside a job, because its source demands it."""

    text: str
    url: str | None = Field(None, description="Where the text leads.")


class FlagRead(BaseModel):
    """What people should know of a job besides its state."""

    kind: str = Field(description="repost: shown again under a new id; evergreen: open for unusually long.")
    since: str
    evidence: str


class JobRead(BaseModel):
    """A job as lists show it (fields after schema.org JobPosting)."""

    hash_key: str
    title: str
    company: str
    company_size: str | None = Field(description="As the posting says, else as the company is known to be.")
    employer: Employer | None = Field(description="Null where no provider has told about the company.")
    places: list[dict[str, Any]]
    remote_type: str | None
    employment_types: list[str]
    seniority: str | None
    salary: dict[str, Any] | None
    skills: list[str]
    summary: str
    url: str | None
    apply_url: str | None
    source: str
    source_job_id: str
    attribution: AttributionRead | None = Field(description="To be shown with it; null: nothing is asked for.")
    posted_at: str | None
    first_seen_at: str | None
    version: int
    rules_version: str
    closed: bool
    state: JobState = Field(description="open; stale: not seen for long; expired: past its end; closed: shown no more.")
    state_since: str | None = Field(description="Null where it has been open from the beginning.")
    state_reason: str | None
    flags: list[FlagRead]

    @classmethod
    def of(cls, row: Row) -> Self:
        """From the stored cards of job and company, in which defaults are left out."""
        card: dict[str, Any] = {"employer": row.employer, **row.card}
        card.setdefault("company_size", (row.employer or {}).get("size"))
        lists: dict[str, Any] = {"places": [], "employment_types": [], "skills": [], "flags": [], "summary": ""}
        state = "closed" if card.get("closed") else "open"
        blank = dict.fromkeys(cls.model_fields) | lists | {"closed": False, "state": state}
        return cls.model_validate({name: card.get(name, blank[name]) for name in JobRead.model_fields})


class SourceLink(BaseModel):
    """Where a source shows the job."""

    source: str
    hash_key: str = Field(description="The posting of this source that ranks best.")
    apply_url: str | None
    attribution: AttributionRead | None = Field(description="To be shown with the link; null: nothing is asked for.")


class ClusterRead(BaseModel):
    """All postings of one job: a card stands for those of them that are open and meet the filters."""

    cluster_id: str = Field(description="The key for /duplicates.")
    postings: int = Field(description="Open ones.")
    sources: list[SourceLink] = Field(description="Each source once, the best ranked posting first.")
    places: list[dict[str, Any]] = Field(description="All places of the job, each once.")
    first_seen_at: datetime | None = Field(description="When the first of its postings was first seen.")


class RankedJob(JobRead):
    """A job with its score for the campaign of the list."""

    rank: RankRead
    cluster: ClusterRead | None = Field(description="Null where the posting is the only one of its job.")

    @classmethod
    def listed(cls, row: Row, members: Sequence[Row]) -> Self:
        """From its row and those of its cluster."""
        told = summed_up(members)
        cluster = ClusterRead(cluster_id=row.cluster_id.hex, **told) if told else None
        return cls(**JobRead.of(row).model_dump(), rank=RankRead.of(row), cluster=cluster)


class JobDetail(JobRead):
    """A job with its text, where it was seen, what was read out of it and why it scored as it did."""

    description_html: str | None
    description_text: str | None
    description_is_excerpt: bool | None = Field(description="Whether the source cuts the text off; null: not known.")
    sightings: list[dict[str, Any]]
    history: list[dict[str, Any]] = Field(description="What happened to it, the earliest first.")
    cluster_id: str | None = Field(description="The job that this posting shows; the key for /duplicates.")
    also_seen_as: list[dict[str, Any]] = Field(description="Other postings of the same job, with source and links.")
    provenance: dict[str, Any] | None
    enrichment: dict[str, Any] | None
    rank: RankRead | None
    explanation: dict[str, Any] | None
    unavailable: list[str] = Field(description="Services that own a part of this and did not answer.")


#: Told apart from null, which is an answer.
_AWAY = object()


Country = Annotated[
    str, Query(pattern="^[A-Za-z]{2}$", description="ISO 3166-1 alpha-2."), AfterValidator(country_code)
]
Amount = Annotated[int, Query(ge=0, le=2_000_000_000, description="Yearly, in the reference currency.")]


@router.get("/campaigns/{campaign_id}/jobs", summary="Ranked jobs of a campaign, best first")
async def ranked(
    wired: Wired,
    campaign_id: uuid.UUID,
    location: Searched | None = None,
    country: Country | None = None,
    remote_type: Annotated[list[RemoteType] | None, Query()] = None,
    salary_min: Amount | None = None,
    salary_max: Amount | None = None,
    min_score: Annotated[float, Query(ge=0, le=100)] = 0,
    duplicates: Annotated[
        Literal["hide", "show"],
        Query(description="hide: one card a job, the posting that ranks best; show: every posting."),
    ] = "hide",
    state: Annotated[
        list[JobState] | None, Query(description="Default: open and stale, which are those one can apply to.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=200, description="Top N, or the size of a page.")] = 25,
    cursor: Cursor = None,
) -> Page[RankedJob]:
    """Sorted by score; jobs whose pay is unknown are left out where a salary filter is given."""
    narrowed = JobFilter(
        location,
        country,
        tuple(remote_type or ()),
        salary_min,
        salary_max,
        min_score,
        duplicates == "show",
        tuple(state or ()),
    )
    after = _position(cursor) if cursor else None
    async with wired.session.engine.connect() as conn:
        if await wired.campaigns.get(conn, campaign_id) is None:
            raise campaign_missing()
        rows = await wired.jobs.ranked(conn, campaign_id, narrowed, after, limit + 1)
        clusters = await wired.clusters.members(conn, campaign_id, (row.cluster_id for row in rows[:limit]))
    following = write_cursor(rows[limit - 1].score, rows[limit - 1].hash_key.hex) if len(rows) > limit else None
    items = [RankedJob.listed(row, clusters.get(row.cluster_id, ())) for row in rows[:limit]]
    return Page(items=items, next_cursor=following)


@router.get("/jobs/{hash_key}", summary="Everything known of a job")
async def read(
    wired: Wired, hash_key: uuid.UUID, campaign_id: Annotated[uuid.UUID | None, Query()] = None
) -> JobDetail:
    """With `campaign_id`, also its score and the explanation of every factor."""
    rank: Row | None = None
    async with wired.session.engine.connect() as conn:
        job = await wired.jobs.get(conn, hash_key)
        if job is None:
            raise job_missing()
        if campaign_id is not None:
            if await wired.campaigns.get(conn, campaign_id) is None:
                raise campaign_missing()
            rank = await wired.jobs.ranking_of(conn, campaign_id, hash_key)
    asked = {"normalizer": f"/postings/{hash_key.hex}", "enricher": f"/enrichments/{hash_key.hex}"}
    if rank is not None:
        as_of = rank.as_of.isoformat()
        asked["ranker"] = f"/explanations/{hash_key.hex}?campaign_id={rank.campaign_id}&as_of={as_of}"
    told = dict(zip(asked, await asyncio.gather(*(_told(wired, s, p) for s, p in asked.items())), strict=True))
    away = [service for service, answer in told.items() if answer is _AWAY]
    known = {service: answer for service, answer in told.items() if answer is not _AWAY}
    return JobDetail(
        **(JobRead.of(job).model_dump() | _text(known.get("normalizer") or {})),
        enrichment=known.get("enricher"),
        rank=RankRead.of(rank) if rank else None,
        explanation=known.get("ranker"),
        unavailable=away,
    )


async def _told(wired: Wired, service: str, path: str) -> Any:
    """What the owner of a part answers, `_AWAY` where it does not."""
    try:
        return await wired.services.get(service, path)
    except ProblemError:
        return _AWAY


def _text(posting: dict[str, Any]) -> dict[str, Any]:
    names = ("description_html", "description_text", "description_is_excerpt", "provenance", "cluster_id")
    own = {name: posting.get(name) for name in names}
    own |= {name: posting.get(name, []) for name in ("sightings", "also_seen_as", "history")}
    # The card has heard of these, too, but later.
    return own | {name: posting[name] for name in ("state", "state_since", "state_reason", "flags") if name in posting}


def _position(cursor: str) -> tuple[int, uuid.UUID]:
    score, key = read_cursor(cursor)
    try:
        return msgspec.convert(score, int, strict=False), uuid.UUID(key)
    except (ValueError, msgspec.ValidationError) as error:
        raise bad_cursor() from error
