"""How a service ends: in time when it is told to, by itself when nothing else helps, and never silently."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from common.testing.postgres import Database
from tests.integration.messaging.messages import QUEUE, Seen, message
from tests.integration.messaging.rigs import RabbitRig

_SERVICE = Path(__file__).with_name("service_process.py")
#: Seconds in which a service has started and said what it has to say, on a machine with much else to do.
SERVICE_SECONDS = 60.0
OTHER_QUEUE, OTHER_EVENT = "enricher.postings", "postings.normalized.v1"


@asynccontextmanager
async def _service(
    database: Database, what: str, *queues: str, **environment: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    settings = {"DATABASE_URL": database.url("normalizer"), "PORT": "0", **environment}
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(_SERVICE), what, *queues, env=os.environ | settings,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _output(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    async with asyncio.timeout(SERVICE_SECONDS):
        return (await process.stdout.read()).decode()


async def _until_said(process: asyncio.subprocess.Process, *lines: str) -> None:
    assert process.stdout is not None
    missing = set(lines)
    async with asyncio.timeout(SERVICE_SECONDS):
        while missing:
            line = (await process.stdout.readline()).decode()
            assert line, "the process has ended"
            missing.discard(line.strip())


async def test_handlers_that_never_end_hold_up_a_stop_for_25_seconds_at_most_and_their_messages_come_again(
    rabbit_rig: RabbitRig, database: Database
) -> None:
    broker = await rabbit_rig.broker()
    await broker.publish([message("one"), message("two", OTHER_EVENT)])
    rabbit = {"AMQP_URL": rabbit_rig.url, "NAMESPACE": rabbit_rig.namespace}
    async with _service(database, "hold", QUEUE, OTHER_QUEUE, **rabbit) as process:
        await _until_said(process, "holds one", "holds two")
        started = time.monotonic()
        process.send_signal(signal.SIGTERM)
        await _output(process)
        assert await process.wait() == -signal.SIGTERM
        assert time.monotonic() - started < 25
    seen = Seen()
    await broker.subscribe(QUEUE, seen)
    await broker.subscribe(OTHER_QUEUE, seen)
    assert sorted(await seen.units(2)) == ["one", "two"]


async def test_an_idle_service_stops_at_once(database: Database) -> None:
    async with _service(database, "hold", QUEUE) as process:
        assert process.stdout is not None
        async with asyncio.timeout(SERVICE_SECONDS):
            while b"service_started" not in await process.stdout.readline():
                assert process.returncode is None
        started = time.monotonic()
        process.send_signal(signal.SIGTERM)
        await _output(process)
        assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    ("variable", "told"), [("STALL_SECONDS", "Timeout (0:00:01)!"), ("STALL_PROCESSOR_SECONDS", '"code":-27')]
)
async def test_a_loop_that_is_blocked_even_with_the_gil_held_ends_the_worker_and_shows_where(
    database: Database, variable: str, told: str
) -> None:
    async with _service(database, "block", **{variable: "1"}) as process:
        assert process.stdout is not None
        said = (await asyncio.wait_for(process.stdout.readuntil(b"worker_died"), SERVICE_SECONDS)).decode()
        await asyncio.wait_for(process.stdout.readuntil(b"in _block"), SERVICE_SECONDS)  # another worker's
    assert told in said
    assert "in _block" in said


async def test_wiring_that_breaks_under_a_service_ends_the_process_with_its_reason(database: Database) -> None:
    async with _service(database, "fail") as process:
        said = await _output(process)
        assert await process.wait() == 1
    assert "service_failed" in said
    assert "the wiring broke" in said
