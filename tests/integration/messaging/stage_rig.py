"""A stage under its runner on the table broker, with looks at what it left behind."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from common.contracts import UnitFinished, decode
from common.database import create_engine
from common.messaging.judge import Limits
from common.messaging.outbox import Outbox
from common.messaging.postgres import PostgresBroker
from common.messaging.protocol import Outgoing
from common.messaging.runner import StageRunner
from common.messaging.trial import SuspectLane
from common.messaging.unit import Stage
from common.testing.postgres import Database

ATTEMPTS = 3


@dataclass
class StageRig:
    """Engine, broker and outbox as a service has them."""

    engine: AsyncEngine
    broker: Any
    outbox: Outbox

    def runner(self, stage: Stage[Any, Any]) -> StageRunner[Any, Any]:
        """What executes the stage."""
        return StageRunner(
            stage, broker=self.broker, engine=self.engine, outbox=self.outbox, max_attempts=ATTEMPTS,
            suspects=SuspectLane(Limits(2.0)),
        )  # fmt: skip

    async def run(self, stage: Stage[Any, Any], *messages: Outgoing) -> None:
        """Publish, then work until every message has ended."""
        subscription = await self.runner(stage).start(2)
        await PostgresBroker(self.engine).publish(messages)
        await self.until_empty(stage.queue)
        await subscription.cancel()

    async def until_empty(self, queue: str) -> None:
        """Until no message is left in the queue."""
        async with asyncio.timeout(60):
            while await self.rows(f"SELECT 1 FROM broker.message WHERE queue = '{queue}'"):  # noqa: ASYNC110, S608 - it is the database that is watched; names of ours
                await asyncio.sleep(0.02)

    async def rows(self, sql: str) -> list[Any]:
        async with self.engine.connect() as conn:
            return list((await conn.execute(sa.text(sql))).all())

    async def execute(self, sql: str, **values: Any) -> None:
        async with self.engine.begin() as conn:
            await conn.execute(sa.text(sql), values)

    async def reports(self) -> list[UnitFinished]:
        """What the ledger was told, in order."""
        rows = await self.rows("SELECT headers, body FROM broker.message WHERE queue = 'gateway.ledger' ORDER BY id")
        return [decode(UnitFinished, r.body, r.headers["sha256"]) for r in rows]


@asynccontextmanager
async def stage_rig(database: Database, schema: str) -> AsyncIterator[StageRig]:
    """A rig on the tables of one service."""
    engine = create_engine(database.url(schema), role_application="test")
    broker = PostgresBroker(engine)
    await broker.open()
    try:
        yield StageRig(engine, broker, Outbox(schema))
    finally:
        await broker.close()
        await engine.dispose()
