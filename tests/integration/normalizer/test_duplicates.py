"""Postings of one job find each other in the database, whatever page brings them, and stay as people decide."""

import asyncio
from collections import defaultdict
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from common.contracts import DuplicatesSettled, PostingsNormalized, stage_of
from common.messaging.outbox import Outbox
from normalizer.store.duplicate_decisions import DecisionStore
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


async def everyone_knows(normalizer: Normalizer) -> bool:
    """Whether others group postings as the tables do; one that they have not heard of is alone for them."""
    for row in await rows(normalizer):
        version, told = normalizer.told.get(row.hash_key.hex, (0, row.hash_key.hex))
        if (version, told) != (row.version, row.cluster_id.hex):
            return False
    return True


async def rows(normalizer: Normalizer) -> list[Any]:
    async with normalizer.engine.connect() as conn:
        return list((await conn.execute(sa.select(duplicate).order_by(duplicate.c.hash_key))).all())


async def test_the_same_job_of_two_boards_is_one_cluster_of_two_postings(normalizer: Normalizer) -> None:
    await normalizer.page([item(1), item(2, "Baker", body=OTHER)], source=BEST)
    books = await normalizer.page([item(3, "Platform Engineer (m/w/d)", "Berlin, Germany")], source=SECOND)
    assert books == {"new": 1}
    assert await clusters(normalizer) == [{"1", "3"}]
    assert await everyone_knows(normalizer)
    assert len(normalizer.told) == 1
    joined = next(row for row in await rows(normalizer) if row.matched is not None)
    assert (joined.reason, joined.duplicate_class, joined.similarity) == ("same_text", "full", 1)


async def test_one_text_under_two_names_of_a_company_is_one_cluster(normalizer: Normalizer) -> None:
    body = f"Acme builds lifts. {BODY}"
    await normalizer.page([item(1, body=body) | {"company": "Acme Lifts Ltd"}], source=BEST)
    await normalizer.page([item(2, body=body) | {"company": "Acme Doors Ltd"}], source=SECOND)
    await normalizer.page([item(3, body=body) | {"company": "Swift Staffing"}], source=LAST)
    assert await clusters(normalizer) == [{"1", "2"}]


async def test_that_a_text_is_cut_off_is_kept_sent_on_and_known_to_those_who_come_later(normalizer: Normalizer) -> None:
    title, windows = "Lead Engineer Routing Platform", (BODY[:250], BODY[260:])
    first, later = (item(n, title, body=body) | {"description_is_excerpt": True} for n, body in enumerate(windows, 1))
    await normalizer.page([first], source=BEST)
    await normalizer.page([later | {"title": f"{title} (m/w/d)"}], source=SECOND)
    assert [row.reason for row in await rows(normalizer) if row.matched] == ["posted_again"]
    assert all(sent.description_is_excerpt for sent in normalizer.sent)


async def test_postings_of_one_page_find_each_other(normalizer: Normalizer) -> None:
    await normalizer.page([item(1), item(2, place="Hamburg"), item(3, "Senior Platform Engineer")])
    assert await clusters(normalizer) == [{"1", "2"}]
    assert await everyone_knows(normalizer)


async def test_a_newcomer_joins_two_clusters_and_the_smaller_one_moves(normalizer: Normalizer) -> None:
    reworded = OTHER[:170] + BODY[170:]
    await normalizer.page([item(1), item(2, place="Berlin, Mitte")])
    await normalizer.page([item(3, place="Hamburg", body=reworded)], source=SECOND)
    assert await clusters(normalizer) == [{"1", "2"}]
    (before,) = {row.cluster_id for row in await rows(normalizer) if row.matched is not None}
    await normalizer.page([item(4, place="Hamburg, Germany")], source=LAST)
    assert await clusters(normalizer) == [{"1", "2", "3", "4"}]
    assert {row.cluster_id for row in await rows(normalizer)} == {before}
    assert await everyone_knows(normalizer)


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
    assert await everyone_knows(normalizer)


async def test_postings_that_stay_alone_are_not_told_of(normalizer: Normalizer) -> None:
    await normalizer.page([item(1), item(2, "Baker", body=OTHER)])
    assert {type(child.event) for child in normalizer.last.children} == {PostingsNormalized}


async def test_what_is_told_of_clusters_is_a_uncounted_unit_of_the_run(normalizer: Normalizer) -> None:
    await normalizer.page([item(1), item(2, place="Hamburg")])
    (told,) = [child for child in normalizer.last.children if isinstance(child.event, DuplicatesSettled)]
    assert (told.postings, stage_of(type(told.event))) == (0, "group")


async def test_a_replay_tells_whoever_has_not_heard_and_a_dry_run_nobody(normalizer: Normalizer) -> None:
    await normalizer.page([item(1), item(2, place="Hamburg")])
    before = dict(normalizer.told)
    normalizer.told.clear()
    await normalizer.page([item(1), item(2, place="Hamburg")], run="run-2", replay="dry_run")
    assert normalizer.told == {}
    await normalizer.page([item(1), item(2, place="Hamburg")], run="run-3", replay="apply")
    assert normalizer.told == before


