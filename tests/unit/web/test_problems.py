"""Which errors leave as which problem details."""

import asyncpg
import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy.exc import DBAPIError, InterfaceError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from common.messaging.protocol import BrokerUnavailableError
from common.web.problems import add_problem_handlers


def by_driver(cause: Exception, kind: type[DBAPIError] = DBAPIError) -> DBAPIError:
    """An error as SQLAlchemy wraps it: the driver's own one is the cause of the dialect's."""
    translated = Exception(str(cause))
    translated.__cause__ = cause
    return kind("insert", {}, translated)


TROUBLE = [
    by_driver(asyncpg.DiskFullError("could not extend file: no space left on device")),
    by_driver(asyncpg.CannotConnectNowError("the database system is starting up")),
    by_driver(asyncpg.TooManyConnectionsError("too many clients already")),
    by_driver(asyncpg.QueryCanceledError("canceling statement due to statement timeout")),
    by_driver(asyncpg.InterfaceError("connection is closed"), InterfaceError),
    asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation"),
    PoolTimeoutError("no connection free"),
    BrokerUnavailableError("no answer"),
    ConnectionRefusedError("nobody listens"),
    TimeoutError(),
]
OUR_OWN = [
    by_driver(asyncpg.UndefinedTableError("relation does not exist"), ProgrammingError),
    asyncpg.UndefinedTableError("relation does not exist"),
    FileNotFoundError("ranking.yml"),
    ZeroDivisionError(),
]


async def answer(error: Exception) -> httpx.Response:
    app = FastAPI()
    add_problem_handlers(app)

    @app.get("/")
    async def route() -> None:
        raise error

    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        return await client.get("/")


@pytest.mark.parametrize("error", TROUBLE, ids=lambda e: repr(getattr(e, "orig", e)))
async def test_trouble_of_database_or_broker_is_503_with_a_time_to_come_back(error: Exception) -> None:
    found = await answer(error)
    assert found.status_code == 503
    assert int(found.headers["retry-after"]) > 0
    assert found.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("error", OUR_OWN, ids=repr)
async def test_an_error_of_ours_stays_an_internal_error(error: Exception) -> None:
    found = await answer(error)
    assert found.status_code == 500
    assert found.headers["content-type"] == "application/problem+json"
    assert "retry-after" not in found.headers
