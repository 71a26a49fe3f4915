"""Admin resources of the services behind the gateway, forwarded after the caller was let in."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from common.web import Problem
from gateway.clients.services import Services
from gateway.errors import run_missing
from gateway.routes.access import Wired
from gateway.routes.runs import RunId

router = APIRouter(responses={503: {"model": Problem}})

_KEPT = ("content-type", "retry-after", "location")
Key = Annotated[str, Path(pattern=r"^[A-Za-z0-9._-]{1,80}$")]


async def forward(
    services: Services, service: str, path: str, request: Request, *, seconds: float | None = None
) -> Response:
    """Send a request on to a service as it came, and its answer back; `seconds`: where that takes longer than most."""
    patience = {} if seconds is None else {"timeout": seconds}
    sent = services.build(
        service, request.method, path, params=request.query_params.multi_items(), content=await request.body(),
        headers={"content-type": request.headers.get("content-type", "application/json")}, **patience,
    )  # fmt: skip
    answer = await services.forward(service, sent)
    kept = {name: answer.headers[name] for name in _KEPT if name in answer.headers}
    return Response(answer.content, answer.status_code, headers=kept)


@router.get("/companies/queue", tags=["companies"], summary="Company look-ups by status (extractor)")
async def extractor(wired: Wired, request: Request) -> Response:
    return await forward(wired.services, "extractor", request.url.path, request)


@router.post(
    "/companies/queue/{key}/retry", tags=["companies"], summary="Look a company up again (extractor)", status_code=202
)
async def extractor_item(wired: Wired, request: Request, key: Key) -> Response:
    return await forward(wired.services, "extractor", request.url.path, request)


@router.get("/endpoints", tags=["webhooks"], summary="Webhook endpoints (notifier)")
@router.post(
    "/endpoints", tags=["webhooks"], summary="Add a webhook endpoint; its secret is shown once", status_code=201
)
@router.get("/deliveries", tags=["webhooks"], summary="The delivery log (notifier)")
async def notifier(wired: Wired, request: Request) -> Response:
    return await forward(wired.services, "notifier", request.url.path, request)


@router.get("/endpoints/{key}", tags=["webhooks"], summary="A webhook endpoint")
@router.patch("/endpoints/{key}", tags=["webhooks"], summary="Change a webhook endpoint")
@router.delete("/endpoints/{key}", tags=["webhooks"], summary="Remove a webhook endpoint", status_code=204)
@router.post("/endpoints/{key}/test", tags=["webhooks"], summary="Send a test message", status_code=202)
@router.get("/deliveries/{key}/attempts", tags=["webhooks"], summary="Attempts of a delivery")
@router.post("/deliveries/{key}/retry", tags=["webhooks"], summary="Send a delivery again", status_code=202)
async def notifier_item(wired: Wired, request: Request, key: Key) -> Response:
    return await forward(wired.services, "notifier", request.url.path, request)


@router.post("/enrichments/try", tags=["try out"], summary="What would be read out of a text (enricher)")
async def enricher(wired: Wired, request: Request) -> Response:
    return await forward(wired.services, "enricher", request.url.path, request)


@router.post("/scores/try", tags=["try out"], summary="How a job would score for a campaign (ranker)")
async def ranker(wired: Wired, request: Request) -> Response:
    return await forward(wired.services, "ranker", request.url.path, request)


@router.get("/duplicates", tags=["duplicates"], summary="Jobs that several postings show (normalizer)")
@router.post("/duplicates/merge", tags=["duplicates"], summary="Say that postings are one job")
async def normalizer(wired: Wired, request: Request) -> Response:
    return await forward(wired.services, "normalizer", request.url.path, request)


@router.get("/duplicates/{key}", tags=["duplicates"], summary="The job that a posting shows, with the evidence")
@router.post("/duplicates/{key}/split", tags=["duplicates"], summary="Say that a posting is another job")
async def normalizer_item(wired: Wired, request: Request, key: Key) -> Response:
    return await forward(wired.services, "normalizer", request.url.path, request)


@router.get("/runs/{run_id}/dedupe-report", tags=["duplicates"], summary="What a run merged and kept apart")
async def dedupe_report(wired: Wired, request: Request, run_id: RunId) -> Response:
    async with wired.session.engine.connect() as conn:
        if await wired.runs.get(conn, run_id) is None:
            raise run_missing()
    return await forward(wired.services, "normalizer", request.url.path, request)
