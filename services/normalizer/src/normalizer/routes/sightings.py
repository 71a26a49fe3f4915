"""Data enters: HTTP, for how many postings sources showed for the first time."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field

router = APIRouter(tags=["sightings"])


class NewOfDay(BaseModel):
    """A day on which a source showed postings that it had not shown before."""

    model_config = ConfigDict(from_attributes=True)

    source: str
    day: date = Field(description="In UTC.")
    new: int


@router.get("/sightings/new", summary="Postings that sources showed for the first time, by day")
async def new_by_day(
    request: Request,
    since: date,
    source: Annotated[str | None, Query(max_length=80, pattern=r"^[A-Za-z0-9._-]+$")] = None,
) -> list[NewOfDay]:
    wiring = request.app.state.wiring
    async with wiring.session.engine.connect() as conn:
        return [NewOfDay.model_validate(row) for row in await wiring.store.new_by_day(conn, since, source)]
