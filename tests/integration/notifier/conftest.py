"""The notifier on a real database, with a clock that tests can put forward."""

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from common.database import create_engine
from common.testing.postgres import PostgresServer
from notifier.clients.webhooks import WebhookClient
from notifier.domain.signing import secret
from notifier.handlers import DeliveryWorker
from notifier.store import NotifierStore
from notifier.tables import metadata

AddEndpoint = Callable[..., Awaitable[sa.Row[Any]]]


@pytest.fixture(scope="module")
async def engine_of_module(postgres_server: PostgresServer) -> AsyncIterator[AsyncEngine]:
    async with postgres_server.database() as database:
        engine = create_engine(database.url("notifier"), role_application="notifier")
        yield engine
        await engine.dispose()


@pytest.fixture
async def engine(engine_of_module: AsyncEngine) -> AsyncEngine:
    """Emptied rather than made anew: that is ten times faster."""
    async with engine_of_module.begin() as conn:
        for table in reversed(metadata.sorted_tables):
            await conn.execute(table.delete())
    return engine_of_module


@pytest.fixture
def store() -> NotifierStore:
    return NotifierStore()


@pytest.fixture
async def client() -> AsyncIterator[WebhookClient]:
    client = WebhookClient(allow_private=True, timeout=0.5)
    yield client
    await client.close()


@pytest.fixture
def worker(engine: AsyncEngine, store: NotifierStore, client: WebhookClient) -> DeliveryWorker:
    return DeliveryWorker(engine, store, client, concurrency=32, poll_interval=0.05)


@pytest.fixture
def add_endpoint(engine: AsyncEngine, store: NotifierStore) -> AddEndpoint:
    async def add(url: str, **fields: Any) -> sa.Row[Any]:
        values = {"id": uuid.uuid4(), "url": url, "secret": secret(b"s" * 32), "events": [], "campaign_ids": []}
        async with engine.begin() as conn:
            return await store.create_endpoint(conn, {**values, **fields})

    return add


@pytest.fixture
def put_forward(engine: AsyncEngine) -> Callable[[float], Awaitable[None]]:
    """Let time pass in the tables: every due time, lease and failure moves into the past."""

    async def advance(seconds: float) -> None:
        async with engine.begin() as conn:
            by = {"by": seconds}
            await conn.execute(
                sa.text(
                    "UPDATE notifier.delivery SET next_at = next_at - make_interval(secs => :by),"
                    " leased_until = leased_until - make_interval(secs => :by)"
                ),
                by,
            )
            await conn.execute(
                sa.text("UPDATE notifier.endpoint SET failing_since = failing_since - make_interval(secs => :by)"), by
            )

    return advance
