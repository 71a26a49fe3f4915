"""Runs: start, list, look into, cancel."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Self

from fastapi import APIRouter, Body, Path, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncConnection

from common.contracts import RunKind, RunState
from common.messaging.relay import send_now
from common.web import Problem, ProblemError
from common.web.pages import Cursor, Page, read_moment, write_cursor
from gateway.domain.books import OUTCOMES, Books
from gateway.domain.campaign import SourceChoice
from gateway.domain.quality import Gate
from gateway.errors import campaign_missing, run_missing
from gateway.routes.access import Wired
from gateway.store.books import StageBooks, books_of, failures_of, stages_of, statuses_of
from gateway.store.campaigns import criteria_of
from gateway.store.quality import QualityStore
from gateway.store.runs import Row

router = APIRouter(tags=["runs"], responses={404: {"model": Problem}})

RUN_ID = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$"
RunId = Annotated[str, Path(pattern=RUN_ID)]


class RunStart(BaseModel):
    """What to run; everything may be left out."""

    model_config = ConfigDict(extra="forbid")

    sources: list[SourceChoice] | None = Field(None, max_length=100, description="Instead of the campaign's own.")
    run_id: str | None = Field(None, pattern=RUN_ID, description="Your own id: starting it twice starts it once.")


class RunRead(BaseModel):
    """A run as lists show it."""

    run_id: str
    kind: RunKind
    campaign_id: uuid.UUID | None = Field(description="Null for a replay of archived pages.")
    campaign_name: str
    trigger: str
    replay_of: str | None = Field(description="The run whose quarantine or archived pages a replay works on again.")
    window: dict[str, Any] | None = Field(
        description="Which archived pages a replay reads again, or the days that a backfill asks for."
    )
    state: RunState
    status: str = Field(description="running, succeeded, partial, failed, cancelled, timed_out or blocked.")
    sources: list[dict[str, Any]]
    requested_at: datetime
    deadline_at: datetime
    completed_at: datetime | None
    slot_at: datetime | None = Field(description="For when a scheduled run was due.")
    slot_source: str | None = Field(description="The source whose own times started it; empty: the campaign's.")
    sla_at: datetime | None = Field(description="When it is to have ended.")
    sla_missed_at: datetime | None = Field(description="When that was found not to be so.")

    @classmethod
    async def of(cls, conn: AsyncConnection, rows: Sequence[Row]) -> list[Self]:
        """From their rows."""
        fields = RunRead.model_fields.keys() - {"status"}
        told = zip(rows, await statuses_of(conn, rows), strict=True)
        return [cls.model_validate({f: getattr(row, f) for f in fields} | {"status": status}) for row, status in told]


class BooksRead(BaseModel):
    """fetched = new + updated + unchanged + duplicate + rejected + failed, once nothing is open."""

    fetched: int
    new: int
    updated: int
    unchanged: int
    duplicate: int
    rejected: int
    failed: int
    open: int
    balanced: bool
    reasons: dict[str, int] = Field(description="Why postings were rejected, failed or remarked on.")

    @classmethod
    def of(cls, books: Books) -> Self:
        """From the books of a run."""
        counts = {outcome: books.counts.get(outcome, 0) for outcome in OUTCOMES}
        return cls(
            fetched=books.fetched, open=books.open, balanced=books.balanced, reasons=dict(books.reasons), **counts
        )


class QualityTold(BaseModel):
    """The verdict of the quality gate in short; all of it is at `GET /runs/{run_id}/quality`."""

    gate: Gate
    releasing: bool
    critical: list[str] = Field(description="Critical rules that the run has broken.")
    warnings: list[str]

    @classmethod
    async def of(cls, conn: AsyncConnection, store: QualityStore, run: Row) -> Self | None:
        """From what is kept of the run."""
        if run.gate is None:
            return None
        failed = [result for result in await store.results(conn, run.run_id) if result.verdict == "failed"]
        told = {s: sorted({r.reason for r in failed if r.severity == s}) for s in ("critical", "warning")}
        return cls(gate=run.gate, releasing=run.releasing, critical=told["critical"], warnings=told["warning"])


class RunDetail(RunRead):
    """A run with its books, stage by stage."""

    quality: QualityTold | None = Field(description="Null: the quality gate has not judged the run.")
    open_units: int
    late_events: int
    books: BooksRead
    stages: list[StageBooks]
    failed_units: int
    errors: list[str]


@router.post("/campaigns/{campaign_id}/runs", status_code=202, summary="Start a run")
async def start(
    wired: Wired,
    campaign_id: uuid.UUID,
    asked: Annotated[RunStart | None, Body(examples=[{"sources": [{"source": "sample"}]}])] = None,
) -> RunRead:
    """Reads the campaign's sources (or those given); follow it at `GET /runs/{run_id}`."""
    asked = asked or RunStart()
    now = wired.now()
    async with wired.session.engine.begin() as conn:
        campaign = await wired.campaigns.get(conn, campaign_id, lock=True)
        if campaign is None:
            raise campaign_missing()
        if not campaign.is_active:
            raise ProblemError(409, "The campaign is paused", "Resume it with POST /campaigns/{id}/toggle.")
        sources = criteria_of(campaign).sources if asked.sources is None else asked.sources
        if not sources:
            raise ProblemError(422, "No sources to read", "Give `sources` here or set them on the campaign.")
        run_id, messages = await wired.starter.start(
            conn, campaign, [s.contract() for s in sources], asked.run_id, "request", now
        )
        row = await wired.runs.get(conn, run_id)
        if row is None or row.campaign_id != campaign_id:
            raise ProblemError(409, "This run id is taken", "It names a run of another campaign; choose another.")
        (shown,) = await RunRead.of(conn, [row])
    await send_now(wired.session.broker, wired.session.engine, wired.session.outbox, messages)
    return shown


