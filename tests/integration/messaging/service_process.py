"""A service that goes wrong as told: its handlers never end, its loop is blocked, or its wiring breaks."""

import asyncio
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI

from common.messaging.protocol import Delivery
from common.messaging.session import Session, open_session
from common.settings import ServiceSettings
from common.web import create_service_app, run_service


async def _hold(deliveries: list[Delivery]) -> None:
    print("holds", deliveries[0].headers.unit_id, flush=True)  # noqa: T201 - the test reads it
    await asyncio.Event().wait()


async def _fail() -> None:
    await asyncio.sleep(0.2)
    raise ValueError("the wiring broke")


def _block() -> None:
    """For longer than anybody lives, without letting go of the GIL."""
    re.match(r"(a+)+$", "a" * 100 + "b")


def main(what: str, *queues: str) -> None:
    settings = ServiceSettings()

    @asynccontextmanager
    async def wire() -> AsyncIterator[Session]:
        async with open_session("normalizer", settings) as session, asyncio.TaskGroup() as group:
            for queue in queues:
                await session.consume(queue, _hold, batch=1)
            if what == "fail":
                group.create_task(_fail())
            if what == "block":
                asyncio.get_running_loop().call_later(0.2, _block)
            yield session

    def create_app(_: ServiceSettings) -> FastAPI:
        return create_service_app("normalizer", wire, APIRouter())

    run_service("normalizer", settings, create_app)


if __name__ == "__main__":
    main(*sys.argv[1:])
