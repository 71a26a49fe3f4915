"""The tables do not depend on the order, the cut or the simultaneity of pages."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import msgspec
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
Seen = TypeVar("Seen", "Observation", "Posted")

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
def pages_of(draw: Any, seen: Sequence[Seen]) -> list[list[Seen]]:
    pages: list[list[Seen]] = []
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


#: One job to whoever looks for duplicates, postings of their own by their titles.
_AGAIN = ("Engineer", "Engineer (m/w/d)", "Engineer (all genders)")
_TEXT = "You build, run and measure the machines that sort letters and parcels for half of the country, day and night."


@dataclass(frozen=True)
class Posted:
    """What one source shows under one id at a time, published so many days ago."""

    source: str
    minute: int
    number: int
    days: int | None

    def item(self) -> dict[str, Any]:
        published = {} if self.days is None else {"posted_at": (NOW - timedelta(days=self.days)).isoformat()}
        return item(str(self.number), title=_AGAIN[self.number % len(_AGAIN)], text=_TEXT, **published)


#: More than `missing.apart_hours`, in minutes.
_READS_APART = 90
_days = st.sampled_from([None, 0, 10, 20, 40, 200, 230])


@st.composite
def posted(draw: st.DrawFn) -> Posted:
    """The first three ids are shown again without a change, the others are changed at one time.

    Not both: that an older page, coming late, shows an id with other words tells a posting nothing of when it was seen.
    """
    number = draw(st.integers(0, 5))
    day = {0: None, 1: 20, 2: 200}[number] if number < 3 else draw(_days)
    read = draw(st.integers(0, 2)) if number < 3 else number % 3
    return Posted(draw(st.sampled_from(SOURCES[:2])), read * _READS_APART, number, day)


@given(st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_any_order_and_cut_of_pages_flags_the_same_postings_for_the_same_reasons(
    normalizer: Normalizer, data: st.DataObject
) -> None:
    seen = data.draw(st.lists(posted(), min_size=1, max_size=8))
    said = []
    for _ in range(2):
        await normalizer.clear()
        for page in data.draw(pages_of(seen)):
            first = page[0]
            await normalizer.page(
                [o.item() for o in page], source=first.source, at=NOW + timedelta(minutes=first.minute)
            )
            await normalizer.look_again(most=data.draw(st.integers(0, 2)))
        await normalizer.look_again()
        said.append(await normalizer.flags())
        assert await normalizer.look() == [], "something was left to the watch"
        assert {p.hash_key: [msgspec.to_builtins(f) for f in p.flags] for p in normalizer.latest()} == {
            key: list(flags) for key, flags in said[-1]
        }, "not everybody has heard of it"
    assert said[0] == said[1]


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
