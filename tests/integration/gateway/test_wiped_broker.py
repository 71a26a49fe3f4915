"""A broker that loses everything in the middle of a run: services send again, and the run ends once and is heard of."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import httpx
import pytest
import sqlalchemy as sa
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncConnection

from common.contracts import Headers, PageRequested, PostingsCollected, RunRequested
from common.database import create_engine
from common.messaging.protocol import Broker
from common.messaging.rabbit import RabbitBroker
from common.messaging.session import open_session
from common.messaging.unit import Child, Finished, Stage
from common.settings import ServiceSettings
from common.testing.postgres import Database
from common.testing.rabbitmq import ForeignBroker, RabbitNode
from gateway.app import create_app
from gateway.settings import Settings
from notifier.handlers import AnnounceRun
from notifier.store import NotifierStore
from tests.integration.gateway.test_sweeper import start

PAGES = 3
PROBE_AFTER = timedelta(seconds=0.4)
_REQUESTED_AGAIN = (
    "SELECT count(*) FROM gateway.outbox, gateway.run WHERE run_id = 'run' AND sent_at > probed_at "
    "AND headers->>'event_type' = 'run.requested.v1' AND headers->>'run_id' = run_id"
)
pytestmark = pytest.mark.timeout(180)


class Start(Stage[RunRequested, None]):
    event = RunRequested
    queue = "extractor.runs"
    contained = False

    async def prepare(self, headers: Headers, event: RunRequested) -> None: ...

    async def apply(self, conn: AsyncConnection, headers: Headers, event: RunRequested, prepared: None) -> Finished:
        page = {"run_id": event.run_id, "requested_at": event.requested_at, "campaign": event.campaign}
        pages = [PageRequested(**page, source=event.sources[0], page=n) for n in range(PAGES)]
        return Finished(children=[Child(page) for page in pages])


class Fetch(Stage[PageRequested, None]):
    event = PageRequested
    queue = "extractor.pages"
    contained = False

    async def prepare(self, headers: Headers, event: PageRequested) -> None: ...

    async def apply(self, conn: AsyncConnection, headers: Headers, event: PageRequested, prepared: None) -> Finished:
        batch = PostingsCollected(
            source="s", feed="", page=event.page, archive_key="", collected_at=datetime.now(UTC), items=[1, 2]
        )
        return Finished(fetched=2, children=[Child(batch, postings=2)])


class Normalize(Stage[PostingsCollected, None]):
    event = PostingsCollected
    queue = "normalizer.postings"
    contained = False

    async def prepare(self, headers: Headers, event: PostingsCollected) -> None: ...

    async def apply(
        self, conn: AsyncConnection, headers: Headers, event: PostingsCollected, prepared: None
    ) -> Finished:
        finished = Finished()
        finished.count("unchanged", by=len(event.items))
        return finished


@dataclass
class World:
    """Services of one product that a test starts and stops, and the broker between them."""

    database: Database
    broker: dict[str, Any]
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def service(self, name: str, *stages: Stage[Any, Any]) -> None:
        """A service that executes these stages until the test ends."""
        settings = ServiceSettings(database_url=SecretStr(self.database.url(name)), **self.broker)
        session = await self.stack.enter_async_context(open_session(name, settings))
        for stage in stages:
            await session.run(stage)

    def gateway(self) -> Settings:
        return Settings(
            database_url=SecretStr(self.database.url("gateway")), auth_disabled=True, probe_after=PROBE_AFTER,
            scheduler_enabled=False, **self.broker,
        )  # fmt: skip

    async def rows(self, sql: str) -> list[Any]:
        """Of any schema, as the administrator."""
        engine = create_engine(self.database.admin_url, role_application="test")
        try:
            async with engine.begin() as conn:
                result = await conn.execute(sa.text(sql))
                return list(result.all()) if result.returns_rows else []
        finally:
            await engine.dispose()

    async def until(self, sql: str, reached: Callable[[int], bool]) -> None:
        """Wait for the number that the query gives."""
        async with asyncio.timeout(60):
            while not reached((await self.rows(sql))[0][0]):  # noqa: ASYNC110 - it is the database that is watched
                await asyncio.sleep(0.1)

    async def wipe(self) -> None:
        """Everything that waits in any queue is gone."""
        if not self.broker:
            await self.rows("DELETE FROM broker.message")
            return
        broker = self._rabbit()
        await broker.open()
        channel, _ = await broker._publishing.channel()
        under = await channel.get_underlay_channel()
        for queue in broker._topology.queues():
            await under.queue_purge(queue)
        await broker.close()

    async def declare(self) -> None:
        broker = cast("Broker", self._rabbit())
        await broker.open()
        await broker.declare()
        await broker.close()

    def _rabbit(self) -> RabbitBroker:
        url = self.broker["amqp_url"].get_secret_value()
        return RabbitBroker(url, namespace=self.broker["namespace"], service="test")


@pytest.fixture(params=["postgres", "rabbit"])
async def world(request: pytest.FixtureRequest, database: Database, namespace: str) -> AsyncIterator[World]:
    broker: dict[str, Any] = {}
    if request.param == "rabbit":
        node: RabbitNode | ForeignBroker = request.getfixturevalue("rabbitmq")
        broker = {"amqp_url": SecretStr(node.url), "namespace": namespace}
    world = World(database, broker)
    if broker:
        await world.declare()
    async with world.stack:
        yield world


async def test_a_run_ends_once_and_is_heard_of_though_every_queue_is_emptied_in_every_stage(world: World) -> None:
    gateway = create_app(world.gateway())
    async with gateway.router.lifespan_context(gateway):
        transport = httpx.ASGITransport(app=gateway)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as rest:
            await start(rest, "run")
    # Nobody has taken up the request.
    await world.wipe()
    gateway = create_app(world.gateway())
    async with gateway.router.lifespan_context(gateway):
        await world.until(_REQUESTED_AGAIN, bool)
    await world.service("extractor", Start(), Fetch())
    await world.until("SELECT count(*) FROM extractor.inbox", lambda handled: handled == 1 + PAGES)
    # The pages are fetched; the ledger and the normalizer have not been told.
    await world.wipe()
    await world.service("normalizer", Normalize())
    gateway = create_app(world.gateway())
    async with gateway.router.lifespan_context(gateway):
        await world.until("SELECT open FROM gateway.run WHERE run_id = 'run'", lambda left: left == 0)
    # The run is done; the notifier has not heard.
    await world.wipe()
    await world.service("notifier", AnnounceRun(NotifierStore(), gateway_url="http://localhost"))
    gateway = create_app(world.gateway())
    async with gateway.router.lifespan_context(gateway):
        await world.until("SELECT count(announced_at) FROM gateway.run WHERE run_id = 'run'", bool)
    ((state, late),) = await world.rows("SELECT state, late FROM gateway.run WHERE run_id = 'run'")
    assert (state, late) == ("completed", 0)
    counted = "SELECT sum(fetched), sum((counts->>'unchanged')::int) FROM gateway.unit WHERE run_id = 'run'"
    assert await world.rows(counted) == [(2 * PAGES, 2 * PAGES)]
    assert await world.rows("SELECT run_id, unit_id FROM notifier.inbox WHERE run_id = 'run'") == [
        ("run", "notify:run")
    ]
    said = "SELECT count(*) FROM gateway.outbox WHERE headers->>'unit_id' = 'notify:run'"
    assert await world.rows(said) == [(1,)]
