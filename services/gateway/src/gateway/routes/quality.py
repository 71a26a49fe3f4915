"""What the quality gate says of a run, and decisions on runs that it has blocked."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Self, TypeVar

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy.ext.asyncio import AsyncConnection

from common.web import Problem, ProblemError
from gateway.domain.quality import Gate, Severity, Verdict
from gateway.errors import run_missing
from gateway.routes.access import Wired
from gateway.routes.runs import RunId
from gateway.store.quality import QualityStore, Row

router = APIRouter(tags=["quality"], responses={404: {"model": Problem}})
M = TypeVar("M", bound=BaseModel)
Words = Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=r"^[^\x00]*$", strip_whitespace=True)]


class Decision(BaseModel):
    """Who decides, and why; both are kept."""

    model_config = ConfigDict(extra="forbid")

    by: Words = Field(examples=["me@example.com"])
    reason: Words = Field(examples=["the board has closed its office: I have looked"])


class RuleResult(BaseModel):
    """How one rule came out."""

    reason: str
    severity: Severity
    source: str = Field(description="Empty: the rule is on the whole run.")
    verdict: Verdict
    detail: str = Field(description="The comparison in words, or why there was nothing to judge.")
    measure: str = Field(description="Empty for a rule of one's own code.")
    value: float | None
    usual: float | None = Field(description="Median of the value in the campaign's latest runs.")
    threshold: float | None
    sample: int | None = Field(description="How many were counted below the line.")
    evidence: dict[str, Any] = Field(description="Pages with the most of what was counted, and examples of jobs.")


class DecisionRead(BaseModel):
    """A decision on a blocked run."""

    action: str
    by: str
    reason: str
    at: datetime


class QualityRead(BaseModel):
    """The verdict on a run, rule by rule, what has failed first."""

    run_id: str
    gate: Gate | None = Field(
        description="Null: not judged yet, or a re-rank. reported: DQ_ENFORCE was off, or the run a dry one."
    )
    releasing: bool = Field(description="Whether held results are being published now.")
    judged_at: datetime | None
    rules_version: str | None
    held_batches: int
    held_jobs: int
    results: list[RuleResult]
    decisions: list[DecisionRead]

    @classmethod
    async def of(cls, conn: AsyncConnection, store: QualityStore, run: Row) -> Self:
        """Everything that is kept of it."""
        batches, jobs = await store.held(conn, run.run_id)
        return cls(
            run_id=run.run_id, gate=run.gate, releasing=run.releasing, judged_at=run.judged_at,
            rules_version=run.judged_by, held_batches=batches, held_jobs=jobs,
            results=_read(RuleResult, await store.results(conn, run.run_id)),
            decisions=_read(DecisionRead, await store.decisions(conn, run.run_id)),
        )  # fmt: skip


def _read(model: type[M], rows: Sequence[Row]) -> list[M]:
    return [model.model_validate({name: getattr(row, name) for name in model.model_fields}) for row in rows]


@router.get("/runs/{run_id}/quality", summary="The verdict of the quality gate on a run")
async def read(wired: Wired, run_id: RunId) -> QualityRead:
    async with wired.session.engine.connect() as conn:
        run = await wired.runs.get(conn, run_id)
        if run is None:
            raise run_missing()
        return await QualityRead.of(conn, wired.quality, run)


@router.post(
    "/runs/{run_id}/quality/release", status_code=202, summary="Publish what a blocked run has brought",
    responses={409: {"model": Problem}},
)  # fmt: skip
async def release(wired: Wired, run_id: RunId, decision: Decision) -> QualityRead:
    """Newer versions of the same jobs stay; `run.completed` is said once more when everything is visible."""
    found = await _decide(wired, run_id, "released", decision)
    wired.release()
    return found


@router.post(
    "/runs/{run_id}/quality/discard", summary="Leave unpublished what a blocked run has brought",
    responses={409: {"model": Problem}},
)  # fmt: skip
async def discard(wired: Wired, run_id: RunId, decision: Decision) -> QualityRead:
    """It can be released until 30 days after the run. The next run that sees a posting of it brings that again."""
    return await _decide(wired, run_id, "discarded", decision)


async def _decide(wired: Wired, run_id: str, gate: Gate, decision: Decision) -> QualityRead:
    async with wired.session.engine.begin() as conn:
        run = await wired.quality.lock(conn, run_id)
        if run is None:
            raise run_missing()
        if run.gate not in ("blocked", "discarded") or run.gate == gate:
            told = run.gate or "not judged"
            raise ProblemError(409, f"The run is {told}", "Only runs that the quality gate has blocked wait for this.")
        if gate == "released" and not (await wired.quality.held(conn, run_id))[0]:
            raise ProblemError(409, "Nothing is held of the run", "It brought nothing, or was blocked 30 days ago.")
        await wired.quality.decide(conn, run_id, gate, decision.by, decision.reason)
        decided = await wired.runs.get(conn, run_id)
        if decided is None:
            raise run_missing()
        return await QualityRead.of(conn, wired.quality, decided)
