"""Quarantine of every service: looked at, discarded there, replayed as new runs."""

import uuid
from collections.abc import Iterator
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from common.messaging.protocol import Outgoing
from common.messaging.relay import send_now
from common.messaging.replay import MOST_ENTRIES
from common.web import Problem
from common.web.entries import (
    Chosen,
    Discarded,
    Discarding,
    EntryDetail,
    EntryFilter,
    EntryRead,
    SelectedRead,
    SkippedRead,
)
from common.web.pages import Page
from gateway.routes.access import Wired
from gateway.routes.forwarded import forward

router = APIRouter(tags=["quarantine"], responses={503: {"model": Problem}})
Service = Literal["extractor", "normalizer", "enricher", "ranker", "notifier", "gateway"]
#: Runs that one request begins.
_MOST_RUNS = 100
_UNKNOWN_RUN = "The gateway knows no such run: somebody else has sent the message."


class ReplayRun(BaseModel):
    """A run that works again on entries of another."""

    run_id: str
    replay_of: str
    entries: int


class ReplayRead(BaseModel):
    """What was begun, and what was not."""

    runs: list[ReplayRun]
    detail: str
    more: bool = Field(description="There are further entries: ask again once these runs have ended.")
    skipped: list[SkippedRead]
    replayed_by: list[str] = Field(description="Runs that have replayed entries of the selection before.")


@router.get(
    "/quarantine/{service}", summary="What a service has set aside, latest first", response_model=Page[EntryRead]
)
async def entries(wired: Wired, request: Request, service: Service, asked: Annotated[EntryFilter, Query()]) -> Response:
    return await forward(wired.services, service, "/quarantine", request)


@router.get(
    "/quarantine/{service}/{entry}", summary="An entry with its payload", response_model=EntryDetail,
    responses={404: {"model": Problem}},
)  # fmt: skip
async def entry(wired: Wired, request: Request, service: Service, entry: uuid.UUID) -> Response:
    return await forward(wired.services, service, f"/quarantine/{entry}", request)


@router.post("/quarantine/{service}/select", summary="What a replay would work on", response_model=SelectedRead)
async def select(wired: Wired, request: Request, service: Service, chosen: Chosen) -> Response:
    return await forward(wired.services, service, "/quarantine/select", request)


@router.post("/quarantine/{service}/discard", summary="Discard open entries, with a reason", response_model=Discarded)
async def discard(wired: Wired, request: Request, service: Service, chosen: Discarding) -> Response:
    """They stay on record, and are never replayed."""
    return await forward(wired.services, service, "/quarantine/discard", request)


@router.post("/quarantine/{service}/replay", summary="Replay open entries as new runs", status_code=202)
async def replay(wired: Wired, service: Service, chosen: Chosen) -> ReplayRead:
    """One run for each run that they are of (more for more than 500 entries). Asking twice replays once."""
    answer = await wired.services.post(service, "/quarantine/select", chosen.model_dump(mode="json", exclude_none=True))
    found = SelectedRead.model_validate(answer)
    runs: list[ReplayRun] = []
    unknown: list[uuid.UUID] = []
    messages: list[Outgoing] = []
    async with wired.session.engine.begin() as conn:
        for run_id, ids in _parts(found):
            old = await wired.runs.get(conn, run_id)
            if old is None:
                unknown += ids
            elif len(runs) == _MOST_RUNS:
                found.more = True
            else:
                replay_id, first = await wired.runs.replay(conn, old, service, ids, wired.now())
                runs.append(ReplayRun(run_id=replay_id, replay_of=run_id, entries=len(ids)))
                messages += first
    await send_now(wired.session.broker, wired.session.engine, wired.session.outbox, messages)
    if unknown:
        found.skipped.append(SkippedRead(reason="run_unknown", detail=_UNKNOWN_RUN, ids=unknown))
    return ReplayRead(
        runs=runs, detail=_in_words(runs, found), more=found.more, skipped=found.skipped, replayed_by=found.replayed_by
    )


def _parts(found: SelectedRead) -> Iterator[tuple[str, list[uuid.UUID]]]:
    for group in found.groups:
        for start in range(0, len(group.ids), MOST_ENTRIES):
            yield group.run_id, group.ids[start : start + MOST_ENTRIES]


def _in_words(runs: list[ReplayRun], found: SelectedRead) -> str:
    if runs:
        return f"Entries that go through their stage again: {sum(r.entries for r in runs)}."
    if found.skipped:
        return "None of these entries can be replayed; `skipped` says why."
    if found.replayed_by:
        return f"Nothing is left to replay: {', '.join(found.replayed_by)} did it."
    return "No open entry fits."
