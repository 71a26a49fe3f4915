"""What the tables hold after pages were merged, and how each item is counted."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from normalizer.domain.identity import hash_key
from normalizer.store import PostingStore
from normalizer.tables import posting, posting_place, sighting
from tests.integration.normalizer.conftest import NOW, Normalizer

LATER = NOW + timedelta(days=1)


def item(id_: str, title: str = "Engineer", text: str = "Build things.", **fields: Any) -> dict[str, Any]:
    places = fields.pop("places", [{"text": "Toronto, ON", "city": "Toronto", "region": "ON", "country": "ca"}])
    return {
        "source_job_id": id_,
        "title": title,
        "description_html": f"<p>{text}</p>",
        "url": f"https://jobs.example.com/{id_}",
        "places": places,
        **fields,
    }


def key_of(title: str = "Engineer") -> str:
    return hash_key("Acme", title, "Toronto, ON")


async def read(normalizer: Normalizer, key: str) -> dict[str, Any]:
    async with normalizer.engine.connect() as conn:
        found = await PostingStore().read(conn, key)
    assert found is not None
    return found


async def test_unknown_items_are_new_and_sent_on_with_their_text(normalizer: Normalizer) -> None:
    assert await normalizer.page([item("1"), item("2", title="Baker", text="Bake &amp; sell.")]) == {"new": 2}
    baker = next(p for p in normalizer.sent if p.title == "Baker")
    assert (baker.version, baker.outcome, baker.closed) == (1, "new", False)
    assert baker.description_text == "Bake & sell."
    assert baker.hash_key == key_of("Baker")
    assert baker.first_seen_at == NOW


async def test_the_same_page_in_a_later_run_is_unchanged_moves_last_seen_and_keeps_first_seen(
    normalizer: Normalizer,
) -> None:
    items = [item("1"), item("2", title="Baker")]
    await normalizer.page(items)
    before = await normalizer.digest()
    normalizer.sent.clear()
    assert await normalizer.page(items, run="run-2", at=LATER) == {"unchanged": 2}
    assert normalizer.sent == []
    assert await normalizer.digest() == before
    found = await read(normalizer, key_of())
    assert (found["first_seen_at"], found["last_seen_at"], found["version"]) == (NOW, LATER, 1)
    assert found["sightings"][0]["archive_key"] == "run-2/page=0001"


async def test_an_older_page_that_arrives_late_moves_nothing_back(normalizer: Normalizer) -> None:
    await normalizer.page([item("1", text="New words.")], run="run-2", at=LATER)
    assert await normalizer.page([item("1", text="Old words.")], run="run-1", at=NOW) == {"unchanged": 1}
    found = await read(normalizer, key_of())
    assert (found["description_text"], found["version"]) == ("New words.", 1)
    assert (found["sightings"][0]["first_seen_at"], found["last_seen_at"]) == (NOW, LATER)


async def test_other_content_is_updated_one_version_later(normalizer: Normalizer) -> None:
    await normalizer.page([item("1")])
    assert await normalizer.page([item("1", text="Build bigger things.")], run="run-2", at=LATER) == {"updated": 1}
    assert [(p.version, p.outcome, p.description_text) for p in normalizer.sent] == [
        (1, "new", "Build things."),
        (2, "updated", "Build bigger things."),
    ]


async def test_a_tracking_parameter_or_a_later_expiry_is_no_change(normalizer: Normalizer) -> None:
    await normalizer.page([item("1", valid_through="2026-12-01T00:00:00Z")])
    again = item("1", valid_through="2026-12-02T00:00:00Z") | {"url": "https://jobs.example.com/1?utm_source=x"}
    assert await normalizer.page([again], run="run-2", at=LATER) == {"unchanged": 1}


async def test_one_id_twice_on_a_page_counts_once_and_the_choice_does_not_depend_on_order(
    normalizer: Normalizer,
) -> None:
    items = [item("1", text="One."), item("1", text="Two.")]
    assert await normalizer.page(items) == {"new": 1, "duplicate": 1}
    before = await normalizer.digest()
    assert await normalizer.page(items[::-1], run="run-2", at=LATER) == {"unchanged": 1, "duplicate": 1}
    assert await normalizer.digest() == before


async def test_one_id_on_two_pages_of_a_run_is_a_duplicate_the_second_time(normalizer: Normalizer) -> None:
    assert await normalizer.page([item("1")]) == {"new": 1}
    assert await normalizer.page([item("1")], page=2) == {"duplicate": 1}


async def test_the_same_job_under_two_ids_is_one_posting_with_two_sightings(normalizer: Normalizer) -> None:
    assert await normalizer.page([item("2"), item("1")]) == {"new": 1, "duplicate": 1}
    found = await read(normalizer, key_of())
    assert [(s["source_job_id"], s["shown"]) for s in found["sightings"]] == [("1", True), ("2", False)]


async def test_a_better_source_takes_over_what_is_shown_and_is_counted_as_duplicate(normalizer: Normalizer) -> None:
    await normalizer.page([item("a", text="Aggregated.")], source="jsearch")
    assert await normalizer.page([item("1", text="First hand.")], source="lever", at=LATER) == {"duplicate": 1}
    sent = normalizer.sent[-1]
    assert (sent.source, sent.version, sent.outcome, sent.description_text) == ("lever", 2, None, "First hand.")


async def test_a_better_source_without_description_leaves_the_words_to_a_lesser_one(normalizer: Normalizer) -> None:
    await normalizer.page([item("1", text="")], source="lever")
    await normalizer.page([item("a", text="Aggregated.")], source="jsearch")
    assert (await read(normalizer, key_of()))["description_text"] == "Aggregated."


async def test_a_lesser_source_changes_nothing_that_is_shown(normalizer: Normalizer) -> None:
    await normalizer.page([item("1")], source="lever")
    assert await normalizer.page([item("a", text="Aggregated.")], source="jsearch") == {"duplicate": 1}
    changed = await normalizer.page([item("a", text="Other words.")], source="jsearch", run="run-2", at=LATER)
    assert changed == {"duplicate": 1}
    assert [p.version for p in normalizer.sent] == [1]


async def test_a_posting_whose_identity_changes_moves_and_the_old_one_is_closed(normalizer: Normalizer) -> None:
    await normalizer.page([item("1")])
    assert await normalizer.page([item("1", title="Lead Engineer")], run="run-2", at=LATER) == {"updated": 1}
    moved, closed = sorted(normalizer.sent[1:], key=lambda p: p.closed)
    assert (moved.hash_key, moved.version, moved.outcome) == (key_of("Lead Engineer"), 1, "updated")
    assert (closed.hash_key, closed.version, closed.outcome) == (key_of(), 2, None)
    assert closed.title == "Engineer"
    found = await read(normalizer, key_of())
    assert (found["closed_at"], found["sightings"], found["description_text"]) == (LATER, [], "Build things.")


async def test_a_closed_posting_opens_again_when_it_returns(normalizer: Normalizer) -> None:
    await normalizer.page([item("1")])
    await normalizer.page([item("1", title="Lead Engineer")], run="run-2", at=LATER)
    assert await normalizer.page([item("2")], run="run-3", at=LATER + timedelta(days=1)) == {"updated": 1}
    found = await read(normalizer, key_of())
    assert (found["version"], found["closed_at"], found["source_job_id"]) == (3, None, "2")


async def test_a_posting_that_loses_its_best_source_shows_the_next_one_again(normalizer: Normalizer) -> None:
    await normalizer.page([item("a", text="Aggregated.")], source="jsearch")
    await normalizer.page([item("1", text="First hand.")], source="lever")
    await normalizer.page([item("1", title="Other job")], source="lever", run="run-2", at=LATER)
    found = await read(normalizer, key_of())
    assert (found["source"], found["description_text"], found["version"]) == ("jsearch", "Aggregated.", 3)
    assert [p.description_text for p in normalizer.sent if p.hash_key == key_of()][-1] == "Aggregated."


async def test_places_follow_what_the_posting_shows(normalizer: Normalizer) -> None:
    toronto, paris = {"text": "Toronto"}, {"text": "Paris", "city": "Paris"}
    await normalizer.page([item("1", places=[toronto, paris])])
    # The order of places is no part of the identity.
    await normalizer.page([item("1", places=[paris, {"text": "Toronto", "country": "ca"}])], run="run-2", at=LATER)
    async with normalizer.engine.connect() as conn:
        rows = (await conn.execute(sa.select(posting_place).order_by(posting_place.c.place_idx))).all()
    assert [(r.text, r.city, r.country) for r in rows] == [("Paris", "Paris", None), ("Toronto", None, "ca")]


async def test_an_empty_page_and_a_page_of_broken_items_write_nothing(normalizer: Normalizer) -> None:
    assert await normalizer.page([]) == {}
    assert await normalizer.page([None, {"raise": True}]) == {"rejected": 1, "failed": 1}
    async with normalizer.engine.connect() as conn:
        for table in (posting, sighting):
            assert (await conn.execute(sa.select(sa.func.count()).select_from(table))).scalar_one() == 0


@pytest.mark.parametrize("limit", [1, 2, 50])
async def test_postings_are_listed_in_pages_by_place(normalizer: Normalizer, limit: int) -> None:
    await normalizer.page([item(str(n), title=f"Job {n}") for n in range(5)] + [item("x", places=[{"text": "Rome"}])])
    found: list[str] = []
    async with normalizer.engine.connect() as conn:
        while True:
            after = found[-1] if found else None
            rows = await PostingStore().list(conn, country="ca", city="Toronto", after=after, limit=limit)
            found += [row["hash_key"] for row in rows]
            if len(rows) < limit:
                break
    assert found == sorted(key_of(f"Job {n}") for n in range(5))