@router.get("/runs", summary="List runs, latest first")
async def list_runs(
    wired: Wired,
    campaign_id: Annotated[uuid.UUID | None, Query()] = None,
    kind: Annotated[RunKind | None, Query()] = None,
    state: Annotated[RunState | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Cursor = None,
) -> Page[RunRead]:
    before = read_moment(cursor) if cursor else None
    async with wired.session.engine.connect() as conn:
        rows = await wired.runs.list(
            conn, campaign_id=campaign_id, kind=kind, state=state, before=before, limit=limit + 1
        )
        items = await RunRead.of(conn, rows[:limit])
    more = len(rows) > limit
    last = rows[limit - 1] if more else None
    following = write_cursor(last.requested_at.isoformat(), last.run_id) if last else None
    return Page(items=items, next_cursor=following)


@router.get("/runs/{run_id}", summary="A run with its books")
async def read(wired: Wired, run_id: RunId) -> RunDetail:
    async with wired.session.engine.connect() as conn:
        row = await wired.runs.get(conn, run_id)
        if row is None:
            raise run_missing()
        books = await books_of(conn, run_id)
        failed, errors = await failures_of(conn, run_id)
        stages = await stages_of(conn, run_id)
        quality = await QualityTold.of(conn, wired.quality, row)
        (listed,) = await RunRead.of(conn, [row])
    return RunDetail(
        **listed.model_dump(), quality=quality, open_units=row.open, late_events=row.late,
        books=BooksRead.of(books), stages=stages, failed_units=failed, errors=errors,
    )  # fmt: skip


@router.post("/runs/{run_id}/cancel", summary="Cancel a run that is under way")
async def cancel(wired: Wired, run_id: RunId) -> RunRead:
    """What was found so far stays, unless the quality gate blocks it; units still under way finish late."""
    async with wired.session.engine.begin() as conn:
        before = await wired.quality.lock(conn, run_id)
        messages = await wired.ledger.cancel(conn, run_id)
        row = await wired.runs.get(conn, run_id)
        if row is None or before is None:
            raise run_missing()
        if before.state != "running" or before.ending is not None:
            told = "is ending" if row.state == "running" else f"is {row.state} already"
            raise ProblemError(409, f"The run {told}")
        (shown,) = await RunRead.of(conn, [row])
    await send_now(wired.session.broker, wired.session.engine, wired.session.outbox, messages)
    return shown
