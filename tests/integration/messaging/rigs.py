"""One rig per broker: opens brokers on the same queues, looks behind them, and cleans up."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Protocol

import sqlalchemy as sa

from common.database import create_engine
from common.messaging import rabbit_message
from common.messaging.postgres import PostgresBroker
from common.messaging.protocol import Broker
from common.messaging.rabbit import RabbitBroker
from common.messaging.rabbit_publisher import Routed
from tests.integration.messaging.messages import PATIENCE

#: What `retry` can wait on the test's RabbitMQ.
WAIT_SECONDS = (1.0, 2.0)
#: Seconds after which a dead consumer's messages come back from PostgreSQL.
LEASE_SECONDS = 1.5
_CONSUMER = Path(__file__).with_name("consumer_process.py")


class Rig(Protocol):
    """What the shared suite needs of either broker."""

    name: str

    async def broker(self) -> Broker:
        """Another broker as another process would have it, closed after the test."""

    async def put_foreign(self, queue: str) -> None:
        """A message that is not ours."""

    async def dead_letters(self, queue: str) -> list[tuple[dict[str, Any], str, bytes]]:
        """Headers, reason and body of what is parked, taken away."""

    def arguments(self) -> list[str]:
        """For `consumer_process`."""


class RabbitRig:
    """RabbitMQ with one declared namespace, purged before each test."""

    name = "rabbit"

    def __init__(self, url: str, namespace: str, stack: AsyncExitStack) -> None:
        self.url = url
        self.namespace = namespace
        self._stack = stack

    async def broker(self) -> RabbitBroker:
        broker = RabbitBroker(self.url, namespace=self.namespace, service="test", wait_seconds=WAIT_SECONDS)
        await broker.open()
        self._stack.push_async_callback(broker.close)
        return broker

    async def put_foreign(self, queue: str) -> None:
        broker = await self.broker()
        foreign = rabbit_message._message({"colour": "red"}, b"whose am I", None)
        await broker._publisher.send([Routed("", f"{self.namespace}.{queue}", foreign)])

    async def dead_letters(self, queue: str) -> list[tuple[dict[str, Any], str, bytes]]:
        channel, _ = await (await self.broker())._publishing.channel()
        under = await channel.get_underlay_channel()
        found = []
        while (got := await under.basic_get(f"{self.namespace}.{queue}.dead", no_ack=True)).header.properties.headers:
            headers = {k: v for k, v in got.header.properties.headers.items() if not k.startswith("x-")}
            found.append((headers, headers.pop(rabbit_message.DEAD_REASON), got.body))
        return found

    async def purge(self) -> None:
        broker = await self.broker()
        channel, _ = await broker._publishing.channel()
        under = await channel.get_underlay_channel()
        for queue in broker._topology.queues():
            await under.queue_purge(queue)

    def arguments(self) -> list[str]:
        return ["rabbit", self.url, self.namespace]


class PostgresRig:
    """The table broker as the service role `normalizer`."""

    name = "postgres"

    def __init__(self, url: str, stack: AsyncExitStack) -> None:
        self.url = url
        self._stack = stack

    async def broker(self) -> PostgresBroker:
        engine = create_engine(self.url, role_application="test")
        self._stack.push_async_callback(engine.dispose)
        broker = PostgresBroker(engine, lease_seconds=LEASE_SECONDS)
        await broker.open()
        self._stack.push_async_callback(broker.close)
        return broker

    async def put_foreign(self, queue: str) -> None:
        await self._execute(
            "INSERT INTO broker.message (queue, headers, body) VALUES (:q, '{\"colour\": \"red\"}', 'whose am I')",
            q=queue,
        )

    async def dead_letters(self, queue: str) -> list[tuple[dict[str, Any], str, bytes]]:
        sql = "DELETE FROM broker.message WHERE queue = :q RETURNING headers, dead_reason, body"
        return [tuple(row) for row in await self._execute(sql, q=f"{queue}.dead")]

    def arguments(self) -> list[str]:
        return ["postgres", self.url, str(LEASE_SECONDS)]

    async def _execute(self, sql: str, **values: Any) -> list[Any]:
        engine = create_engine(self.url, role_application="test")
        try:
            async with engine.begin() as conn:
                result = await conn.execute(sa.text(sql), values)
                return list(result.all()) if result.returns_rows else []
        finally:
            await engine.dispose()


@asynccontextmanager
async def holding_process(rig: Rig, queue: str, unit: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process that has taken the unit's message from the queue and never ends it."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(_CONSUMER), queue, *rig.arguments(), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(PATIENCE):
            while (line := await process.stdout.readline()) != f"holds {unit}\n".encode():
                assert line, "the process has ended"
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
