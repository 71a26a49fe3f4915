"""The extractor on a real database, with a source whose answers the test decides."""

import itertools
from collections.abc import AsyncIterator, Iterator

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from common.database import create_engine
from common.storage import ObjectStore
from common.testing.postgres import PostgresServer
from extractor.clients.archive import Archive
from extractor.clients.providers import Providers
from extractor.handlers import FetchPages
from extractor.store import SourceStore
from extractor.store.watch import SourceWatch
from extractor.tables import metadata
from sources.registry import register, unregister
from tests.support.fake_source import FakeSource


@pytest.fixture(scope="module")
async def engine_of_module(postgres_server: PostgresServer) -> AsyncIterator[AsyncEngine]:
    async with postgres_server.database() as database:
        engine = create_engine(database.url("extractor"), role_application="extractor")
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
def source() -> Iterator[FakeSource]:
    fake = FakeSource()
    register(fake)
    yield fake
    unregister(fake.name)


@pytest.fixture
def archive() -> Archive:
    return Archive(ObjectStore.from_url("memory:///"), "bronze")


@pytest.fixture
def watch(engine: AsyncEngine) -> SourceWatch:
    return SourceWatch(engine, broken_after=3)


@pytest.fixture
def stage(archive: Archive, watch: SourceWatch) -> FetchPages:
    """Its time is over after one page."""
    return FetchPages(
        archive=archive, providers=Providers(), store=SourceStore(), max_attempts=1, watch=watch,
        clock=itertools.count().__next__,
    )  # fmt: skip
