"""HTTP: the known sources and their state, the page index, and archived pages."""

import gzip
import uuid
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from common.storage import DamagedObjectError, ObjectMissingError, StorageUnavailableError
from common.web.problems import Problem, ProblemError
from extractor.clients.archive import Archive
from extractor.clients.providers import describe
from extractor.wiring import Wiring
from sources.registry import adapters

router = APIRouter()

# PostgreSQL's text takes no NUL.
Text = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]


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


class SourceState(BaseModel):
    """A source that can be read, or has been."""

    name: str
    known: bool = Field(description="Whether this version has an adapter for it.")
    description: str
    missing: list[str] = Field(description="What the settings, or a query without parameters, lack, in words.")
    base_url: str
    credentials_missing: list[str] = Field(description="Environment variables that still have to be set.")
    feeds: list[FeedState]


class PageEntry(BaseModel):
    """An archived page."""

    model_config = ConfigDict(from_attributes=True)

    id: uuid.UUID
    run_id: str
    campaign_id: str
    source: str
    feed: str
    page: int
    archive_key: str
    sha256: str = Field(description="Of the archived object (gzip).")
    bytes: int = Field(description="Size of the archived object.")
    status: int = Field(description="HTTP status of the source's answer.")
    items: int
    error: str | None
    fetched_at: datetime


def _wiring(request: Request) -> Wiring:
    wiring: Wiring = request.app.state.wiring
    return wiring


@router.get("/sources", summary="Known sources: what they need, what was read, what went wrong")
async def sources(request: Request) -> list[SourceState]:
    wiring = _wiring(request)
    async with wiring.session.engine.connect() as conn:
        rows = await wiring.store.feeds(conn)
    feeds: dict[str, list[FeedState]] = {}
    for row in rows:
        feeds.setdefault(row.source, []).append(FeedState.model_validate(row))
    known = [
        SourceState(**describe(adapter), known=True, feeds=feeds.pop(name, [])) for name, adapter in adapters().items()
    ]
    nothing: dict[str, Any] = {"description": "", "missing": [], "base_url": "", "credentials_missing": []}
    return known + [SourceState(name=name, known=False, feeds=left, **nothing) for name, left in feeds.items()]


@router.get("/pages", summary="The archived pages of a run, in the order they were fetched")
async def pages(
    request: Request,
    run_id: Text,
    source: Text | None = None,
    after: Annotated[uuid.UUID | None, Query(description="Continue behind this page.")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> list[PageEntry]:
    wiring = _wiring(request)
    async with wiring.session.engine.connect() as conn:
        rows = await wiring.store.pages(conn, run_id, source=source, after=after, limit=limit)
    return [PageEntry.model_validate(row) for row in rows]


@router.get(
    "/pages/{page_id}/raw",
    summary="The envelope of a page as archived, its digest checked",
    response_class=Response,
    responses={200: {"content": {"application/json": {}}}, 404: {"model": Problem}, 502: {"model": Problem}},
)
async def raw_page(request: Request, page_id: uuid.UUID) -> Response:
    wiring = _wiring(request)
    async with wiring.session.engine.connect() as conn:
        row = await wiring.store.page(conn, page_id)
    if row is None:
        raise ProblemError(404, "No such page", f"no page {page_id} in the index")
    data = await _object(wiring.archive, row.archive_key, row.sha256)
    return Response(gzip.decompress(data), media_type="application/json", headers={"x-archive-sha256": row.sha256})


async def _object(archive: Archive, key: str, sha256: str) -> bytes:
    try:
        return await archive.raw(key, sha256)
    except ObjectMissingError as error:
        raise ProblemError(404, "The page is not in the archive any more", f"no object {key}") from error
    except DamagedObjectError as error:
        raise ProblemError(502, "The archived page is damaged", str(error)) from error
    except StorageUnavailableError as error:
        raise ProblemError(503, "The archive does not answer", str(error), {"retry-after": "5"}) from error
