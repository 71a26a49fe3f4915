"""Relays that are killed while writers hold transactions open: what was committed is sent, what was not is not."""

import asyncio
import random
import sys
import time
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from common.database import create_engine
from common.messaging import outbox as outbox_module
from common.messaging.outbox import Outbox
from common.testing.postgres import Database
from tests.integration.messaging.messages import PATIENCE, message

pytestmark = pytest.mark.timeout(300)
SEED = 3
WRITERS, RELAYS, KILLS, SECONDS, LONGEST = 8, 3, 3, 6.0, 5.0
#: A new interpreter with its imports on a machine that is busy with other tests.
_START_SECONDS = 60.0
_PROGRAM = Path(__file__).with_name("relay_process.py")


async def started(url: str) -> asyncio.subprocess.Process:
    """A relay in a process of its own."""
    return await asyncio.create_subprocess_exec(sys.executable, str(_PROGRAM), url, stdout=asyncio.subprocess.PIPE)


async def relaying(process: asyncio.subprocess.Process) -> None:
    assert process.stdout is not None
    async with asyncio.timeout(_START_SECONDS):
        assert await process.stdout.readline() == b"relaying\n"


async def write(engine: AsyncEngine, chance: random.Random, until: float, committed: set[str]) -> None:
    """Transactions that stay open for up to five seconds after their rows got their place; one in ten rolls back."""
    outbox, number = Outbox("normalizer"), 0
    while time.monotonic() < until:
        number += 1
        sent = [message(f"{id(chance)}-{number}-{n}") for n in range(chance.randint(1, 20))]
        async with engine.connect() as conn:
            await outbox.add(conn, sent)
            await asyncio.sleep(chance.choice((0.0, 0.1, 1.0, chance.uniform(0, LONGEST))))
            if chance.random() < 0.1:
                await conn.rollback()
                continue
            await conn.commit()
        committed.update(m.headers.event_id for m in sent)


async def kill_again_and_again(
    relays: list[asyncio.subprocess.Process], url: str, chance: random.Random, seconds: float
) -> None:
    for _ in range(KILLS):
        victim = chance.randrange(len(relays))
        await relaying(relays[victim])
        await asyncio.sleep(chance.uniform(0, 2 * seconds / KILLS - 0.5))
        relays[victim].kill()
        await relays[victim].wait()
        relays[victim] = await started(url)


def kill_all(relays: list[asyncio.subprocess.Process]) -> None:
    for relay in relays:
        if relay.returncode is None:
            relay.kill()


async def all_sent(engine: AsyncEngine) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        async with engine.connect() as conn:
            left = await conn.scalar(sa.text("SELECT count(*) FROM normalizer.outbox WHERE sent_at IS NULL"))
        if not left:
            return
        assert time.monotonic() < deadline, f"{left} messages are not sent"
        await asyncio.sleep(0.1)


async def test_killed_relays_miss_nothing_that_was_committed_and_send_nothing_else(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox_module, "RELAY_AFTER", timedelta(0))  # the relay is all there is
    url, chance, committed = database.url("normalizer"), random.Random(SEED), set[str]()
    engine = create_engine(url, role_application="test", pool_size=WRITERS)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(engine.dispose)
        relays = [await started(url) for _ in range(RELAYS)]
        stack.callback(kill_all, relays)
        until = time.monotonic() + SECONDS
        writers = [write(engine, random.Random(f"{SEED} {n}"), until, committed) for n in range(WRITERS)]
        await asyncio.gather(*writers, kill_again_and_again(relays, url, chance, SECONDS))
        await all_sent(engine)
        async with engine.connect() as conn:
            rows = await conn.execute(sa.text("SELECT DISTINCT headers ->> 'event_id' FROM broker.message"))
            sent = {row[0] for row in rows}
    assert len(committed) > 100
    assert sent == committed, f"missed {len(committed - sent)}, made up {len(sent - committed)}"
