"""HTTP: clusters of postings that are one job, why they are, and what people decide about them."""

from collections import Counter
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, Field, StringConstraints

from common.contracts import JobState, is_over
from common.messaging.relay import send_now
from common.web.problems import Problem, ProblemError
from normalizer.domain.one_job import Happened, Shown, Winner, best_first, history_of, sources_of, winners
from normalizer.routes.postings import HashKey

router = APIRouter(tags=["duplicates"])
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500, pattern=r"^[^\x00]*$")]
Key = Annotated[str, StringConstraints(pattern="^[0-9a-f]{32}$")]


class Evidence(BaseModel):
    """Why a posting stands where it stands; similarities are shares of shingles, 0 to 1."""

    hash_key: str
    title: str
    company: str
    source: str
    matched: str | None = Field(description="The posting that it is most like; null: the first, or merged by hand.")
    reason: str | None
    similarity: float | None
    duplicate_class: str | None = Field(description="full, semantic, temporal (a repost) or partial.")
    kept_from: str | None = Field(description="The posting nearest to it that it was kept apart from.")
    kept_reason: str | None
    kept_similarity: float | None
    rules_version: str


class Member(Evidence):
    """A posting of a cluster."""

    source_job_id: str
    url: str | None
    apply_url: str | None
    places: list[dict[str, Any]]
    posted_at: datetime | None
    first_seen_at: datetime
    closed_at: datetime | None
    state: JobState
    state_since: datetime | None


class Decision(BaseModel):
    """What somebody decided about two postings; no run undoes it."""

    one: str
    other: str
    verdict: str = Field(description="merge or split.")
    decided_by: str
    reason: str
    decided_at: datetime


class ClusterSummary(BaseModel):
    """A cluster in a list."""

    cluster_id: str
    postings: int
    title: str
    company: str
    sources: list[str]


class ClusterList(BaseModel):
    """A page of clusters; `next` goes into `after` for the following one, null after the last."""

    clusters: list[ClusterSummary]
    next: str | None


class Cluster(BaseModel):
    """One job: the postings that show it, in the order in which they were first seen."""

    cluster_id: str
    members: list[Member]
    places: list[str] = Field(description="All places of the job, each once.")
    sources: list[Shown] = Field(description="Each source once, the best one first, with the link to apply by.")
    fields: list[Winner] = Field(description="The words that stand; the text itself is at /postings/{hash_key}.")
    first_seen_at: datetime
    last_seen_at: datetime | None = Field(description="When any source showed any of its postings last.")
    closed_at: datetime | None = Field(description="When the last of its postings closed; null while one is open.")
    open: bool = Field(description="Whether any of its postings is.")
    history: list[Happened] = Field(description="What happened to its postings, the earliest first.")
    decisions: list[Decision]


class RunDuplicates(BaseModel):
    """What a run merged and what it kept apart."""

    merged: dict[str, int] = Field(description="Postings by reason.")
    classes: dict[str, int] = Field(description="Merged postings by class.")
    kept_apart: dict[str, int] = Field(description="Postings that were alike another one and kept apart, by reason.")
    examples: list[Evidence] = Field(description="Merged ones first, the most alike ones first.")


class Merging(BaseModel):
    """Postings that somebody says are one job."""

    hash_keys: list[Key] = Field(min_length=2, max_length=100)
    by: Words
    reason: Words


class Splitting(BaseModel):
    """Why a posting is another job than the others of its cluster."""

    by: Words
    reason: Words


