"""The tables do not depend on the order, the cut or the simultaneity of pages."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.normalizer.conftest import NOW, SOURCES, Normalizer
from tests.integration.normalizer.test_merging import item


@dataclass(frozen=True)
class Observation:
    """What one source shows under one id at a time."""

    source: str
    minute: int
    id: str
    title: str
    text: str


Pages = list[list[Observation]]

observations = st.builds(
    Observation,
    source=st.sampled_from(SOURCES),
    minute=st.integers(0, 3),
    id=st.sampled_from("123"),
    title=st.sampled_from(["Engineer", "Baker"]),
    text=st.sampled_from(["One.", "Two.", ""]),
)


@st.composite
def two_ways(draw: st.DrawFn) -> tuple[Pages, Pages]:
    """The same observations as pages, cut and ordered in two ways; a page has one source and one time."""
    seen = draw(st.lists(observations, min_size=1, max_size=12))
    return draw(pages_of(seen)), draw(pages_of(seen))


@st.composite
def pages_of(draw: Any, seen: Sequence[Observation]) -> Pages:
    pages: Pages = []
    joined: list[bool] = draw(st.lists(st.booleans(), min_size=len(seen), max_size=len(seen)))
    for observation, join in zip(draw(st.permutations(seen)), joined, strict=True):
        fitting = [p for p in pages if (p[0].source, p[0].minute) == (observation.source, observation.minute)]
        if fitting and join:
            fitting[-1].append(observation)
        else:
            pages.append([observation])
    return pages


async def take_in(normalizer: Normalizer, page: list[Observation]) -> None:
    first = page[0]
    items = [item(o.id, title=o.title, text=o.text) for o in page]
    await normalizer.page(items, source=first.source, at=NOW + timedelta(minutes=first.minute))


@given(two_ways())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_any_order_and_cut_of_pages_gives_the_same_tables(
    normalizer: Normalizer, ways: tuple[Pages, Pages]
) -> None:
    digests = []
    for pages in ways:
        await normalizer.clear()
        for page in pages:
            await take_in(normalizer, page)
        digests.append(await normalizer.digest())
    assert digests[0] == digests[1]


async def test_pages_at_the_same_time_neither_lose_nor_double_nor_block_each_other(normalizer: Normalizer) -> None:
    """Four sources' worth of pages over the same forty jobs, in opposite orders, changing identity as they go."""

    def page(source: str, minute: int) -> list[Observation]:
        jobs = range(40) if minute % 2 else range(39, -1, -1)
        return [Observation(source, minute, str(n), f"Job {(n + minute // 3) % 40}", f"Text {minute}.") for n in jobs]

    pages = [page(source, minute) for minute in range(6) for source in SOURCES]
    for _ in range(2):
        await normalizer.clear()
        await asyncio.gather(*(take_in(normalizer, each) for each in pages))
        together = await normalizer.digest()
        versions = [(p.hash_key, p.version) for p in normalizer.sent]
        assert len(versions) == len(set(versions)), "one version was given out twice"
    await normalizer.clear()
    for each in pages:
        await take_in(normalizer, each)
    assert await normalizer.digest() == together
