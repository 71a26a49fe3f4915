"""Telling trouble of the infrastructure from trouble of a message, and waiting for the former to pass."""

import asyncio
import random

import asyncpg
import structlog
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine

from common.database import check
from common.messaging.protocol import Broker, BrokerUnavailableError

INFRASTRUCTURE_ERRORS = (
    BrokerUnavailableError,
    InterfaceError,
    OperationalError,
    PoolTimeoutError,
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
)
_log = structlog.get_logger()


def is_infrastructure(error: Exception) -> bool:
    """Whether the database or the broker is to blame, so that no attempt of the message is counted."""
    if isinstance(error, DBAPIError):
        cause = getattr(error.orig, "__cause__", None)
        passing = (
            asyncpg.QueryCanceledError, asyncpg.DeadlockDetectedError, asyncpg.SerializationError,
            asyncpg.PostgresConnectionError, asyncpg.OperatorInterventionError, asyncpg.InsufficientResourcesError,
            asyncpg.LockNotAvailableError,
        )  # fmt: skip
        return error.connection_invalidated or isinstance(cause, (*passing, *INFRASTRUCTURE_ERRORS))
    return isinstance(error, INFRASTRUCTURE_ERRORS)


class NotReadyError(Exception):
    """A service cannot work now; the message says what is wrong, in words."""


async def until_healthy(engine: AsyncEngine, broker: Broker) -> None:
    """Return when database and broker both answer; asks again after 0.2 s to 5 s with jitter."""
    pause = 0.2
    while True:
        await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - jitter
        try:
            await check(engine)
            await broker.check()
        except Exception as error:  # noqa: BLE001 - whatever it is, we are not healthy and say so
            _log.warning("waiting_for_infrastructure", error=repr(error))
            pause = min(5.0, pause * 2)
        else:
            return
