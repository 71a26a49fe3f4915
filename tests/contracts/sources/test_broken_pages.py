"""Whole pages, cut, reordered and retyped anywhere: each is read, or said not to be a page; nothing else happens."""

import json
import random
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.contracts import SourcePosting
from sources.adapter import SourceAdapter
from sources.errors import MappingError, PagePayloadError
from sources.registry import adapter_of, adapters
from tests.support.payloads import read
from tests.support.real_items import request

SOURCES = sorted(adapters())
_pages: dict[str, list[Any]] = {}
_ODD: tuple[Any, ...] = (
    None, True, 0, -1, 10**30, 1.5, "", "x", "\x00", "2026-02-30", "https://[", [], {}, [None], {"a": {"b": []}},
)  # fmt: skip


def pages_of(adapter: SourceAdapter, folder: Path) -> list[Any]:
    """The example, and what of the source was saved in the shared data, with at most four entries a list."""
    if adapter.name not in _pages:
        files = sorted(folder.glob(f"{adapter.name}/*.json*")) + sorted(folder.glob(f"other_boards/{adapter.name}*"))
        saved = (_shrunk(read(path)) for path in files)
        _pages[adapter.name] = [adapter.example, *(page for page in saved if _is_page(adapter, page))]
    return _pages[adapter.name]


def _is_page(adapter: SourceAdapter, payload: Any) -> bool:
    try:
        return bool(adapter.items(payload))
    except PagePayloadError:
        return False


def _shrunk(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _shrunk(entry) for key, entry in value.items()}
    return [_shrunk(entry) for entry in value[:4]] if isinstance(value, list) else value


def _broken(value: Any, chance: random.Random, share: float) -> Any:
    """The value with about this share of its parts gone, cut, repeated, out of order or of another type."""
    if chance.random() < share:
        return chance.choice(_ODD)
    if isinstance(value, dict):
        keys = [key for key in value if chance.random() >= share]
        chance.shuffle(keys)
        return {key: _broken(value[key], chance, share) for key in keys}
    if isinstance(value, list):
        found = [_broken(entry, chance, share) for entry in value]
        return found + found[:1] if chance.random() < share else found
    if isinstance(value, str) and chance.random() < share:
        return value[: chance.randrange(len(value) + 1)]
    return value


def _broken_text(text: str, chance: random.Random) -> str:
    """The text with a piece taken out or put in twice, or cut off."""
    one, other = sorted(chance.randrange(len(text) + 1) for _ in range(2))
    return chance.choice((text[:one] + text[other:], text[:other] + text[one:], text[:one], text[one:]))


@pytest.mark.parametrize("source", SOURCES)
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), share=st.sampled_from([0.01, 0.05, 0.3]))
def test_a_broken_page_is_read_or_named(source: str, shared_data: Path, seed: int, share: float) -> None:
    adapter, chance = adapter_of(source), random.Random(seed)
    page = chance.choice(pages_of(adapter, shared_data))
    payload = _broken_text(page, chance) if isinstance(page, str) else _broken(page, chance, share)
    before = json.dumps(payload)
    cursor = adapter.next_cursor(payload, request(source, {}))
    assert cursor is None or isinstance(cursor, str)
    mapped = _mapped(adapter, payload)
    assert all(re.fullmatch(r"[a-z0-9_]+", said) for said in mapped if isinstance(said, str))
    assert msgspec.json.encode(mapped)
    assert json.dumps(payload) == before


@pytest.mark.parametrize("source", SOURCES)
def test_a_page_with_its_fields_in_another_order_gives_the_same_postings(source: str, shared_data: Path) -> None:
    adapter = adapter_of(source)
    for page in pages_of(adapter, shared_data):
        if not isinstance(page, str):
            shuffled = _broken(page, random.Random(1), 0)
            assert _mapped(adapter, shuffled) == _mapped(adapter, page)


def _mapped(adapter: SourceAdapter, payload: Any) -> list[SourcePosting | str]:
    """The postings of a page, or why the page or an item is none."""
    try:
        items = adapter.items(payload)
    except PagePayloadError as error:
        return [error.reason]
    found: list[SourcePosting | str] = []
    for item in items:
        try:
            found.append(adapter.map_to_common(item, "board"))
        except MappingError as error:
            found.append(error.reason)
    return found
