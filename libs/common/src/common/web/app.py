"""Creates the FastAPI app of a service and serves it until SIGTERM."""

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol, TypeVar

import structlog
import uvicorn
from fastapi import APIRouter, FastAPI
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from common.settings import ServiceSettings
from common.telemetry import configure_logging, configure_tracing
from common.web import quarantine
from common.web.limits import BodyLimit
from common.web.problems import MEDIA_TYPE, Problem, add_problem_handlers

_CHECK_SECONDS = 5.0
S = TypeVar("S", bound=ServiceSettings)
_log = structlog.get_logger()


class Wired(Protocol):
    """What a service's `wire` yields: at least a check of everything it depends on."""

    async def check(self) -> None: ...


Wire = Callable[[], AbstractAsyncContextManager[Wired]]


def create_service_app(service: str, wire: Wire, router: APIRouter, *, public: bool = False) -> FastAPI:
    """An app that is wired for its lifetime; the wiring is `app.state.wiring`.

    A `public` app decides itself who may see its quarantine.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with wire() as wiring:
            app.state.wiring = wiring
            _spare_the_collector()
            _log.info("service_started", service=service)
            yield
        _log.info("service_stopped", service=service)

    app = FastAPI(
        title=f"Posthorn {service}", version="1", lifespan=lifespan,
        responses={"default": {"model": Problem, "content": {MEDIA_TYPE: {}}, "description": "Problem details"}},
    )  # fmt: skip
    add_problem_handlers(app)
    app.add_middleware(BodyLimit)

    async def check() -> None:
        await app.state.wiring.check()

    app.include_router(_operations(check))
    app.include_router(router)
    if not public:
        app.include_router(quarantine.router)
    return app


def _spare_the_collector() -> None:
    """Rules and code live as long as the process: looking through them for garbage at every batch costs a tenth."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def _operations(check: Callable[[], Awaitable[None]]) -> APIRouter:
    router = APIRouter(tags=["operations"])

    @router.get("/healthz", summary="Alive: answers without asking anyone")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @router.get("/readyz", summary="Ready: database and broker answer within 5 s", responses={503: {"model": Problem}})
    async def readyz() -> JSONResponse:
        try:
            await asyncio.wait_for(check(), _CHECK_SECONDS)
        except Exception as error:  # noqa: BLE001 - any failure means not ready, and is told
            problem = Problem(title="Not ready", status=503, detail=repr(error))
            return JSONResponse(problem.model_dump(exclude_none=True), 503, media_type=MEDIA_TYPE)
        return JSONResponse({"status": "ready"})

    @router.get("/metrics", summary="Prometheus metrics", response_class=Response)
    async def metrics() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return router


def run_service(service: str, settings: S, create_app: Callable[[S], FastAPI]) -> None:
    """Serve until SIGTERM or SIGINT: stop listening, finish requests, unwire."""
    configure_logging(service, settings.log_level)
    configure_tracing(service, settings.otel_exporter_otlp_endpoint)
    uvicorn.run(
        create_app(settings), host=settings.host, port=settings.port, log_config=None, access_log=False,
        timeout_graceful_shutdown=5, lifespan="on",
    )  # fmt: skip
