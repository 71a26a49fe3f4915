"""Data enters: HTTP, for what whole reads of feeds have shown and closed."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from normalizer.store.sweeps import SweepStore

router = APIRouter(tags=["sweeps"])


class SweepOut(BaseModel):
    """The last read of a feed that showed every open posting of it."""

    model_config = ConfigDict(from_attributes=True)

    source: str
    feed: str
    run_id: str
    started_at: datetime
    finished_at: datetime
    pages: int
    postings: int
    missing: int | None = Field(description="Postings that the last reads did not show, though others before did.")
    closed: int | None = Field(description="Postings of this feed that are closed by it.")
    closed_in_all: int = Field(description="By all reads of the feed that are kept.")
    held: bool = Field(description="Whether so much was missing that the source is rather thought to be broken.")


@router.get("/sweeps", summary="The last whole read of each feed, and what it closed")
async def sweeps(
    request: Request, source: Annotated[str | None, Query(max_length=80, pattern=r"^[A-Za-z0-9._-]+$")] = None
) -> list[SweepOut]:
    async with request.app.state.wiring.session.engine.connect() as conn:
        return [SweepOut.model_validate(row) for row in await SweepStore().latest(conn, source)]
