"""HTTP: the known sources, what they need, and how they are."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from common.web.problems import Problem, ProblemError
from extractor.clients.providers import describe
from extractor.domain.source_state import State
from extractor.routes.access import Wired
from extractor.store.overview import Health, health_of
from extractor.store.quotas import QuotaUse, quotas_of
from sources.adapter import SourceAdapter
from sources.registry import adapters
from sources.terms import Terms

router = APIRouter()

Name = Annotated[str, Path(pattern=r"^[A-Za-z0-9._-]{1,80}$")]


class FeedState(BaseModel):
    """What is known of a feed, as one campaign reads it."""

    model_config = ConfigDict(from_attributes=True)

    feed: str
    campaign_id: str
    params: dict[str, Any]
    last_run_id: str
    first_fetched_at: datetime | None
    last_fetched_at: datetime | None
    last_items: int | None = Field(description="Items of the first page when it was last read.")
    empty_since: datetime | None = Field(description="Set while the first page is empty.")
    last_error: str | None
    last_error_at: datetime | None
    swept_at: datetime | None = Field(description="When it was last read to its end, if it shows every open posting.")
    left_out: str | None = Field(description="Why that was not the whole: nothing counts as closed by it.")


class TermsRead(BaseModel):
    """Conditions under which a source lets itself be read."""

    model_config = ConfigDict(from_attributes=True)

    allowed_use: str
    attribution: str | None = Field(description="Text that must stand beside each posting.")
    attribution_url: str | None = Field(description="Where that text leads.")
    retention_days: int | None = Field(description="How long pages and postings may be kept; null: nothing is said.")
    url: str | None = Field(description="Where the terms stand.")
    good_for: str


class QuotaRead(BaseModel):
    """A quota in its rolling window, over all processes."""

    model_config = ConfigDict(from_attributes=True)

    per: str = Field(description="minute, hour, day, week or month (30 days).")
    allowed: int
    used: int
    resets_at: datetime | None = Field(
        description="When there is room again, or, where there is some, when the oldest request leaves the window."
    )


class DayRead(BaseModel):
    """What a source did on a UTC day."""

    model_config = ConfigDict(from_attributes=True)

    day: date
    requests: int = Field(description="Retries included.")
    pages: int
    failed: int = Field(description="Pages that could not be read in the end.")
    postings: int
    seconds: float = Field(description="Time spent asking.")
    errors: dict[str, int] = Field(description="Failed attempts by kind, those included that a later one made good.")


class SourceState(BaseModel):
    """A source that can be read, or has been."""

    name: str
    known: bool = Field(description="Whether this version has an adapter for it.")
    description: str
    missing: list[str] = Field(description="What the settings, or a query without parameters, lack, in words.")
    base_url: str
    credentials_missing: list[str] = Field(description="Environment variables that still have to be set.")
    state: State = Field(description="ok, degraded, broken (left alone until it works again) or paused (by hand).")
    because: list[str] = Field(description="Why it is not ok, and what to do.")
    vanished_fields: list[str] = Field(description="Fields that its items had for weeks and have no more.")
    appeared_fields: list[str] = Field(description="Fields that its items have for the first time.")
    latest: DayRead | None = Field(description="The last day on which it was asked.")
    quotas: list[QuotaRead]
    terms: TermsRead
    feeds: list[FeedState]


class SourceDetail(SourceState):
    """A source with its last three weeks."""

    days: list[DayRead]


@router.get("/sources", summary="Known sources: what they need, how they are, what was read, what went wrong")
async def sources(wired: Wired) -> list[SourceState]:
    return [SourceState.model_validate(found) for found in (await _describe(wired)).values()]


@router.get("/sources/{name}", summary="One source with its last three weeks", responses={404: {"model": Problem}})
async def source(wired: Wired, name: Name) -> SourceDetail:
    found = (await _describe(wired, name)).get(name)
    if found is None:
        raise _unknown(name)
    return SourceDetail.model_validate(found)


@router.post(
    "/sources/{name}/pause",
    summary="Read nothing of a source until it is resumed; its pages end without postings, and runs say so",
    responses={404: {"model": Problem}},
)
async def pause(wired: Wired, name: Name) -> SourceDetail:
    return await _change(wired, name, paused=True)


@router.post(
    "/sources/{name}/resume",
    summary="Read a source again that was paused, or that is broken and has been repaired",
    responses={404: {"model": Problem}},
)
async def resume(wired: Wired, name: Name) -> SourceDetail:
    return await _change(wired, name, paused=False)


async def _change(wired: Wired, name: str, *, paused: bool) -> SourceDetail:
    if name not in await _describe(wired, name):
        raise _unknown(name)
    health = wired.watch.store
    async with wired.session.engine.begin() as conn:
        await (health.pause(conn, name) if paused else health.resume(conn, name))
    return await source(wired, name)


def _unknown(name: str) -> ProblemError:
    return ProblemError(404, "No such source", f"there is no source {name!r}; known: {', '.join(adapters())}")


async def _describe(wired: Wired, name: str | None = None) -> dict[str, dict[str, Any]]:
    """Everything known of all sources or the one, by name: those that can be read first."""
    known = {n: adapter for n, adapter in adapters().items() if name in (None, n)}
    await wired.watch.flush()
    async with wired.session.engine.connect() as conn:
        rows = [row for row in await wired.store.feeds(conn) if name in (None, row.source)]
        healths = await health_of(conn, datetime.now(UTC).date(), name)
        quotas = await wired.quotas.use(conn, {n: quotas_of(adapter) for n, adapter in known.items()})
    names = dict.fromkeys([*known, *sorted(healths), *(row.source for row in rows)])
    return {
        each: {
            **_adapter(each, known.get(each)),
            **_health(healths.get(each, Health()), quotas.get(each, [])),
            "feeds": [FeedState.model_validate(row) for row in rows if row.source == each],
        }
        for each in names
    }


def _adapter(name: str, adapter: SourceAdapter | None) -> Mapping[str, Any]:
    if adapter is None:
        nothing = {"description": "", "missing": [], "base_url": "", "credentials_missing": []}
        return {"name": name, "known": False, "terms": TermsRead.model_validate(Terms()), **nothing}
    return {**describe(adapter), "known": True, "terms": TermsRead.model_validate(adapter.terms)}


def _health(health: Health, quotas: Sequence[QuotaUse]) -> Mapping[str, Any]:
    days = [DayRead.model_validate(day) for day in health.days]
    return {
        "state": health.state,
        "because": list(health.because),
        "vanished_fields": list(health.drift.vanished),
        "appeared_fields": list(health.drift.appeared),
        "latest": days[-1] if days else None,
        "days": days,
        "quotas": [asdict(use) for use in quotas],
    }
