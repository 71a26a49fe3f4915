"""Broken items end alone and with a reason; real payloads end with balanced books."""

from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from common.contracts import Headers
from common.messaging.errors import PermanentError
from common.messaging.quarantine import Quarantine, _item_json
from normalizer.tables import content, metadata
from tests.integration.normalizer.conftest import NOW, Normalizer, postings_of
from tests.integration.normalizer.test_merging import item, key_of, read
from tests.support.real_items import real_items

PAGE = 100


def nested(depth: int) -> Any:
    deep: Any = "end"
    for _ in range(depth):
        deep = {"d": deep}
    return deep


async def test_three_broken_items_of_a_hundred_cost_nothing_but_themselves(normalizer: Normalizer) -> None:
    items: list[Any] = [item(str(n), title=f"Job {n}") for n in range(97)]
    items[10:10] = [{"source_job_id": "no-title"}]
    items[50:50] = ["<html>not an object</html>"]
    items[90:90] = [item("x", raise_=True) | {"raise": True}]
    assert await normalizer.page(items) == {"new": 97, "rejected": 2, "failed": 1}
    assert normalizer.last.reasons == {"title_missing": 1, "not_an_object": 1, "normalizer_error": 1}
    kept = {q.reason: (q.item, q.reference) for q in normalizer.last.quarantined}
    assert kept["title_missing"] == ({"source_job_id": "no-title"}, "run-1/page=0001#10")
    assert kept["not_an_object"][0] == "<html>not an object</html>"


async def test_everything_nasty_on_one_page(normalizer: Normalizer) -> None:
    nasty: list[Any] = [
        None, 17, [], {}, "text", {"source_job_id": None}, nested(5000),
        item("huge", text="x" * 5_000_000),
        item("nul\x00", title="N\x00UL", text="a\x00b"),
        item("surrogate", title="Lone \ud83d surrogate", text="\udc00!"),
        item("twice"), item("twice", text="Other."),
        item("yen", title="Yen", pay={"text": "competitive", "minimum": "-5", "currency": "???"}),
        item("future", title="Future", posted_at="2031-01-01T00:00:00Z"),
        item("1" * 600, title="Long id"),
        item("sql", title="'; DROP TABLE normalizer.posting; --", company="{a,\"b\\"),
    ]  # fmt: skip
    counted = await normalizer.page(nasty)
    assert counted == {"new": 6, "duplicate": 1, "rejected": 9}
    assert normalizer.last.reasons["description_too_long"] == 1
    yen = await read(normalizer, key_of("Yen"))
    assert (yen["pay_text"], yen["pay_minimum"], yen["pay_currency"]) == ("competitive", None, None)
    assert yen["warnings"] == ["pay_out_of_range", "currency_unknown"]
    assert (await read(normalizer, key_of("Future")))["posted_at"] is None
    nul = await read(normalizer, key_of("NUL"))
    assert (nul["source_job_id"], nul["description_text"]) == ("nul", "ab")
    for quarantined in normalizer.last.quarantined:
        _item_json(quarantined.item)
        assert quarantined.reference


async def test_quarantine_takes_whatever_was_turned_away(normalizer: Normalizer, engine: AsyncEngine) -> None:
    await normalizer.page([None, {"\x00": "\x00"}, {"text": "\udc00"}, nested(5000), {"big": "x" * 2_000_000}])
    headers = Headers(event_id="", event_type="t", run_id="r", unit_id="u", stage="normalize", first_at=NOW, sha256="")
    async with engine.begin() as conn:
        await Quarantine("normalizer").set_aside(conn, headers, normalizer.last.quarantined)
        rows = (await conn.execute(sa.select(metadata.tables["normalizer.quarantine"]))).all()
    assert len(rows) == 5


async def test_an_unknown_source_is_a_permanent_failure_of_the_page(normalizer: Normalizer) -> None:
    with pytest.raises(PermanentError, match="source_unknown"):
        await normalizer.page([item("1")], source="nowhere")


async def test_long_texts_travel_in_several_messages(normalizer: Normalizer) -> None:
    words = "word " * 50_000
    assert await normalizer.page([item(str(n), title=f"Job {n}", text=words) for n in range(40)]) == {"new": 40}
    sizes = [
        sum(len(p.description_text) for p in found) for c in normalizer.last.children if (found := postings_of(c.event))
    ]
    assert len(sizes) == 3
    assert max(sizes) <= 4 * 1024 * 1024


@pytest.mark.parametrize("source", ["greenhouse", "lever", "jsearch", "files", "sample"])
async def test_real_postings_end_with_balanced_books_and_again_unchanged(
    real_normalizer: Normalizer, shared_data: Path, source: str
) -> None:
    normalizer = real_normalizer
    items = await real_items(source, shared_data)
    first: Counter[str] = Counter()
    again: Counter[str] = Counter()
    for counted, run in ((first, "run-1"), (again, "run-2")):
        at = NOW + timedelta(hours=len(counted) + (run == "run-2"))
        for number, start in enumerate(range(0, len(items), PAGE), 1):
            page = items[start : start + PAGE]
            counted.update(await normalizer.page(page, source=source, run=run, at=at, page=number))
    assert first.total() == again.total() == len(items) > 0
    assert first["new"] == sum(p.outcome == "new" for p in normalizer.sent)
    assert first["failed"] == again["failed"] == 0
    assert set(again) <= {"unchanged", "duplicate", "rejected"}
    # Only ids that stand twice in a run are duplicates again.
    assert again["duplicate"] <= first["duplicate"]
    hostile = content.c.description_html.op("~*")("<script|<[^>]* on[a-z]+=|href=.javascript:")
    async with normalizer.engine.connect() as conn:
        assert (await conn.execute(sa.select(content.c.description_html).where(hostile))).all() == []
