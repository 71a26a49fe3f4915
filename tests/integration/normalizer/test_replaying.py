"""A page read again: today's rules decide, the report says what they changed, and a second time changes nothing."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from common.contracts import Headers, PostingsCollected, ReplayMode
from common.messaging.differences import DifferenceStore
from common.messaging.unit import Finished
from tests.integration.normalizer.conftest import NOW, SOURCES, Normalizer, balanced, postings_of
from tests.integration.normalizer.test_merging import item

FIRST = "run-1/page=0001"


async def again(
    normalizer: Normalizer,
    items: list[Any],
    *,
    mode: ReplayMode = "apply",
    run: str = "replay-1",
    key: str = FIRST,
    at: Any = NOW,
) -> dict[str, int]:
    """The books of an archived page that is read again; `sent` holds what it sends on."""
    event = PostingsCollected(
        source=SOURCES[0], feed="", page=1, archive_key=key, collected_at=at, items=items, replay=mode,
        campaign_id="campaign-1",
    )  # fmt: skip
    headers = Headers(
        event_id="", event_type="", run_id=run, unit_id="", stage="normalize", first_at=NOW, sha256="",
        postings=len(items),
    )  # fmt: skip
    prepared = await normalizer.stage.prepare(headers, event)
    async with normalizer.engine.begin() as conn:
        finished = await normalizer.stage.apply(conn, headers, event, prepared)
    normalizer.last, normalizer.sent = finished, [p for c in finished.children for p in postings_of(c.event)]
    return balanced(finished, len(items))


async def differences(engine: AsyncEngine, run: str = "replay-1") -> dict[str, Any]:
    async with engine.connect() as conn:
        return {row["field"]: row for row in await DifferenceStore("normalizer").of_run(conn, run)}


async def state(engine: AsyncEngine) -> dict[str, list[Any]]:
    """Everything but which run met a posting last."""
    queries = {
        "posting": "SELECT hash_key, version, content_hash, closed_at, first_seen_at FROM normalizer.posting"
        " ORDER BY 1",
        "sighting": "SELECT source_job_id, hash_key, content_hash, archive_key, campaign_id, first_seen_at,"
        " last_seen_at FROM normalizer.sighting ORDER BY 1",
        "content": "SELECT hash_key, title, description_html, valid_through FROM normalizer.content ORDER BY 1, 2",
        "place": "SELECT hash_key, place_idx, text FROM normalizer.posting_place ORDER BY 1, 2",
    }
    async with engine.connect() as conn:
        return {name: [tuple(r) for r in await conn.execute(sa.text(query))] for name, query in queries.items()}


@pytest.fixture(autouse=True)
async def no_differences(normalizer: Normalizer) -> None:
    async with normalizer.engine.begin() as conn:
        await conn.execute(sa.text("DELETE FROM normalizer.replay_difference"))


async def test_what_todays_rules_read_otherwise_is_taken_whatever_its_hash(normalizer: Normalizer) -> None:
    """Half of all changes would be lost if, as between two pages of one time, the greater hash won."""
    ids = [str(n) for n in range(20)]
    await normalizer.page([item(i, title=f"Engineer {i}", text="Before.") for i in ids])
    books = await again(normalizer, [item(i, title=f"Engineer {i}", text="After.") for i in ids])
    assert books == {"updated": 20}
    assert {(p.outcome, p.version, p.description_text) for p in normalizer.sent} == {("updated", 2, "After.")}
    found = await differences(normalizer.engine)
    assert {name: row["postings"] for name, row in found.items()} == {"description_html": 20}
    assert len(found["description_html"]["examples"]) == 5
    assert {(e["before"], e["after"]) for e in found["description_html"]["examples"]} == {
        ("<p>Before.</p>", "<p>After.</p>")
    }


async def test_twice_changes_nothing_more(normalizer: Normalizer) -> None:
    await normalizer.page([item("1", text="Before."), item("2")])
    await again(normalizer, [item("1", text="After."), item("2")])
    before = await state(normalizer.engine)
    assert await again(normalizer, [item("1", text="After."), item("2")], run="replay-2") == {"unchanged": 2}
    assert await state(normalizer.engine) == before
    assert await differences(normalizer.engine, "replay-2") == {}


async def test_a_dry_run_reports_the_same_and_writes_nothing(normalizer: Normalizer) -> None:
    await normalizer.page([item("1", text="Before."), item("2")])
    before = await state(normalizer.engine)
    items = [item("1", text="After."), item("2"), item("3", title="Found now"), "no posting"]
    dry = await again(normalizer, items, mode="dry_run")
    assert normalizer.last.quarantined == []
    assert {c.event.replay for c in normalizer.last.children} == {"dry_run"}  # type: ignore[attr-defined]  # postings.normalized
    assert await state(normalizer.engine) == before
    would = await differences(normalizer.engine)
    assert (
        dry == await again(normalizer, items, run="replay-2") == {"updated": 1, "new": 1, "unchanged": 1, "rejected": 1}
    )
    did = await differences(normalizer.engine, "replay-2")
    assert {f: (r["postings"], r["examples"]) for f, r in would.items()} == {
        f: (r["postings"], r["examples"]) for f, r in did.items()
    }


async def test_what_stayed_as_it_was_goes_on_uncounted_for_the_rules_of_later_stages(normalizer: Normalizer) -> None:
    await normalizer.page([item("1"), item("2", title="Other")])
    assert await again(normalizer, [item("1"), item("2", title="Other")]) == {"unchanged": 2}
    assert [(p.outcome, p.version) for p in normalizer.sent] == [(None, 1), (None, 1)]


async def test_an_older_page_neither_moves_nor_sends_what_was_seen_since(normalizer: Normalizer) -> None:
    later = NOW + timedelta(days=1)
    await normalizer.page([item("1", text="Monday.")])
    await normalizer.page([item("1", text="Tuesday.")], run="run-2", at=later)
    before = await state(normalizer.engine)
    assert await again(normalizer, [item("1", text="Monday, read otherwise.")]) == {"unchanged": 1}
    assert await state(normalizer.engine) == before
    assert normalizer.sent == []
    assert await differences(normalizer.engine) == {}


async def test_any_order_of_pages_ends_the_same(normalizer: Normalizer) -> None:
    pages = [
        ([item("1", text="Page one, today."), item("2", title="Two")], FIRST, NOW),
        ([item("1", text="Page two, today.")], "run-1/page=0002", NOW + timedelta(seconds=1)),
    ]
    ended = []
    for order in (pages, pages[::-1]):
        await normalizer.clear()
        await normalizer.page([item("1", text="Page one."), item("2", title="Two")])
        await normalizer.page([item("1", text="Page two.")], page=2, at=NOW + timedelta(seconds=1))
        for items, key, at in order:
            await again(normalizer, items, key=key, at=at)
        ended.append((await state(normalizer.engine))["content"])
    assert ended[0] == ended[1]
    assert "Page two, today." in str(ended[0])


async def test_what_does_not_count_as_a_change_is_refreshed_all_the_same(normalizer: Normalizer) -> None:
    """`valid_through` is pushed on daily by many boards, so that it makes no new version."""
    await normalizer.page([item("1") | {"valid_through": "2026-12-01T00:00:00Z"}])
    assert await again(normalizer, [item("1") | {"valid_through": "2026-12-31T00:00:00Z"}]) == {"unchanged": 1}
    assert (await differences(normalizer.engine))["valid_through"]["postings"] == 1
    assert "2026, 12, 31" in str((await state(normalizer.engine))["content"])


async def test_another_identity_under_todays_rules_closes_the_old_posting(normalizer: Normalizer) -> None:
    await normalizer.page([item("1", title="Enginer")])
    assert await again(normalizer, [item("1", title="Engineer")]) == {"updated": 1}
    assert sorted((p.closed, p.outcome) for p in normalizer.sent) == [(False, "updated"), (True, None)]
    assert {"title", "hash_key"} <= (await differences(normalizer.engine)).keys()


async def test_a_replay_asks_nobody_for_companies(normalizer: Normalizer) -> None:
    await again(normalizer, [item("1") | {"company": "Never Heard Of Ltd"}])
    assert isinstance(normalizer.last, Finished)
    assert normalizer.last.aside == []
