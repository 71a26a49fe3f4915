"""HTTP: the page index, and archived pages."""

import gzip
import uuid
from datetime import UTC, date, datetime, time
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from common.storage import DamagedObjectError, ObjectMissingError, StorageUnavailableError
from common.web.problems import Problem, ProblemError
from extractor.clients.archive import Archive
from extractor.domain.archive_key import read_key
from extractor.routes.access import Wired
from extractor.store import Window

router = APIRouter()

# PostgreSQL's text takes no NUL.
Text = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]


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
    removed_at: datetime | None = Field(description="Set once the object is gone, its time being over.")


class Narrowed(BaseModel):
    """Which pages: of a run, a source, days (UTC) on which they were fetched."""

    model_config = ConfigDict(populate_by_name=True)

    run_id: Text | None = None
    source: Text | None = None
    first: date | None = Field(None, alias="from")
    last: date | None = Field(None, alias="to")
    after: uuid.UUID | None = Field(None, description="Continue behind this page.")
    limit: int = Field(100, ge=1, le=500)

    @property
    def window(self) -> Window:
        """For the page index."""
        return Window(
            datetime.combine(self.first, time(), UTC) if self.first else None,
            datetime.combine(self.last, time.max, UTC) if self.last else None,
            [self.source] if self.source else (),
            [self.run_id] if self.run_id else (),
        )


@router.get("/pages", summary="Archived pages in the order they were fetched")
async def pages(wired: Wired, asked: Annotated[Narrowed, Query()]) -> list[PageEntry]:
    async with wired.session.engine.connect() as conn:
        rows = await wired.store.pages(conn, asked.window, after=asked.after, limit=asked.limit)
    return [PageEntry.model_validate(row) for row in rows]


@router.get(
    "/pages/raw",
    summary="The envelope of a page by its key, also where the index does not know it",
    response_class=Response,
    responses={200: {"content": {"application/json": {}}}, 404: {"model": Problem}, 502: {"model": Problem}},
)
async def raw_object(wired: Wired, key: Annotated[str, Query(max_length=1500, pattern=r"^[^\x00]+$")]) -> Response:
    if read_key(wired.archive.prefix, key) is None:
        raise ProblemError(404, "Not the key of a page", "List keys with GET /pages.")
    return Response(gzip.decompress(await _object(wired.archive, key, None)), media_type="application/json")


@router.get(
    "/pages/{page_id}/raw",
    summary="The envelope of a page as archived, its digest checked",
    response_class=Response,
    responses={200: {"content": {"application/json": {}}}, 404: {"model": Problem}, 502: {"model": Problem}},
)
async def raw_page(wired: Wired, page_id: uuid.UUID) -> Response:
    async with wired.session.engine.connect() as conn:
        row = await wired.store.page(conn, page_id)
    if row is None:
        raise ProblemError(404, "No such page", f"no page {page_id} in the index")
    data = await _object(wired.archive, row.archive_key, row.sha256)
    return Response(gzip.decompress(data), media_type="application/json", headers={"x-archive-sha256": row.sha256})


async def _object(archive: Archive, key: str, sha256: str | None) -> bytes:
    try:
        return await archive.raw(key, sha256)
    except ObjectMissingError as error:
        raise ProblemError(404, "The page is not in the archive any more", f"no object {key}") from error
    except DamagedObjectError as error:
        raise ProblemError(502, "The archived page is damaged", str(error)) from error
    except StorageUnavailableError as error:
        raise ProblemError(503, "The archive does not answer", str(error), {"retry-after": "5"}) from error
