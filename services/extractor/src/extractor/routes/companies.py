"""HTTP: the queue of company look-ups, and asking again."""

import uuid
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from common.web.pages import Cursor, bad_cursor, read_moment, write_cursor
from common.web.problems import Problem, ProblemError
from extractor.routes.access import Wired
from extractor.store.companies import Status

router = APIRouter(tags=["companies"])
Key = Annotated[str, Path(pattern="^[0-9a-f]{32}$", description="Key of the company, 32 hex digits.")]


def _hex(key: uuid.UUID) -> str:
    return key.hex


class LookUpEntry(BaseModel):
    """A company that is, was or will be looked up."""

    model_config = ConfigDict(from_attributes=True)

    company_lookup_key: Annotated[str, BeforeValidator(_hex)]
    name: str = Field(description="As the posting names it that showed it first.")
    domain: str | None
    enrichment_status: Status
    attempts: int = Field(description="Failed attempts.")
    next_attempt_at: datetime | None = Field(description="Null: it is not asked for again.")
    last_error: str | None
    company_id: str | None = Field(description="The provider's id of the company that was chosen.")
    reason: str | None = Field(description="How it was chosen, or why none was.")
    score: float | None = Field(description="Alikeness of the names, 0 to 100; of none chosen, that of the best.")
    created_at: datetime
    updated_at: datetime


class LookUpQueue(BaseModel):
    """Look-ups, the latest changed first, and whether the provider is being asked at all."""

    asking: bool
    detail: str
    counts: dict[str, int] = Field(description="Look-ups by status.")
    items: list[LookUpEntry]
    next_cursor: str | None = Field(description="Pass as `cursor` for the next page; null on the last.")


@router.get("/companies/queue", summary="Company look-ups by status, and what keeps them from being asked")
async def look_ups(
    wired: Wired,
    status: Annotated[Status | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Cursor = None,
) -> LookUpQueue:
    before = _position(cursor) if cursor else None
    async with wired.session.engine.connect() as conn:
        counts = await wired.companies.counts(conn)
        rows = await wired.companies.entries(conn, status, before, limit + 1)
    last = rows[limit - 1] if len(rows) > limit else None
    more = write_cursor(last.updated_at.isoformat(), last.company_lookup_key) if last else None
    missing = wired.look_ups.missing
    detail = f"Companies wait until they can be looked up: {missing}." if missing else "Companies are looked up."
    return LookUpQueue(
        asking=missing is None, detail=detail, counts=counts, next_cursor=more,
        items=[LookUpEntry.model_validate(row) for row in rows[:limit]],
    )  # fmt: skip


@router.post(
    "/companies/queue/{key}/retry",
    summary="Look up again a company that was not found or ended in an error",
    status_code=202,
    responses={404: {"model": Problem}, 409: {"model": Problem}},
)
async def retry(wired: Wired, key: Key) -> LookUpEntry:
    async with wired.session.engine.begin() as conn:
        row, failed = await wired.companies.ask_again(conn, uuid.UUID(key))
    if row is None:
        raise ProblemError(404, "No such company", f"no look-up {key}")
    if not failed:
        raise ProblemError(409, f"The look-up is {row.enrichment_status}", "Only not_found and error are asked again.")
    return LookUpEntry.model_validate(row)


def _position(cursor: str) -> tuple[datetime, uuid.UUID]:
    moment, key = read_moment(cursor)
    try:
        return moment, uuid.UUID(key)
    except ValueError as error:
        raise bad_cursor() from error