@router.get("/duplicates", summary="Jobs that several postings show")
async def list_clusters(
    request: Request,
    after: Annotated[UUID | None, Query(description="`next` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> ClusterList:
    wiring = request.app.state.wiring
    async with wiring.session.engine.connect() as conn:
        found = await wiring.decisions.list(conn, after, limit)
    last = found[-1]["cluster_id"] if len(found) == limit else None
    return ClusterList(clusters=[ClusterSummary.model_validate(row) for row in found], next=last)


@router.post("/duplicates/merge", summary="Say that postings are one job", responses={404: {"model": Problem}})
async def merge(request: Request, asked: Merging) -> Cluster:
    wiring = request.app.state.wiring
    session = wiring.session
    async with session.engine.begin() as conn:
        messages = await wiring.decisions.merge(conn, asked.hash_keys, asked.by, asked.reason, wiring.now())
        if messages is None:
            raise ProblemError(404, "No such posting", "One of these postings is not known; look it up at /postings.")
    await send_now(session.broker, session.engine, session.outbox, messages)
    return await read(request, asked.hash_keys[0])


@router.get("/duplicates/{hash_key}", summary="The job that a posting shows", responses={404: {"model": Problem}})
async def read(request: Request, hash_key: HashKey) -> Cluster:
    """All postings of the cluster of this one, with the evidence for each."""
    wiring = request.app.state.wiring
    precedence = (await wiring.rules.current()).precedence
    async with wiring.session.engine.connect() as conn:
        rows = await wiring.decisions.cluster(conn, hash_key)
        if not rows:
            raise ProblemError(404, "In no cluster", f"{hash_key} is no posting, or was stored before clusters were.")
        decided = await wiring.decisions.decisions(conn, [row["hash_key"] for row in rows])
        sayings = best_first(await wiring.decisions.sayings(conn, hash_key), precedence)
        events = await wiring.decisions.events(conn, hash_key)
    members = [Member.model_validate(row) for row in rows]
    over = [member.state_since for member in members if is_over(member.state, closed=False) and member.state_since]
    is_open = len(over) < len(members)
    fields = [replace(won, value=None) if won.field == "description_html" else won for won in winners(sayings)]
    return Cluster(
        cluster_id=rows[0]["cluster_id"], members=members, places=places_of(rows), sources=sources_of(sayings),
        fields=fields, first_seen_at=min(member.first_seen_at for member in members),
        last_seen_at=max((each.last_seen_at for each in sayings if each.last_seen_at), default=None),
        closed_at=None if is_open else max(over), open=is_open, history=history_of(sayings, events),
        decisions=[Decision.model_validate(row) for row in decided],
    )  # fmt: skip


@router.post(
    "/duplicates/{hash_key}/split", summary="Say that a posting is another job", responses={404: {"model": Problem}}
)
async def split(request: Request, hash_key: HashKey, asked: Splitting) -> Cluster:
    """It becomes a cluster of its own, and what joins it later does not join the others."""
    wiring = request.app.state.wiring
    session = wiring.session
    async with session.engine.begin() as conn:
        messages = await wiring.decisions.split(conn, hash_key, asked.by, asked.reason, wiring.now())
        if messages is None:
            raise ProblemError(404, "Nothing to split", f"{hash_key} is in no cluster with other postings.")
    await send_now(session.broker, session.engine, session.outbox, messages)
    return await read(request, hash_key)


@router.get("/runs/{run_id}/dedupe-report", summary="What a run merged and kept apart, with the evidence")
async def of_run(
    request: Request,
    run_id: Annotated[str, Path(max_length=200, pattern=r"^[^\x00]*$")],
    limit: Annotated[int, Query(ge=1, le=200, description="Examples.")] = 50,
) -> RunDuplicates:
    wiring = request.app.state.wiring
    async with wiring.session.engine.connect() as conn:
        counts, rows = await wiring.decisions.of_run(conn, run_id, limit)
    merged, classes, kept = Counter[str](), Counter[str](), Counter[str]()
    for row in counts:
        if row["reason"] is not None:
            merged[row["reason"]] += row["postings"]
            classes[row["duplicate_class"]] += row["postings"]
        if row["kept_reason"] is not None:
            kept[row["kept_reason"]] += row["postings"]
    examples = [Evidence.model_validate(row) for row in rows]
    return RunDuplicates(merged=merged, classes=classes, kept_apart=kept, examples=examples)


def places_of(rows: list[dict[str, Any]]) -> list[str]:
    """The places of these postings as they are written, each once."""
    written = (
        place.get("text") or ", ".join(part for n in ("city", "region", "country") if (part := place.get(n)))
        for row in rows
        for place in row["places"]
    )
    return list(dict.fromkeys(text for text in written if text))
