"""Data enters: HTTP, for looking at canonical postings."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, Field

from common.contracts import JobState
from common.web.problems import Problem, ProblemError

router = APIRouter(tags=["postings"])
HashKey = Annotated[str, Path(pattern="^[0-9a-f]{32}$", description="Identity of the posting, 32 hex digits.")]


class PlaceOut(BaseModel):
    """A location."""

    text: str | None = None
    city: str | None = None
    region: str | None = None
    country: str | None = Field(None, description="ISO 3166-1 alpha-2, lower case.")
    latitude: float | None = None
    longitude: float | None = None


class SightingOut(BaseModel):
    """One source that shows the posting, and the archived page it was last read from."""

    source: str
    source_job_id: str
    feed: str
    url: str | None
    apply_url: str | None
    archive_key: str
    page: int
    campaign_id: str
    last_run_id: str
    first_seen_at: datetime
    last_seen_at: datetime
    shown: bool = Field(description="Whether the posting shows this source's words.")


class PostingSummary(BaseModel):
    """A posting in a list."""

    hash_key: str
    version: int
    title: str
    company: str
    source: str
    source_job_id: str
    url: str | None
    first_seen_at: datetime
    closed_at: datetime | None


class OtherPosting(PostingSummary):
    """Another posting of the same job."""

    apply_url: str | None
    places: list[PlaceOut]
    posted_at: datetime | None
    reason: str | None = Field(description="Why it was found to be the same job; null: the first, or merged by hand.")
    duplicate_class: str | None = Field(description="temporal: a repost under a new id; full, semantic or partial.")
    similarity: float | None = Field(description="Of the texts, 0 to 1.")


class EventOut(BaseModel):
    """Something that happened to the posting."""

    at: datetime
    kind: str = Field(description="first_seen, closed, expired, stale, reopened, reposted or evergreen.")
    source: str
    reason: str


class FlagOut(BaseModel):
    """What people should know of the posting besides its state."""

    kind: str = Field(description="repost: shown again under a new id; evergreen: open for unusually long.")
    since: datetime
    evidence: str


class PostingOut(PostingSummary):
    """The canonical posting with its provenance."""

    content_hash: str
    last_seen_at: datetime | None = Field(description="When any source showed it last; null for a closed posting.")
    company_url: str | None
    apply_url: str | None
    description_html: str = Field(description="HTML of harmless tags only.")
    description_text: str
    description_is_excerpt: bool = Field(description="Whether the source cuts the text off.")
    places: list[PlaceOut]
    employment_types: list[str]
    remote: str | None
    seniority: str | None
    department: str | None
    company_size: str | None
    tags: list[str]
    pay_text: str | None
    pay_minimum: Decimal | None
    pay_maximum: Decimal | None
    pay_currency: str | None
    pay_period: str | None
    language: str | None
    posted_at: datetime | None
    valid_through: datetime | None
    warnings: list[str] = Field(description="Data-quality rules that it broke and was repaired for.")
    rules_version: str
    dwh_load_timestamp: datetime
    sightings: list[SightingOut]
    state: JobState = Field(
        description="closed: shown no more; expired: its end has passed; stale: open, but not seen for long."
    )
    state_since: datetime | None = Field(description="Null where it has been open from the beginning.")
    state_reason: str | None
    flags: list[FlagOut]
    history: list[EventOut] = Field(description="What happened to it, the earliest first.")
    cluster_id: str | None = Field(description="The job; null where the posting was stored before jobs were told.")
    also_seen_as: list[OtherPosting] = Field(description="The other postings of the same job.")


class PostingList(BaseModel):
    """A page of postings; `next` goes into `after` for the following one, null after the last."""

    postings: list[PostingSummary]
    next: str | None


@router.get("/postings/{hash_key}", responses={404: {"model": Problem}})
async def read_posting(request: Request, hash_key: HashKey) -> PostingOut:
    """The canonical posting: what it says, who shows it and from which archived pages that was read."""
    wiring = request.app.state.wiring
    async with wiring.session.engine.connect() as conn:
        found: dict[str, Any] | None = await wiring.store.read(conn, hash_key)
        members: list[dict[str, Any]] = await wiring.decisions.cluster(conn, hash_key)
    if found is None:
        raise ProblemError(404, "No such posting", f"There is no posting {hash_key}.")
    first = {"at": found["first_seen_at"], "kind": "first_seen", "source": found["source"], "reason": ""}
    found["history"] = [first, *found["history"]]
    found["cluster_id"] = members[0]["cluster_id"] if members else None
    found["also_seen_as"] = [member for member in members if member["hash_key"] != hash_key]
    return PostingOut.model_validate(found)


@router.get("/postings")
async def list_postings(
    request: Request,
    country: Annotated[str | None, Query(pattern="^[a-z]{2}$", description="ISO 3166-1 alpha-2, lower case.")] = None,
    city: Annotated[
        str | None, Query(max_length=200, pattern=r"^[^\x00]*$", description="City as the source writes it.")
    ] = None,
    after: Annotated[UUID | None, Query(description="`next` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> PostingList:
    """Postings in the order of their hash_key, by place if asked."""
    wiring = request.app.state.wiring
    async with wiring.session.engine.connect() as conn:
        found = await wiring.store.list(conn, country=country, city=city, after=after, limit=limit)
    last = found[-1]["hash_key"] if len(found) == limit else None
    return PostingList(postings=[PostingSummary.model_validate(row) for row in found], next=last)
