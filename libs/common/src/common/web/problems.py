"""Problem details for HTTP APIs (RFC 9457)."""

from typing import Any

import asyncpg
import structlog
from fastapi import FastAPI, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException

from common.messaging.health import is_infrastructure
from common.messaging.protocol import BrokerUnavailableError

MEDIA_TYPE = "application/problem+json"
#: Seconds after which a client may ask again while database or broker are in trouble.
RETRY_AFTER = 5
#: What routes raise when database or broker are away, overloaded or full (and a few things more: see `_on_trouble`).
_TROUBLE = (
    DBAPIError, PoolTimeoutError, BrokerUnavailableError, asyncpg.PostgresError, asyncpg.InterfaceError,
    ConnectionError, TimeoutError,
)  # fmt: skip
_log = structlog.get_logger()


class FieldProblem(BaseModel):
    """One member of the request that is wrong."""

    pointer: str = Field(description="Where in the request: `/body/country`, `/query/limit`.")
    detail: str


class Problem(BaseModel):
    """Problem details: what went wrong and what to do."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str | None = None
    errors: list[FieldProblem] | None = None


class ProblemError(Exception):
    """Raised by a route to answer with problem details."""

    def __init__(
        self, status: int, title: str, detail: str | None = None, headers: dict[str, str] | None = None,
        errors: list[FieldProblem] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(detail or title)
        self.problem = Problem(title=title, status=status, detail=detail, errors=errors)
        self.headers = headers


def _answer(problem: Problem, headers: Any = None) -> JSONResponse:
    content = problem.model_dump(exclude_none=True)
    return JSONResponse(content, status_code=problem.status, headers=headers, media_type=MEDIA_TYPE)


async def _on_problem(_: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, ProblemError):
        raise error
    return _answer(error.problem, error.headers)


async def _on_http(_: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, HTTPException):
        raise error
    return _answer(Problem(title=str(error.detail), status=error.status_code), error.headers)


async def _on_invalid(_: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, RequestValidationError):
        raise error
    errors = [
        FieldProblem(pointer="/" + "/".join(str(p) for p in e["loc"]), detail=str(e["msg"]))
        for e in jsonable_encoder(error.errors(), custom_encoder={bytes: repr})
    ]
    return _answer(Problem(title="The request is not valid", status=422, errors=errors))


async def _on_unexpected(request: Request, error: Exception) -> JSONResponse:
    _log.error("request_failed", method=request.method, path=request.url.path, exc_info=error)
    return _answer(Problem(title="Internal error", status=500, detail="The error is in this service's log."))


async def _on_trouble(request: Request, error: Exception) -> JSONResponse:
    """503 where the infrastructure is to blame; a statement that is wrong remains our own error."""
    if not is_infrastructure(error):
        return await _on_unexpected(request, error)
    _log.warning("request_refused", method=request.method, path=request.url.path, error=type(error).__name__)
    detail = "Database or broker do not answer or have no room. Try again; look first whether a change was made."
    problem = Problem(title="Not available at the moment", status=503, detail=detail)
    return _answer(problem, {"Retry-After": str(RETRY_AFTER)})


def add_problem_handlers(app: FastAPI) -> None:
    """Make every error of the app leave as problem details."""
    app.add_exception_handler(ProblemError, _on_problem)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    for kind in _TROUBLE:
        app.add_exception_handler(kind, _on_trouble)
    app.add_exception_handler(Exception, _on_unexpected)
