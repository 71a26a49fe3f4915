"""The archive of raw pages, which the extractor keeps: listed, read, checked, swept."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from common.web import Problem
from gateway.routes.access import Wired
from gateway.routes.forwarded import forward

router = APIRouter(tags=["bronze"], responses={503: {"model": Problem}})
#: A look at all objects of a large archive takes its time.
_PATIENCE = 120.0
PageId = Annotated[str, Path(pattern=r"^[0-9a-f-]{36}$")]


@router.get("/pages", summary="Archived pages by run, source and day (extractor)")
@router.get("/pages/raw", summary="An archived page as it was kept, by its key (extractor)")
async def pages(wired: Wired, request: Request) -> Response:
    return await forward(wired.services, "extractor", request.url.path, request)


@router.get("/pages/{page_id}/raw", summary="An archived page as it was kept (extractor)")
async def page(wired: Wired, request: Request, page_id: PageId) -> Response:
    return await forward(wired.services, "extractor", request.url.path, request)


@router.get("/bronze/check", summary="Read archived pages and compare their digests (extractor)")
@router.get("/bronze/unindexed", summary="Objects of the archive that the index does not know (extractor)")
@router.post("/bronze/sweep", summary="Remove pages whose time is over (extractor)")
async def archive(wired: Wired, request: Request) -> Response:
    return await forward(wired.services, "extractor", request.url.path, request, seconds=_PATIENCE)
