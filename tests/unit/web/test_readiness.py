"""Readiness turns after two results in a row, and tells what is wrong without asking anyone."""

import asyncio
from itertools import count

import pytest
from prometheus_client import REGISTRY

from common.web import readiness
from common.web.readiness import Readiness


def _after(*results: str | None) -> Readiness:
    state = Readiness("toy")
    for result in results:
        state.note(result)
    return state


def _metric() -> float | None:
    return REGISTRY.get_sample_value("posthorn_ready", {"service": "toy"})


def test_before_the_first_result_it_is_not_ready() -> None:
    assert _after().problem == "it has just started"
    assert _metric() == 0


def test_a_first_success_is_enough() -> None:
    assert _after(None).problem is None
    assert _metric() == 1


@pytest.mark.parametrize(
    ("results", "problem"),
    [
        ((None, "a"), None),
        ((None, "a", "b"), "b"),
        ((None, "a", None, "b"), None),
        ((None, "a", "b", None), "b"),
        ((None, "a", "b", None, "c", None), "c"),
        ((None, "a", "b", None, None), None),
        (("a",), "a"),
        (("a", None), "a"),
        (("a", None, None), None),
    ],
)
def test_it_turns_after_two_in_a_row(results: tuple[str | None, ...], problem: str | None) -> None:
    assert _after(*results).problem == problem
    assert _metric() == (problem is None)


async def test_it_follows_a_check_that_fails_hangs_and_recovers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "LIMIT_SECONDS", 0.01)
    state, trouble = Readiness("toy"), "none"

    async def check() -> None:
        if trouble == "raises":
            raise OSError("no route")
        if trouble == "hangs":
            await asyncio.Event().wait()

    async def until(problem: str | None) -> None:
        async with asyncio.timeout(5):
            while state.problem != problem:  # noqa: ASYNC110 - it is the state that is watched
                await asyncio.sleep(0.001)

    async with state.watching(check, interval=0.002):
        assert state.problem is None
        trouble = "raises"
        await until("no route")
        trouble = "hangs"
        await until("check: no answer within 0.01 s")
        trouble = "none"
        await until(None)
    assert state.problem == "it is stopping"


async def test_a_fault_is_known_within_ten_seconds_and_so_is_its_cure() -> None:
    """The slowest case: each check begins just before the change and fails as late as it may."""
    ask, limit, turn = readiness.INTERVAL_SECONDS, readiness.LIMIT_SECONDS, readiness.TURN
    assert ask + turn * limit <= 10
    assert limit + turn * ask / 2 <= 10


async def test_checks_are_not_run_side_by_side() -> None:
    running, numbers, most = 0, count(), 0
    enough = asyncio.Event()

    async def check() -> None:
        nonlocal running, most
        running, most = running + 1, max(most, running + 1)
        await asyncio.sleep(0.005)
        running -= 1
        if next(numbers) == 3:
            enough.set()

    async with asyncio.timeout(5), Readiness("toy").watching(check, interval=0.001):
        await enough.wait()
    assert most == 1
