"""The relay: sends what a crash between commit and publish left in an outbox."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from common.messaging.bounds import bounded
from common.messaging.crash_points import crash_point
from common.messaging.health import INFRASTRUCTURE_ERRORS, is_infrastructure, until_healthy
from common.messaging.outbox import Outbox
from common.messaging.protocol import Broker, BrokerUnavailableError, Outgoing
from common.telemetry import metrics

_BATCH = 50
_PURGE_EVERY = 3600.0
_log = structlog.get_logger()


async def send_now(broker: Broker, engine: AsyncEngine, outbox: Outbox, messages: Sequence[Outgoing]) -> None:
    """Publish messages right after their commit; what is not confirmed stays for the relay."""
    if not messages:
        return
    try:
        confirmed = await broker.publish(messages)
    except BrokerUnavailableError as error:
        _log.warning("publish_left_to_relay", messages=len(messages), error=str(error))
        return
    crash_point("after_publish_before_mark")
    if not confirmed:
        return
    try:
        # One statement, and so one round trip, is a transaction by itself.
        async with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as conn:
            await outbox.mark_sent(conn, confirmed)
    except Exception as error:
        if not is_infrastructure(error):
            raise
        # What the messages belong to is committed: the relay sends them once more, which does no harm.
        _log.warning("mark_left_to_relay", messages=len(confirmed), error=str(error))


async def send_unsent(broker: Broker, engine: AsyncEngine, outbox: Outbox) -> int:
    """One round: publish up to 50 overdue messages while holding their row locks; returns how many were confirmed."""
    async with engine.begin() as conn:
        messages = await outbox.claim_unsent(conn, _BATCH)
        if not messages:
            return 0
        confirmed = await _publish(broker, messages)
        crash_point("relay_after_publish_before_commit")
        left = {m.headers.event_id for m in messages} - confirmed
        await outbox.mark_sent(conn, confirmed)
        if left:
            await outbox.postpone(conn, left)
            _log.error("outbox_not_confirmed", events=sorted({m.headers.event_type for m in messages}), left=len(left))
    metrics.RELAYED.inc(len(confirmed))
    return len(confirmed)


async def _publish(broker: Broker, messages: Sequence[Outgoing]) -> set[str]:
    try:
        return await broker.publish(messages)
    except BrokerUnavailableError:
        # Where the broker answers it is their queues that confirm nothing: others must not wait behind them.
        await broker.check()
        return set()


async def flush(broker: Broker, engine: AsyncEngine, outbox: Outbox, seconds: float) -> None:
    """Send what is overdue, for `seconds` at most: what is left another process, or the next one, sends."""

    async def all_of_it() -> None:
        while await send_unsent(broker, engine, outbox) == _BATCH:
            pass

    try:
        await bounded(all_of_it(), seconds, "flush the outbox", INFRASTRUCTURE_ERRORS)
    except BrokerUnavailableError as error:
        _log.warning("outbox_not_flushed", error=str(error))


async def _relay(broker: Broker, engine: AsyncEngine, outbox: Outbox, interval: float) -> None:
    loop = asyncio.get_running_loop()
    purge_at = loop.time()
    while True:
        try:
            if loop.time() >= purge_at:
                async with engine.begin() as conn:
                    await outbox.purge(conn)
                purge_at = loop.time() + _PURGE_EVERY
            sent = await send_unsent(broker, engine, outbox)
        except Exception as error:
            if not is_infrastructure(error):
                raise
            _log.warning("relay_waits", error=str(error))
            await until_healthy(engine, broker)
            continue
        if sent < _BATCH:
            await asyncio.sleep(interval)


@contextlib.asynccontextmanager
async def relay(broker: Broker, engine: AsyncEngine, outbox: Outbox, *, interval: float = 1.0) -> AsyncIterator[None]:
    """Run the relay for the duration of the context; a relay that fails ends the process loudly."""
    async with asyncio.TaskGroup() as group:
        task = group.create_task(_relay(broker, engine, outbox, interval), name="outbox relay")
        try:
            yield
        finally:
            task.cancel()
