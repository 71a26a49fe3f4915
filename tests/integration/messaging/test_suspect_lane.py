"""The suspect lane: what ends a process is found in a subprocess, and nothing else is blamed."""

from datetime import UTC, datetime

import pytest

from common.contracts import PostingsCollected
from common.messaging.trial import Limits, SuspectLane
from tests.support.suspects import dangerous

pytestmark = pytest.mark.timeout(90)


def batch(*words: str) -> PostingsCollected:
    items = [{"word": word} for word in words]
    return PostingsCollected(
        source="s", feed="", page=1, archive_key="k", collected_at=datetime(2026, 11, 21, tzinfo=UTC), items=items
    )


async def test_each_killer_is_found_with_how_it_ended_and_no_neighbour_is_blamed() -> None:
    words = ["fine", "segfault", "fine", "memory", "raise", "loop", "exit", "fine"]
    found = await SuspectLane(Limits(seconds=1.0, memory=1024**3)).killers(dangerous, batch(*words))
    assert [(k.position, k.how) for k in found] == [
        (1, "killed by SIGSEGV"),
        (3, "ran out of memory"),
        (5, "took more than 1 s of processor time"),
        (6, "ended with code 3"),
    ]


async def test_a_batch_without_killers_is_innocent() -> None:
    assert await SuspectLane(Limits()).killers(dangerous, batch(*["fine"] * 100, "raise")) == []
