"""Damaged payloads, files and texts: sources refuse them with their own errors, and readers end in time."""

import pytest

from sources.errors import MappingError
from sources.item import Item
from sources.json_text import parse_json
from sources.registry import adapter_of
from tests.fuzz.payloads import parse_many, read_files
from tests.support.data import shared_folder


@pytest.mark.parametrize("depth", [250, 950, 100_000])
@pytest.mark.parametrize(("opened", "closed"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_nesting_that_a_message_could_not_carry_is_refused(depth: int, opened: bytes, closed: bytes) -> None:
    with pytest.raises(ValueError, match="deep"):
        parse_json(b'{"jobs": [%s1%s]}' % (opened * depth, closed * depth))


def test_an_item_nested_too_deeply_is_no_posting() -> None:
    value: object = 1
    for _ in range(5_000):
        value = [value]
    with pytest.raises(MappingError, match="nested_too_deeply"):
        Item({"id": 1, "more": value}).rest()


def test_payloads_of_all_sources_mutated_at_random_raise_declared_errors_only() -> None:
    folder = shared_folder()
    parsed = parse_many(7, 200, folder if folder.is_dir() else None)
    assert parsed.wrong == []
    assert parsed.payloads == 200
    ends = ("item mapped", "item is no posting", "page is no page", "items read through to the ranker")
    assert min(parsed.ends[end] for end in ends) > 10, parsed.ends


def test_files_damaged_at_random_give_records_or_broken_ones() -> None:
    found = read_files(7, 300)
    assert found.wrong == []
    assert min(found.ends[f"dict from {suffix}"] for suffix in (".jsonl", ".json", ".csv", ".jsonl.gz")) > 10


@pytest.mark.parametrize(
    ("source", "item"),
    [
        ("lever", {"id": "1", "hostedUrl": "https://[jobs.lever.co/acme/1"}),
        ("greenhouse", {"id": 1, "absolute_url": "https://[]boards.greenhouse.io/acme/jobs/1"}),
    ],
)
def test_an_address_that_is_none_names_no_employer(source: str, item: dict[str, object]) -> None:
    assert adapter_of(source).map_to_common(item, "acme").company == "acme"
    assert adapter_of(source).map_to_common(item).company is None
