"""The suspect lane: what ends a process is found in a subprocess, and nothing else is blamed."""

import os
import signal
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from common.contracts import PostingsCollected, encode
from common.messaging.judge import Case, Judge, Killer, Limits, give_back, keep_ready, take_ready
from common.messaging.trial import SuspectLane
from tests.support.suspects import dangerous

pytestmark = pytest.mark.timeout(90)


def batch(*words: str) -> PostingsCollected:
    items = [{"word": word} for word in words]
    return PostingsCollected(
        source="s", feed="", page=1, archive_key="k", collected_at=datetime(2026, 11, 21, tzinfo=UTC), items=items
    )


@pytest.fixture
def judge() -> Iterator[Judge]:
    """One that was kept ready."""
    keep_ready()
    judge = take_ready()
    assert judge is not None
    give_back(judge)
    yield judge
    take_ready()
    judge.dismiss()


WORDS = ["fine", "segfault", "fine", "memory", "raise", "loop", "exit", "segfault", "fine"]
KILLERS = [
    Killer(1, "killed by SIGSEGV"),
    Killer(3, "ran out of memory"),
    Killer(5, "took more than 0.2 s of processor time"),
    Killer(6, "ended with code 3"),
    Killer(7, "killed by SIGSEGV"),
]
#: With a minute by the clock for what burns processor time: on a busy machine it gets little of it.
LIMITS = Limits(seconds=0.2, memory=1024**3, patience=300)
#: For what needs none.
IMPATIENT = Limits(seconds=0.2, memory=1024**3)
SLEEPER = [Killer(1, "took more than 1.2 s")]


async def test_each_killer_is_found_with_how_it_ended_and_no_neighbour_is_blamed() -> None:
    assert await SuspectLane(LIMITS).killers(dangerous, batch(*WORDS)) == KILLERS
    assert await SuspectLane(IMPATIENT).killers(dangerous, batch("fine", "sleep", "fine")) == SLEEPER


async def test_a_judge_that_was_kept_ready_finds_the_same_and_is_there_for_the_next(judge: Judge) -> None:
    lane = SuspectLane(LIMITS)
    assert await lane.killers(dangerous, batch(*WORDS)) == KILLERS
    assert await SuspectLane(IMPATIENT).killers(dangerous, batch("fine", "sleep", "fine")) == SLEEPER
    assert await lane.killers(dangerous, batch("fine", "exit")) == [Killer(1, "ended with code 3")]
    left = take_ready()
    assert left is judge
    give_back(left)


async def test_a_judge_that_is_killed_blames_nobody_and_is_replaced(judge: Judge) -> None:
    os.kill(judge.pid, signal.SIGKILL)
    lane = SuspectLane(LIMITS)
    with pytest.raises(RuntimeError, match="no answer"):
        await lane.killers(dangerous, batch("fine"))
    assert await lane.killers(dangerous, batch("fine", "exit")) == [Killer(1, "ended with code 3")]


async def test_a_batch_without_killers_is_innocent(judge: Judge) -> None:
    assert await SuspectLane(Limits()).killers(dangerous, batch(*["fine"] * 100, "raise")) == []


def test_a_judge_ends_in_peace_where_whoever_asked_is_gone_before_reading_the_answer() -> None:
    keep_ready()
    judge = take_ready()
    assert judge is not None
    event = batch("fine")
    body, sha256 = encode(event)
    judge.line.send(Case(dangerous, type(event), body, sha256, LIMITS))
    assert judge.line.poll(30)
    judge.line.close()
    _, status = os.waitpid(judge.pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0
