"""Postings of one job find each other in the database, whatever page brings them, and stay as people decide."""

import asyncio
from collections import defaultdict
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from normalizer.tables import duplicate
from tests.integration.normalizer.conftest import NOW, SOURCES, Normalizer
from tests.quality.duplicates import own_pairs

BODY = own_pairs()[0]["a"]["body"]
OTHER = next(pair["a"]["body"] for pair in own_pairs() if pair["a"]["text"] == "sales")
BEST, SECOND, LAST = SOURCES


def item(number: int, title: str = "Platform Engineer", place: str = "Berlin", body: str = BODY) -> dict[str, Any]:
    return {"source_job_id": str(number), "title": title, "places": [{"text": place}], "description_text": body}


async def clusters(normalizer: Normalizer) -> list[set[str]]:
    """The ids of postings in each cluster of more than one."""
    found: defaultdict[Any, set[str]] = defaultdict(set)
    query = sa.text(
        "SELECT d.cluster_id, p.source_job_id FROM normalizer.duplicate d JOIN normalizer.posting p USING (hash_key)"
    )
    async with normalizer.engine.connect() as conn:
        for row in await conn.execute(query):
            found[row.cluster_id].add(row.source_job_id)
    return sorted((members for members in found.values() if len(members) > 1), key=sorted)


async def rows(normalizer: Normalizer) -> list[Any]:
    async with normalizer.engine.connect() as conn:
        return list((await conn.execute(sa.select(duplicate).order_by(duplicate.c.hash_key))).all())


async def test_the_same_job_of_two_boards_is_one_cluster_of_two_postings(normalizer: Normalizer) -> None:
    await normalizer.page([item(1), item(2, "Baker", body=OTHER)], source=BEST)
    books = await normalizer.page([item(3, "Platform Engineer (m/w/d)", "Berlin, Germany")], source=SECOND)
    assert books == {"new": 1}
    assert await clusters(normalizer) == [{"1", "3"}]
    joined = next(row for row in await rows(normalizer) if row.matched is not None)
    assert (joined.reason, joined.duplicate_class, joined.similarity) == ("same_text", "full", 1)


async def test_postings_of_one_page_find_each_other(normalizer: Normalizer) -> None:
    await normalizer.page([item(1), item(2, place="Hamburg"), item(3, "Senior Platform Engineer")])
    assert await clusters(normalizer) == [{"1", "2"}]


async def test_a_newcomer_joins_two_clusters_and_the_smaller_one_moves(normalizer: Normalizer) -> None:
    reworded = OTHER[:170] + BODY[170:]
    await normalizer.page([item(1), item(2, place="Berlin, Mitte")])
    await normalizer.page([item(3, place="Hamburg", body=reworded)], source=SECOND)
    assert await clusters(normalizer) == [{"1", "2"}]
    (before,) = {row.cluster_id for row in await rows(normalizer) if row.matched is not None}
    await normalizer.page([item(4, place="Hamburg, Germany")], source=LAST)
    assert await clusters(normalizer) == [{"1", "2", "3", "4"}]
    assert {row.cluster_id for row in await rows(normalizer)} == {before}


async def test_a_page_that_comes_again_changes_nothing(normalizer: Normalizer) -> None:
    pages: list[tuple[list[dict[str, Any]], str]] = [([item(1)], BEST), ([item(2, place="Hamburg")], SECOND)]
    for items, source in pages:
        await normalizer.page(items, source=source)
    before = await rows(normalizer)
    for items, source in pages:
        await normalizer.page(items, source=source, run="run-2", at=NOW + timedelta(days=1))
    assert await rows(normalizer) == before


async def test_a_posting_whose_text_changes_stays_where_it_is(normalizer: Normalizer) -> None:
    await normalizer.page([item(1)], source=BEST)
    await normalizer.page([item(2, place="Hamburg")], source=SECOND)
    await normalizer.page(
        [item(2, place="Hamburg", body=OTHER)], source=SECOND, run="run-2", at=NOW + timedelta(days=1)
    )
    assert await clusters(normalizer) == [{"1", "2"}]


async def test_two_pages_at_one_time_see_each_other(normalizer: Normalizer) -> None:
    places = [f"Town {number}" for number in range(8)]
    await asyncio.gather(
        *(normalizer.page([item(n, place=place)], source=SOURCES[n % 3], page=n) for n, place in enumerate(places))
    )
    assert await clusters(normalizer) == [{str(n) for n in range(8)}]


@pytest.mark.parametrize("size", [1, 60])
async def test_a_page_without_candidates_costs_three_statements_whatever_its_size(
    normalizer: Normalizer, size: int
) -> None:
    seen: list[str] = []

    def note(conn: Any, cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    event.listen(normalizer.engine.sync_engine, "before_cursor_execute", note)
    await normalizer.page([item(n, f"Engineer of {chr(97 + n % 26) * 5} {n}") for n in range(size)])
    event.remove(normalizer.engine.sync_engine, "before_cursor_execute", note)
    assert sum("duplicate" in s or "advisory" in s for s in seen) == 3
