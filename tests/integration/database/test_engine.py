"""Waits end: with a slow statement, a held lock, a full pool, a frozen server and one that was killed."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from common.database import check, create_engine
from common.testing.postgres import PostgresServer, postgres_server
from common.testing.processes import frozen

#: What ends a wait; the caller treats them alike.
FAILURES = (SQLAlchemyError, OSError, TimeoutError)
#: Promised for every await (RELIABILITY, goal 5).
BOUND_SECONDS = 10.0
QUERY = sa.text("select 1")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """One's own, whatever TEST_DATABASE_URL says: it is frozen and killed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("TEST_DATABASE_URL", raising=False)
        with postgres_server(tmp_path_factory.mktemp("postgres")) as server:
            yield server


@pytest.fixture
async def engine(server: PostgresServer) -> AsyncIterator[AsyncEngine]:
    engine = create_engine(server.admin_url, role_application="engine-test", pool_size=2)
    await check(engine)
    yield engine
    await engine.dispose()


async def fails_within(seconds: float, awaited: Awaitable[object]) -> BaseException:
    started = time.monotonic()
    with pytest.raises(FAILURES) as failure:
        await awaited
    assert time.monotonic() - started < seconds
    return failure.value


async def query(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        await connection.execute(QUERY)


async def test_the_application_and_the_limits_are_set(engine: AsyncEngine) -> None:
    names = ("application_name", "statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "TimeZone")
    async with engine.connect() as connection:
        values = [await connection.scalar(sa.func.current_setting(name).select()) for name in names]
    assert values == ["engine-test", "5s", "4s", "30s", "UTC"]


async def test_waits_for_a_lock_and_for_a_full_pool_end(server: PostgresServer, engine: AsyncEngine) -> None:
    lock = sa.text("select pg_advisory_xact_lock(1)")
    async with engine.connect() as holder, engine.connect() as other:
        await holder.execute(lock)
        refused, _ = await asyncio.gather(
            fails_within(BOUND_SECONDS, other.execute(lock)), fails_within(BOUND_SECONDS, query(engine))
        )
    assert "lock timeout" in str(refused)


async def test_every_wait_for_a_frozen_server_ends_and_the_engine_recovers(
    engine: AsyncEngine, server: PostgresServer
) -> None:
    new = create_engine(server.admin_url, role_application="never connected")
    transaction = await engine.connect()
    await transaction.execute(QUERY)
    with frozen(server.pid):
        await asyncio.gather(
            fails_within(BOUND_SECONDS, transaction.commit()),
            fails_within(BOUND_SECONDS, query(engine)),
            fails_within(BOUND_SECONDS, query(new)),
            fails_within(5.0, check(new)),
        )
        await asyncio.wait_for(transaction.close(), BOUND_SECONDS)
    await check(engine)
    await check(new)
    await new.dispose()


async def test_after_a_restart_of_the_server_the_pool_gives_no_dead_connection(
    engine: AsyncEngine, server: PostgresServer
) -> None:
    server.kill()
    await fails_within(BOUND_SECONDS, query(engine))
    server.restart()
    async with engine.connect(), engine.connect():
        pass
    server.kill()
    server.restart()
    for _ in range(5):  # turns of the loop, in which the sockets tell that they are closed
        await asyncio.sleep(0)
    await query(engine)


async def test_nobody_listening_is_known_at_once(tmp_path: Path) -> None:
    engine = create_engine("postgresql://me@127.0.0.1:1/none", role_application="test")
    await fails_within(2.0, check(engine))


async def test_the_server_looks_for_clients_that_vanish(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        shown = [
            (await connection.execute(sa.text(f"SHOW tcp_{name}"))).scalar_one()
            for name in ("keepalives_idle", "keepalives_interval", "keepalives_count", "user_timeout")
        ]
    assert shown == ["10", "5", "3", "25000"]
