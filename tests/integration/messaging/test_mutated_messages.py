"""Mutated messages through the services' own consumers: none is lost, and no consumer ends or stands still."""

import asyncio
from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncEngine

from common.contracts import UnitFinished
from common.database import create_engine
from common.messaging.postgres import PostgresBroker
from common.messaging.protocol import Outgoing
from common.testing.postgres import Database
from tests.fuzz.events import example, message
from tests.fuzz.ledger_trees import begin
from tests.fuzz.running import CONSUMERS, Consumer, consume, counted_log

MESSAGES = 80


@pytest.mark.parametrize("consumer", CONSUMERS, ids=lambda consumer: consumer.queue)
async def test_every_mutated_message_is_done_or_in_quarantine(database: Database, consumer: Consumer) -> None:
    accounts = await consume(consumer, database, "quick", MESSAGES)
    assert accounts.stuck == []
    assert accounts.unaccounted == []
    assert accounts.log_events["error deliveries_not_ended"] == 0
    assert accounts.ends.total() == accounts.sent > MESSAGES * 0.9
    done = accounts.ends["done"] + accounts.ends["taken by the ledger"]
    assert done > MESSAGES // 4
    assert accounts.sent - done > MESSAGES // 4


def finished(**changed: Any) -> Outgoing:
    return message(msgspec.structs.replace(example(UnitFinished), **changed), str(changed))


async def test_what_the_ledger_cannot_store_does_not_hold_up_what_it_can(database: Database) -> None:
    engine = create_engine(database.url("gateway"), role_application="test")
    innocent = [finished(unit_id=f"sound {n}") for n in range(5)]
    poison = [finished(run_id="\x00"), finished(unit_id="a\x00b"), finished(error="\x00"), finished(fetched=2**40)]
    try:
        await begin(engine, [example(UnitFinished).run_id])
        await PostgresBroker(engine).publish([m for pair in zip_longest(innocent, poison) for m in pair if m])
        async with counted_log(), CONSUMERS[-1].wire(database), asyncio.timeout(60):
            while await rows(engine, "SELECT 1 FROM broker.message WHERE queue LIKE 'gateway.ledger%'"):  # noqa: ASYNC110 - it is the database that is watched
                await asyncio.sleep(0.05)
        known = await rows(engine, "SELECT unit_id FROM gateway.unit WHERE finished AND unit_id LIKE 'sound%'")
        kept = await rows(engine, "SELECT unit_id FROM gateway.quarantine")
        assert len(known) == len(innocent)
        assert {row.unit_id for row in kept} == {m.headers.unit_id for m in poison}
    finally:
        await engine.dispose()


async def rows(engine: AsyncEngine, sql: str) -> Sequence[Row[Any]]:
    async with engine.connect() as conn:
        return (await conn.execute(sa.text(sql))).all()
