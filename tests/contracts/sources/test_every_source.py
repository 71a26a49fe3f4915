"""What holds for every source, on real payloads and on broken variants of them."""

import asyncio
import json
import random
import re
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.contracts import PayPeriod, SourcePosting, SourceQuery
from sources.adapter import SourceAdapter
from sources.errors import MappingError, PagePayloadError
from sources.json_text import parse_json
from sources.registry import adapter_of, adapters
from tests.support.real_items import FEW, real_items, request

SOURCES = sorted(adapters())
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
NOT_PAGES: list[Any] = [
    "<!DOCTYPE html><p>Just a moment",
    '{"jobs": [{"id": 1',
    "",
    None,
    17,
    True,
    {},
    {"error": "no"},
]


@pytest.fixture(params=SOURCES)
def adapter(request: pytest.FixtureRequest) -> SourceAdapter:
    """Each source in turn."""
    return adapter_of(request.param)


@pytest.fixture
def items(adapter: SourceAdapter, shared_data: Path) -> list[Any]:
    """All real items of the source."""
    return asyncio.run(real_items(adapter.name, shared_data))


def map_or_none(adapter: SourceAdapter, item: Any) -> SourcePosting | None:
    """The posting, checked to be fit for a message; None for a MappingError with a reason in snake case."""
    try:
        posting = adapter.map_to_common(item, "board")
    except MappingError as error:
        if not re.fullmatch(r"[a-z0-9_]+", error.reason):
            raise
        return None
    text = msgspec.json.encode(posting)
    assert b"\\u0000" not in text
    assert msgspec.json.decode(text, type=SourcePosting) == posting
    return posting


def test_real_postings_keep_title_company_place_and_id(adapter: SourceAdapter, items: list[Any]) -> None:
    assert len(items) >= FEW.get(adapter.name, 20)
    ids = set()
    for number, item in enumerate(items):
        posting = adapter.map_to_common(item, "board") if number % 7 else map_or_none(adapter, item)
        assert posting is not None
        assert posting.title
        assert "\n" not in posting.title
        ids.add(posting.source_job_id)
    # Dumps without ids hold real repeats, which have the same digest.
    assert len(ids) >= len(items) * (0.9 if adapter.name == "files" else 1)


def test_values_are_typed_and_codes_are_standard(adapter: SourceAdapter, items: list[Any]) -> None:
    for item in items[:500]:
        posting = adapter.map_to_common(item, "board")
        for moment in (posting.posted_at, posting.valid_through):
            assert moment is None or (moment.tzinfo is not None and 1990 <= moment.year < 2100)
        for place in posting.places:
            assert place.country is None or re.fullmatch("[a-z]{2}", place.country)
        if (pay := posting.pay) is not None:
            assert pay.minimum is None or isinstance(pay.minimum, Decimal)
            assert pay.currency is None or re.fullmatch("[A-Z]{3}", pay.currency)
            assert pay.period is None or pay.period in get_args(PayPeriod)
        for address in (posting.url, posting.apply_url, posting.company_url):
            assert address is None or address.lower().startswith(("http://", "https://"))


def test_mapping_the_same_item_again_gives_the_same_posting(adapter: SourceAdapter, items: list[Any]) -> None:
    for item in items[::37]:
        before = json.dumps(item, sort_keys=True)
        again = json.loads(json.dumps(item))
        assert adapter.map_to_common(item, "board") == adapter.map_to_common(again, "board")
        assert json.dumps(item, sort_keys=True) == before


def test_no_field_is_dropped_whatever_its_type_becomes(adapter: SourceAdapter, items: list[Any]) -> None:
    for item in items[:: max(1, len(items) // 12)]:
        record = item.get("record", item)
        for key in [*record, "a_field_of_tomorrow"]:
            changed = {**record, key: {"unexpected": ["shape 4711"]}}
            posting = map_or_none(adapter, {**item, "record": changed} if "record" in item else changed)
            assert posting is None or "shape 4711" in msgspec.json.encode(posting).decode(), key


def test_order_of_fields_does_not_matter(adapter: SourceAdapter, items: list[Any]) -> None:
    for item in items[::53]:
        record = item.get("record", item)
        keys = random.Random(1).sample(list(record), len(record))
        shuffled = {key: record[key] for key in keys}
        item_again = {**item, "record": shuffled} if "record" in item else shuffled
        assert adapter.map_to_common(item_again, "board") == adapter.map_to_common(item, "board")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_broken_variants_of_real_items_never_crash(
    adapter: SourceAdapter, items: list[Any], data: st.DataObject
) -> None:
    item = dict(data.draw(st.sampled_from(items[:200])))
    record = dict(item.get("record", item))
    for key in data.draw(st.lists(st.sampled_from(sorted(record)), max_size=4)):
        value = record.get(key)
        cut = value[: len(value) // 2] if isinstance(value, str | list) else None
        record[key] = data.draw(st.one_of(st.just(cut), json_values, st.just("\x00"), st.just([value])))
    map_or_none(adapter, {**item, "record": record} if "record" in item else record)


@given(item=json_values)
@pytest.mark.parametrize("source", SOURCES)
def test_arbitrary_items_map_or_say_why_not(source: str, item: Any) -> None:
    map_or_none(adapter_of(source), item)


@pytest.mark.parametrize("payload", NOT_PAGES, ids=repr)
def test_what_is_no_page_is_named(adapter: SourceAdapter, payload: Any) -> None:
    with pytest.raises(PagePayloadError) as failure:
        adapter.items(payload)
    assert failure.value.reason.startswith("page_")
    assert failure.value.detail
    assert adapter.next_cursor(payload, request(adapter.name, {})) is None


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(share=st.floats(0, 1))
def test_a_page_cut_off_anywhere_is_no_page(adapter: SourceAdapter, share: float) -> None:
    page = adapter.example
    text = page.encode() if isinstance(page, str) else json.dumps(page).encode()
    cut = text[: int(len(text) * share)]
    try:
        payload = parse_json(cut)
    except ValueError:
        payload = cut.decode("utf-8", "replace")
    if cut != text:
        with pytest.raises(PagePayloadError):
            adapter.items(payload)


def test_the_example_is_a_page_of_postings_with_all_that_matters(adapter: SourceAdapter) -> None:
    postings = [adapter.map_to_common(item, "acme") for item in adapter.items(adapter.example)]
    assert postings
    assert all(posting.title and posting.company for posting in postings)
    assert any(posting.url and posting.posted_at and posting.places for posting in postings)
    assert any(posting.description_html or posting.description_text for posting in postings)


def test_feeds_are_safe_in_paths(adapter: SourceAdapter) -> None:
    for params in (
        {},
        {"board": "../../etc"},
        {"path": "/a b/*.json"},
        {"board": "north"},
        {"count": 5, "seed": "../x"},
    ):
        assert re.fullmatch(
            r"[A-Za-z0-9_-][A-Za-z0-9._-]*|", adapter.feed(SourceQuery(source=adapter.name, params=params))
        )


def test_a_module_holds_the_source_of_its_name(adapter: SourceAdapter) -> None:
    assert type(adapter).__module__ == f"sources.adapters.{adapter.name}"
    assert type(adapter).__doc__
    assert adapter.check(SourceQuery(source=adapter.name, params={"no_such_parameter": 1}))