async def test_people_and_pages_at_one_time_leave_every_posting_in_a_cluster_of_its_own_or_of_others(
    normalizer: Normalizer,
) -> None:
    await normalizer.page([item(n, place=f"Town {n}") for n in range(4)])
    await normalizer.page([item(9, "Baker", body=OTHER)])
    keys = {p.source_job_id: p.hash_key for p in normalizer.sent}

    async def decide(*, split: bool, who: str) -> None:
        decisions = DecisionStore(Outbox("normalizer"))
        async with normalizer.engine.begin() as conn:
            if split:
                messages = await decisions.split(conn, keys[who], "ada", "another", NOW)
            else:
                messages = await decisions.merge(conn, [keys[who], keys["9"]], "ada", "the same", NOW)
        normalizer.receive(messages or ())

    await asyncio.gather(
        decide(split=True, who="0"), decide(split=False, who="1"), decide(split=True, who="2"),
        *(normalizer.page([item(n, place=f"Town {n}")], source=SOURCES[n % 3], page=n) for n in range(20, 26)),
    )  # fmt: skip
    assert await everyone_knows(normalizer)
    stored = {row.hash_key: row.cluster_id for row in await rows(normalizer)}
    assert all(stored[cluster] == cluster for cluster in stored.values()), "a cluster is called by one of its own"
    parted = {stored[UUID(keys[who])] for who in ("0", "2")}
    assert len(parted) == 2
    assert stored[UUID(keys["1"])] == stored[UUID(keys["9"])]


async def test_what_people_take_out_of_a_job_is_no_repost_of_it_and_what_they_put_back_is(
    normalizer: Normalizer,
) -> None:
    posted = {"1": NOW - timedelta(days=90), "2": NOW - timedelta(days=10)}
    await normalizer.page([item(int(n), place=f"Town {n}") | {"posted_at": at.isoformat()} for n, at in posted.items()])
    keys = {p.source_job_id: p.hash_key for p in normalizer.sent}
    decisions = DecisionStore(Outbox("normalizer"))

    async def flagged() -> list[list[str]]:
        """The flags of the later one, each time that others are told of it."""
        return [[f.kind for f in said.flags] for said in await normalizer.look_again() if said.hash_key == keys["2"]]

    assert await flagged() == [["repost"]]
    async with normalizer.engine.begin() as conn:
        normalizer.receive(await decisions.split(conn, keys["2"], "ada", "another", NOW) or ())
    assert await flagged() == [[]]
    async with normalizer.engine.begin() as conn:
        normalizer.receive(await decisions.merge(conn, list(keys.values()), "ada", "the same", NOW) or ())
    assert await flagged() == [["repost"]]


@pytest.mark.parametrize("late", [1, 2])
async def test_a_page_that_comes_late_tells_a_repost_that_it_was_seen_earlier(
    normalizer: Normalizer, late: int
) -> None:
    old = item(1, place="Town 1") | {"posted_at": (NOW - timedelta(days=30)).isoformat()}
    pages = [(item(2, place="Town 2"), NOW + timedelta(minutes=90)), (old, NOW)]
    pages.insert(late, (item(2, place="Town 2"), NOW))
    for shown, at in pages:
        await normalizer.page([shown], at=at)
        await normalizer.look_again()
    assert [flag["since"] for _, flags in await normalizer.flags() for flag in flags] == ["2026-11-20T12:00:00Z"]


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


async def test_candidates_are_looked_up_by_index_by_plans_that_were_made_for_small_tables_too(
    normalizer: Normalizer,
) -> None:
    await normalizer.page([item(1)], source=BEST)
    read_whole = sa.text("SELECT sum(seq_scan) FROM pg_stat_xact_user_tables WHERE relname IN ('duplicate', 'content')")
    counted: list[int] = []

    def keep_plans(conn: sa.Connection) -> None:
        conn.exec_driver_sql("SET LOCAL plan_cache_mode = force_generic_plan")
        look(conn)

    def look(conn: sa.Connection) -> None:
        counted.append(conn.execute(read_whole).scalar_one())

    async with normalizer.engine.begin() as conn:
        await conn.execute(sa.text("ANALYZE normalizer.duplicate, normalizer.content"))
    event.listen(normalizer.engine.sync_engine, "begin", keep_plans)
    event.listen(normalizer.engine.sync_engine, "commit", look)
    await normalizer.page([item(2, "Platform Engineer (m/w/d)")], source=SECOND)
    event.remove(normalizer.engine.sync_engine, "begin", keep_plans)
    event.remove(normalizer.engine.sync_engine, "commit", look)
    assert await clusters(normalizer) == [{"1", "2"}]
    before, after = counted
    assert before == after


async def test_pay_that_is_stored_tells_two_openings_of_one_source_apart(normalizer: Normalizer) -> None:
    def paid(number: int, body: str, minimum: int, **known: Any) -> dict[str, Any]:
        pay = {"minimum": minimum, "maximum": minimum + 9_000, "currency": "USD", "period": "year"}
        return item(number, body=body) | {"pay": pay, "posted_at": "2026-03-02T00:00:00Z"} | known

    longer = f"{BODY} You have done all of this at the grade below for a year and a half before."
    await normalizer.page([paid(1, BODY, 61_000)], source=BEST)
    await normalizer.page([paid(2, longer, 74_000, title="Platform Engineer (m/w/d)")], source=BEST)
    assert await clusters(normalizer) == []
    assert [row.kept_reason for row in await rows(normalizer) if row.kept_from] == ["another_pay"]
