"""All six services in this process, on an embedded PostgreSQL that also keeps the messages."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI

import enricher.app
import enricher.settings
import extractor.app
import extractor.settings
import gateway.app
import gateway.settings
import normalizer.app
import normalizer.settings
import notifier.app
import notifier.settings
import ranker.app
import ranker.settings
from common.settings import ServiceSettings
from common.web.stall import stall_watch
from posthorn.deployment import prepare_once

_POOL = 3
_INNER: dict[str, tuple[Callable[[Any], FastAPI], type[ServiceSettings]]] = {
    "extractor": (extractor.app.create_app, extractor.settings.Settings),
    "normalizer": (normalizer.app.create_app, normalizer.settings.Settings),
    "enricher": (enricher.app.create_app, enricher.settings.Settings),
    "ranker": (ranker.app.create_app, ranker.settings.Settings),
    "notifier": (notifier.app.create_app, notifier.settings.Settings),
}


@dataclass
class Embedded:
    """The running stack: the gateway's address and its HTTP server."""

    url: str
    server: uvicorn.Server
    serving: asyncio.Task[None]

    async def until_stopped(self) -> None:
        """Return when the server has been told to stop (Ctrl-C, SIGTERM)."""
        await asyncio.shield(self.serving)


def free_port(host: str, wanted: int) -> int:
    """The wanted port, or any free one where it is taken."""
    for port in (wanted, 0):
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
            found: int = probe.getsockname()[1]
            return found
    raise OSError(f"no free port on {host}")


@asynccontextmanager
async def embedded(admin_url: str, folder: Path, host: str, port: int) -> AsyncIterator[Embedded]:
    """Deploy, start the services, serve the gateway; all of it ends with the context."""
    urls = await prepare_once(admin_url, folder, os.environ.get("AMQP_URL"))
    async with AsyncExitStack() as stack:
        local: dict[str, httpx.AsyncBaseTransport] = {}
        for name, (create_app, settings) in _INNER.items():
            app = create_app(_settings(settings, name, urls[name], folder))
            await stack.enter_async_context(app.router.lifespan_context(app))
            local[name] = httpx.ASGITransport(app)
        open_to_us = "POSTHORN_API_KEY" not in os.environ
        public = gateway.settings.Settings(
            database_url=urls["gateway"], database_pool_size=_POOL, host=host, port=free_port(host, port),
            auth_disabled=open_to_us,
        )  # fmt: skip
        await stack.enter_async_context(stall_watch(public.stall_seconds, public.stall_processor_seconds))
        app = gateway.app.create_app(public, local)
        await stack.enter_async_context(app.router.lifespan_context(app))
        async with _serving(app, public) as running:
            yield running


def _settings(kind: type[ServiceSettings], name: str, url: str, folder: Path) -> ServiceSettings:
    values: dict[str, Any] = {"database_url": url, "database_pool_size": _POOL}
    if name == "extractor" and "ARCHIVE_URL" not in os.environ:
        values["archive_url"] = (folder / "archive").as_uri()
    return kind(**values)


@asynccontextmanager
async def _serving(app: FastAPI, settings: ServiceSettings) -> AsyncIterator[Embedded]:
    config = uvicorn.Config(
        app, host=settings.host, port=settings.port, log_config=None, access_log=False, lifespan="off",
        timeout_graceful_shutdown=3,
    )  # fmt: skip
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve(), name="gateway http")
    while not server.started and not task.done():  # noqa: ASYNC110 - uvicorn tells it in a flag only
        await asyncio.sleep(0.01)
    try:
        yield Embedded(f"http://{settings.host}:{settings.port}", server, task)
    finally:
        server.should_exit = True
        await task
