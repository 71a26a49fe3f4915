"""HTTP: what a service has set aside, and what of it is to be discarded; replays begin at the gateway."""

import uuid
from datetime import datetime
from types import SimpleNamespace
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, FastAPI, Query, Request, Response

from common.contracts import UnreadableBodyError, json_of
from common.messaging.quarantine import Quarantine, Selection
from common.messaging.session import Session
from common.web import rules
from common.web.entries import (
    Chosen,
    Discarded,
    Discarding,
    EntryDetail,
    EntryFilter,
    EntryRead,
    HistoryRead,
    SelectedRead,
)
from common.web.pages import Page, bad_cursor, read_moment, write_cursor
from common.web.problems import Problem, ProblemError, add_problem_handlers

router = APIRouter(tags=["quarantine"])


def quarantine_app(session: Session) -> FastAPI:
    """An app of what all services have, for the one whose own routes are public: its quarantine and its rules."""
    app = FastAPI(openapi_url=None)
    add_problem_handlers(app)
    app.include_router(router)
    app.include_router(rules.router)
    app.state.wiring = SimpleNamespace(session=session, rules=session.rules)
    return app


@router.get("/quarantine", summary="What was set aside, latest first")
async def entries(request: Request, asked: Annotated[EntryFilter, Query()]) -> Page[EntryRead]:
    session = _session(request)
    selection = Selection(None, asked.run_id, asked.reason, asked.stage)
    before = _position(asked.cursor) if asked.cursor else None
    async with session.engine.connect() as conn:
        rows = await _quarantine(session).entries(conn, selection, asked.state, before, asked.limit + 1)
    last = rows[asked.limit - 1] if len(rows) > asked.limit else None
    following = write_cursor(last.created_at.isoformat(), last.id) if last else None
    shown = [EntryRead.model_validate(row, from_attributes=True) for row in rows[: asked.limit]]
    return Page(items=shown, next_cursor=following)


@router.get(
    "/quarantine/{entry}", summary="An entry with its payload", response_model=EntryDetail,
    responses={404: {"model": Problem}},
)  # fmt: skip
async def entry(request: Request, entry: uuid.UUID) -> Response:
    session = _session(request)
    async with session.engine.connect() as conn:
        rows = await _quarantine(session).load(conn, [entry])
        history = await _quarantine(session).history(conn, entry)
    if not rows:
        raise ProblemError(404, "No such entry", "List entries with GET /quarantine.")
    shown = EntryRead.model_validate(rows[0], from_attributes=True).model_dump(mode="json")
    done = [HistoryRead.model_validate(row, from_attributes=True).model_dump(mode="json") for row in history]
    payload = {"item": _item(rows[0]), "event": _event(rows[0]), "headers": rows[0].headers, "history": done}
    return Response(msgspec.json.encode(shown | payload), media_type="application/json")


@router.post("/quarantine/select", summary="What a replay of the selection would work on")
async def select(request: Request, chosen: Chosen) -> SelectedRead:
    session = _session(request)
    async with session.engine.connect() as conn:
        return SelectedRead.of(await _quarantine(session).select(conn, chosen.selection()))


@router.post("/quarantine/discard", summary="Discard open entries, with a reason")
async def discard(request: Request, chosen: Discarding) -> Discarded:
    """They stay on record, and are never replayed."""
    session = _session(request)
    async with session.engine.begin() as conn:
        ids = await _quarantine(session).take(conn, chosen.selection())
        await _quarantine(session).close(conn, ids, "discarded", because=chosen.because)
    return Discarded(discarded=len(ids))


def _session(request: Request) -> Session:
    session: Session = request.app.state.wiring.session
    return session


def _quarantine(session: Session) -> Quarantine:
    return Quarantine(session.outbox.schema)


def _position(cursor: str) -> tuple[datetime, uuid.UUID]:
    moment, entry = read_moment(cursor)
    try:
        return moment, uuid.UUID(entry)
    except ValueError as error:
        raise bad_cursor() from error


# Payloads are passed on as text: no encoder has to cope with what somebody else has put into them.
def _item(row: Any) -> msgspec.Raw | None:
    return None if row.item is None else msgspec.Raw(row.item.encode())


def _event(row: Any) -> msgspec.Raw | None:
    try:
        return None if row.body is None else json_of(row.body)
    except UnreadableBodyError:
        return None
