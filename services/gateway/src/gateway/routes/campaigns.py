"""Campaigns: create, list, read, change, pause, delete."""

import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Self

from fastapi import APIRouter, Body, Query, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from common.messaging.relay import send_now
from common.web import Problem
from gateway.domain.campaign import CampaignCriteria, CampaignSource
from gateway.errors import campaign_missing
from gateway.routes.access import Wired
from gateway.store.campaigns import Row, criteria_of

router = APIRouter(prefix="/campaigns", tags=["campaigns"], responses={404: {"model": Problem}})

EXAMPLE = {
    "campaign_name": "Data engineering in Toronto", "query": "data engineer", "country": "ca", "location": "Toronto",
    "email": "me@example.com", "date_window": "month", "skills": ["python", "sql", "airflow"], "min_salary": 100000,
    "max_salary": 150000, "currency": "CAD", "remote_preference": ["remote", "hybrid"], "seniority": ["mid", "senior"],
    "sources": [{"source": "greenhouse", "params": {"board": "acme"}}, {"source": "sample"}],
}  # fmt: skip


class CampaignRead(CampaignCriteria):
    """A campaign with what happened to it."""

    campaign_id: uuid.UUID
    version: int
    created_at: datetime
    updated_at: datetime
    schedule_paused: bool
    next_run_at: datetime | None
    total_run_count: int
    last_run_at: datetime | None
    last_run_status: str | None
    last_run_job_count: int | None

    @classmethod
    def of(cls, row: Row) -> Self:
        """From its row."""
        own = {
            name: getattr(row, name)
            for name in ("campaign_id", "version", "created_at", "updated_at", "schedule_paused", "next_run_at",
                         "total_run_count", "last_run_at", "last_run_status", "last_run_job_count")
        }  # fmt: skip
        return cls(**criteria_of(row).model_dump(), **own)


@router.post("", status_code=201, summary="Create a campaign")
async def create(wired: Wired, criteria: Annotated[CampaignCriteria, Body(examples=[EXAMPLE])]) -> CampaignRead:
    """The campaign is active at once; stored jobs are scored for it in a run of kind `rerank`."""
    now = wired.now()
    async with wired.session.engine.begin() as conn:
        row = await wired.campaigns.create(conn, criteria, now)
        messages = await wired.runs.rerank(conn, row, "created", now)
    await send_now(wired.session.broker, wired.session.engine, wired.session.outbox, messages)
    return CampaignRead.of(row)


@router.get("", summary="List campaigns by name")
async def list_campaigns(wired: Wired, is_active: Annotated[bool | None, Query()] = None) -> list[CampaignRead]:
    async with wired.session.engine.connect() as conn:
        return [CampaignRead.of(row) for row in await wired.campaigns.list(conn, is_active=is_active)]


@router.get("/{campaign_id}", summary="Read a campaign")
async def read(wired: Wired, campaign_id: uuid.UUID) -> CampaignRead:
    async with wired.session.engine.connect() as conn:
        row = await wired.campaigns.get(conn, campaign_id)
    if row is None:
        raise campaign_missing()
    return CampaignRead.of(row)


@router.patch("/{campaign_id}", summary="Change any criterion of a campaign")
async def change(
    wired: Wired, campaign_id: uuid.UUID, changes: Annotated[dict[str, Any], Body(examples=[{"min_salary": 110000}])]
) -> CampaignRead:
    """Members that are left out stay as they are; where the change matters to it, stored jobs are scored again."""
    return await _change(wired, campaign_id, lambda _: changes)


@router.post("/{campaign_id}/sources", summary="Read one more source")
async def add_source(
    wired: Wired,
    campaign_id: uuid.UUID,
    source: Annotated[CampaignSource, Body(examples=[{"source": "greenhouse", "params": {"board": "acme"}}])],
) -> CampaignRead:
    """A source that the campaign reads already (the same with the same parameters) stays as it is."""

    def added(before: CampaignCriteria) -> dict[str, Any]:
        known = any(s.key == source.key for s in before.sources)
        return {} if known else {"sources": [s.model_dump(mode="json") for s in (*before.sources, source)]}

    return await _change(wired, campaign_id, added)


@router.post("/{campaign_id}/toggle", summary="Pause or resume a campaign")
async def toggle(wired: Wired, campaign_id: uuid.UUID) -> CampaignRead:
    return await _change(wired, campaign_id, lambda before: {"is_active": not before.is_active})


@router.delete("/{campaign_id}", status_code=204, summary="Delete a campaign and its rankings")
async def delete(wired: Wired, campaign_id: uuid.UUID) -> Response:
    """Its runs stay on record; jobs stay, since other campaigns share them."""
    now = wired.now()
    async with wired.session.engine.begin() as conn:
        row = await wired.campaigns.get(conn, campaign_id, lock=True)
        if row is None:
            raise campaign_missing()
        messages = await wired.runs.rerank(conn, await wired.campaigns.delete(conn, row, now), "deleted", now)
    await send_now(wired.session.broker, wired.session.engine, wired.session.outbox, messages)
    return Response(status_code=204)


async def _change(
    wired: Wired, campaign_id: uuid.UUID, changes: Callable[[CampaignCriteria], dict[str, Any]]
) -> CampaignRead:
    """Apply what changes make of the criteria; if it concerns other services it is the campaign's next version."""
    now = wired.now()
    async with wired.session.engine.begin() as conn:
        row = await wired.campaigns.get(conn, campaign_id, lock=True)
        if row is None:
            raise campaign_missing()
        before = criteria_of(row)
        after = _validated({**before.model_dump(mode="json"), **changes(before)})
        if after == before:
            return CampaignRead.of(row)
        old, row = row, await wired.campaigns.update(conn, row, after, now)
        messages = await wired.runs.rerank(conn, row, "changed", now) if row.version > old.version else []
    await send_now(wired.session.broker, wired.session.engine, wired.session.outbox, messages)
    return CampaignRead.of(row)


def _validated(document: dict[str, Any]) -> CampaignCriteria:
    try:
        return CampaignCriteria.model_validate(document)
    except ValidationError as error:
        errors = [{**e, "loc": ("body", *e["loc"])} for e in error.errors()]
        raise RequestValidationError(errors) from error
