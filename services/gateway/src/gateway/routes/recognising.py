"""Which source is behind a web address; the extractor finds out, since only it asks the outside."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from common.web import Problem
from gateway.routes.access import Wired
from gateway.routes.forwarded import forward

router = APIRouter(tags=["sources"], responses={503: {"model": Problem}})

#: Longer than the extractor takes at most.
_SECONDS = 60.0


class Asked(BaseModel):
    """A careers page, a board, or a single job."""

    model_config = ConfigDict(extra="forbid")

    address: str = Field(min_length=1, max_length=2000, description="Such as https://boards.greenhouse.io/acme.")


class Recognised(BaseModel):
    """What is behind the address."""

    address: str
    source: dict[str, Any] | None = Field(description="`{source, params}` as campaigns take it; null: none recognised.")
    found_by: str | None = Field(description="address, redirect, page (its links) or schema.org (its data).")
    first_page: dict[str, Any] | None = Field(description="`{postings, more, titles}`; null: it could not be read.")
    failure: str | None = Field(description="Why it could not be read.")
    tried: list[str] = Field(description="What was looked for in vain.")
    others: list[dict[str, Any]] = Field(description="Other boards that the page names.")


@router.post(
    "/sources/recognise", summary="Which source is behind a web address, and what it holds", response_model=Recognised
)
async def recognise(wired: Wired, request: Request, asked: Annotated[Asked, Body()]) -> Response:
    """Nothing is stored. Add what was found with `POST /campaigns/{campaign_id}/sources`."""
    return await forward(wired.services, "extractor", "/sources/recognise", request, seconds=_SECONDS)
