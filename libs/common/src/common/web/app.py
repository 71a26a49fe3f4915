"""Creates the FastAPI app of a service: health, metrics, problem details, and its wiring for as long as it lives."""

import gc
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol

import structlog
from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from common.messaging.session import Session
from common.web import quarantine
from common.web.limits import BodyLimit
from common.web.problems import MEDIA_TYPE, Problem, add_problem_handlers
from common.web.readiness import Readiness

_log = structlog.get_logger()


class Wired(Protocol):
    """What a service's `wire` yields: at least a check of everything it depends on."""

    async def check(self) -> None: ...


Wire = Callable[[], AbstractAsyncContextManager[Wired]]


class _App(FastAPI):
    """Describes problem details under the media type that they are sent with; FastAPI would say plain JSON."""

    def openapi(self) -> dict[str, Any]:
        described = super().openapi()
        operations = (o for path in described["paths"].values() for o in path.values())
        for response in (r for operation in operations for r in operation["responses"].values()):
            content = response.get("content", {})
            if content.get("application/json", {}).get("schema") == {"$ref": "#/components/schemas/Problem"}:
                content[MEDIA_TYPE] = content.pop("application/json")
        return described


def create_service_app(service: str, wire: Wire, router: APIRouter, *, public: bool = False) -> FastAPI:
    """An app that is wired for its lifetime; the wiring is `app.state.wiring`.

    A `public` app decides itself who may see its quarantine. `app.state.failed` tells that the wiring broke under it.
    """
    readiness = Readiness(service)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        try:
            async with wire() as wiring, readiness.watching(wiring.check):
                app.state.wiring = wiring
                _spare_the_collector()
                _log.info("service_started", service=service)
                yield
        except Exception:
            app.state.failed = True
            _log.exception("service_failed", service=service)
            raise
        _log.info("service_stopped", service=service)

    app = _App(
        title=f"Posthorn {service}", version="1", lifespan=lifespan,
        responses={"default": {"model": Problem, "content": {MEDIA_TYPE: {}}, "description": "Problem details"}},
    )  # fmt: skip
    app.state.failed = False
    add_problem_handlers(app)
    app.add_middleware(BodyLimit)
    app.include_router(_operations(readiness))
    app.include_router(router)
    if not public:
        app.include_router(quarantine.router)
    return app


def _spare_the_collector() -> None:
    """Rules and code live as long as the process: looking through them for garbage at every batch costs a tenth."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def _operations(readiness: Readiness) -> APIRouter:
    router = APIRouter(tags=["operations"])

    @router.get("/healthz", summary="Alive: answers without asking anyone")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @router.get("/readyz", summary="Ready: database, broker and queues are well", responses={503: {"model": Problem}})
    async def readyz(request: Request) -> JSONResponse:
        if readiness.problem is not None:
            problem = Problem(title="Not ready", status=503, detail=readiness.problem)
            return JSONResponse(problem.model_dump(exclude_none=True), 503, media_type=MEDIA_TYPE)
        session: Session | None = getattr(request.app.state.wiring, "session", None)
        trouble = session.rules.trouble if session and session.rules else None
        return JSONResponse({"status": "ready"} | ({"detail": trouble} if trouble else {}))

    @router.get("/metrics", summary="Prometheus metrics", response_class=Response)
    async def metrics() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return router
