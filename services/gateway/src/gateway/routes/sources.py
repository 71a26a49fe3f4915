"""Sources and how they are: what the extractor knows of them, and how many of their postings were new."""

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import JSONResponse

from common.web import Problem, ProblemError
from gateway.clients.services import Services
from gateway.routes.access import Wired
from gateway.routes.forwarded import forward

router = APIRouter(tags=["sources"], responses={503: {"model": Problem}})
Name = Annotated[str, Path(pattern=r"^[A-Za-z0-9._-]{1,80}$")]

#: As many days as the extractor shows.
_SHOWN = timedelta(days=21)
_log = structlog.get_logger()


@router.get("/sources", summary="Sources with their parameters and state (extractor), and what was new (normalizer)")
async def sources(wired: Wired) -> JSONResponse:
    found = await wired.services.get("extractor", "/sources") or []
    new = await _new(wired.services)
    for source in found:
        _count(source["name"], [source["latest"]], new)
    return JSONResponse(found)


@router.get(
    "/sources/{name}",
    summary="One source with its last three weeks (extractor), and what was new on each day (normalizer)",
    responses={404: {"model": Problem}},
)
async def source(wired: Wired, request: Request, name: Name) -> Response:
    """`new` of a day: postings that the source had not shown before; `sweep` of a feed: its last whole read, and how
    many postings that closed. Null where the normalizer cannot say.
    """
    found = await wired.services.get("extractor", f"/sources/{name}")
    if found is None:
        return await forward(wired.services, "extractor", request.url.path, request)
    _count(name, [*found["days"], found["latest"]], await _new(wired.services, name))
    sweeps = await _sweeps(wired.services, name)
    for feed in found["feeds"]:
        feed["sweep"] = sweeps.get(feed["feed"])
    return JSONResponse(found)


@router.post("/sources/{name}/pause", summary="Read nothing of a source until it is resumed")
@router.post("/sources/{name}/resume", summary="Read a paused or a broken source again")
async def change(wired: Wired, request: Request, name: Name) -> Response:
    return await forward(wired.services, "extractor", request.url.path, request)


async def _new(services: Services, source: str | None = None) -> dict[tuple[str, str], int] | None:
    """New postings by source and day; None where the normalizer cannot say: how sources are is shown without it."""
    since: date = (datetime.now(UTC) - _SHOWN).date()
    asked = f"/sightings/new?since={since}" + (f"&source={source}" if source else "")
    try:
        rows: list[dict[str, Any]] = await services.get("normalizer", asked) or []
    except ProblemError as error:
        _log.warning("new_postings_unknown", error=str(error))
        return None
    return {(row["source"], row["day"]): row["new"] for row in rows}


async def _sweeps(services: Services, source: str) -> dict[str, Any]:
    """The last whole read of each feed; none where the normalizer cannot say."""
    try:
        rows: list[dict[str, Any]] = await services.get("normalizer", f"/sweeps?source={source}") or []
    except ProblemError as error:
        _log.warning("sweeps_unknown", error=str(error))
        return {}
    return {row["feed"]: row for row in rows}


def _count(source: str, days: list[dict[str, Any] | None], new: dict[tuple[str, str], int] | None) -> None:
    for day in filter(None, days):
        day["new"] = None if new is None else new.get((source, day["day"]), 0)
