"""Awaits that end in time and say what happened."""

import asyncio

import pytest

from common.messaging.bounds import bounded
from common.messaging.protocol import BrokerUnavailableError


async def test_the_result_comes_through() -> None:
    assert await bounded(asyncio.sleep(0, "done"), 5, "work") == "done"


async def test_work_that_resists_cancellation_is_left_behind_e13() -> None:
    let_go = asyncio.Event()

    async def stubborn() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await let_go.wait()

    with pytest.raises(BrokerUnavailableError, match=r"stubborn work: no answer within 0\.01 s"):
        await bounded(stubborn(), 0.01, "stubborn work")
    let_go.set()


async def test_a_cancellation_that_nobody_asked_for_means_a_lost_connection_e9() -> None:
    waiting = asyncio.Future[None]()
    waiting.set_exception(asyncio.CancelledError())
    with pytest.raises(BrokerUnavailableError, match="connection lost"):
        await bounded(_waits_for(waiting), 5, "publish")


async def test_our_own_cancellation_stays_one() -> None:
    task = asyncio.ensure_future(bounded(asyncio.Event().wait(), 5, "publish"))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize("error", [OSError("refused"), Exception()])
async def test_errors_of_a_broker_that_is_away_become_one_kind(error: Exception) -> None:
    with pytest.raises(BrokerUnavailableError) as raised:
        await bounded(_fails(error), 5, "connect", (OSError,))
    assert raised.value.__cause__ is error


async def test_other_errors_come_through() -> None:
    with pytest.raises(KeyError):
        await bounded(_fails(KeyError("ours")), 5, "connect", (OSError,))


async def _waits_for(future: asyncio.Future[None]) -> None:
    await future


async def _fails(error: Exception) -> None:
    raise error
