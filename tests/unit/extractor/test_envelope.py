"""The envelope of an archived page: its three parts, deterministic bytes, and a digest that shows damage."""

import gzip
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractor.domain.batches import MAX_ITEM_BYTES, split
from extractor.domain.envelope import Provenance, RawPage, canonical_json, pack, timestamp, unpack
from extractor.errors import DamagedPageError

AT = datetime(2025, 8, 19, 16, 15, 30, 123000, tzinfo=UTC)
ASKED = Provenance(run_id="20250819T161530Z", unit_id="fetch:1", campaign_id="c1", source="x", feed="acme", page=2)
PAGE = RawPage(
    endpoint="https://api.example.com/jobs", params={"page": 2}, sent_at=AT, received_at=AT, status=200,
    headers={"x-ratelimit-remaining": "7"}, payload={"b": [1], "a": "é"},
)  # fmt: skip
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def test_the_parts_of_the_envelope() -> None:
    envelope = json.loads(gzip.decompress(pack(PAGE, ASKED)))
    assert envelope["request"] == {
        "endpoint": "https://api.example.com/jobs", "params": {"page": 2}, "sent_at": "2025-08-19T16:15:30.123Z",
    }  # fmt: skip
    assert envelope["response"] == {
        "status": 200, "received_at": "2025-08-19T16:15:30.123Z", "headers": {"x-ratelimit-remaining": "7"},
        "payload": {"a": "é", "b": [1]},
    }  # fmt: skip
    ingest = envelope["ingest"]
    assert ingest["ingest_run_id"] == "20250819T161530Z"
    assert ingest["bytes_uncompressed"] == len(canonical_json(PAGE.payload)) == 18
    assert ingest["notes"] == "raw page 2 of x/acme"
    assert len(ingest["sha256"]) == 64


def test_the_same_content_gives_the_same_bytes() -> None:
    assert pack(PAGE, ASKED) == pack(replace(PAGE, payload={"a": "é", "b": [1]}), ASKED)


def test_a_changed_payload_is_seen() -> None:
    envelope = json.loads(gzip.decompress(pack(PAGE, ASKED)))
    envelope["response"]["payload"]["b"] = [2]
    with pytest.raises(DamagedPageError, match="sha256"):
        unpack(gzip.compress(json.dumps(envelope).encode()))


@pytest.mark.parametrize(
    "data",
    [b"", b"no gzip", gzip.compress(b"no json", mtime=0), gzip.compress(b"{}", mtime=0), gzip.compress(b"[]", mtime=0)],
)
def test_what_is_no_envelope_is_said_to_be_none(data: bytes) -> None:
    with pytest.raises(DamagedPageError, match="no envelope"):
        unpack(data)


def test_a_cut_off_object_is_said_to_be_damaged() -> None:
    with pytest.raises(DamagedPageError):
        unpack(pack(PAGE, ASKED)[:-20])


@given(json_values)
def test_any_json_survives_the_archive(payload: Any) -> None:
    page, asked = unpack(pack(replace(PAGE, payload=payload), ASKED))
    assert page.payload == payload
    assert asked == ASKED


@given(st.lists(json_values, max_size=4), st.dictionaries(st.text(), json_values, max_size=3))
def test_entries_that_were_written_before_change_no_byte(entries: list[Any], others: dict[str, Any]) -> None:
    for payload in (
        entries,
        {**others, "jobs": entries},
        {"deeper": {"jobs": entries}},
        {"\ud83d": 1, "jobs": entries},
    ):
        assert canonical_json(split(entries).placed(payload, entries)) == canonical_json(payload)


@pytest.mark.parametrize("entry", [{"t": "\ud83d"}, {None: ["x"]}, "x" * (MAX_ITEM_BYTES + 1)])
def test_entries_that_are_not_sent_as_they_are_are_archived_as_they_are(entry: Any) -> None:
    entries = [entry, {"b": 1, "a": 2}]
    assert canonical_json(split(entries).placed({"jobs": entries}, entries)) == canonical_json({"jobs": entries})


@pytest.mark.parametrize("payload", ["<html>", {"t": "\ud83d"}, {"n": 2**70}, {None: ["x"], "a": 1}, {"t": "a\x00b"}])
def test_odd_payloads_are_archived_too(payload: Any) -> None:
    page, _ = unpack(pack(replace(PAGE, payload=payload), ASKED))
    assert canonical_json(page.payload)


def test_times_have_milliseconds_and_a_z() -> None:
    assert timestamp(datetime(2025, 8, 19, tzinfo=UTC)) == "2025-08-19T00:00:00.000Z"
