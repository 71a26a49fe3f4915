"""Messages that somebody has damaged: each is refused for a stated reason, whatever was done to it."""

import copy
import hashlib
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.contracts import Event, PostingsCollected, UnitFinished, UnreadableBodyError, decode, encode
from common.messaging.rabbit_message import from_amqp
from tests.fuzz.envelopes import Envelope, packed, read, read_many
from tests.fuzz.events import KINDS, as_json, example

QUICK = settings(max_examples=150, deadline=None, derandomize=True, database=None, suppress_health_check=[*HealthCheck])
HEADERS = {
    "event_id": "e", "event_type": "t", "run_id": "r", "unit_id": "u", "stage": "s", "sha256": "x",
    "first_at": datetime(2026, 11, 21, tzinfo=UTC),
}  # fmt: skip
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def envelope(kind: type[Event], text: bytes, **headers: Any) -> Envelope:
    body = packed(text)
    return Envelope(kind, {**HEADERS, "sha256": hashlib.sha256(body).hexdigest(), **headers}, body, sound=False)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.event_type)
def test_an_undamaged_event_of_every_type_is_read_as_it_was(kind: type[Event]) -> None:
    assert decode(kind, *encode(example(kind))) == example(kind)


@pytest.mark.parametrize(
    "unit_id", [b'"\xff\xfe"', b'"\xed\xa0\x80"', b'"\\ud800"', b"[" * 100_000, b'{"a":' * 5_000, b"9" * 6_000, b""]
)
def test_text_that_is_no_json_of_its_type_is_an_unreadable_body(unit_id: bytes) -> None:
    damaged = envelope(UnitFinished, b'{"run_id":"r","stage":"s","unit_id":%s}' % unit_id)
    with pytest.raises(UnreadableBodyError):
        decode(UnitFinished, damaged.body, damaged.headers["sha256"])


def test_nesting_in_a_field_that_nobody_reads_is_an_unreadable_body() -> None:
    deep = b"[" * 5_000 + b"]" * 5_000
    assert read(envelope(UnitFinished, b'{"run_id":"r","unit_id":"u","stage":"s","zz":%s}' % deep)).startswith("unread")
    page = msgspec.json.encode(example(PostingsCollected)).replace(b'"items":[', b'"items":[%s,' % deep)
    assert read(envelope(PostingsCollected, page)).startswith("unread")


@pytest.mark.parametrize(
    "changed",
    [
        {"run_id": "a\x00b"}, {"unit_id": "\ud800"}, {"campaign_id": "x\x00"}, {"event_type": "\x00"},
        {"unit_id": "u" * 3_000}, {"attempt": -1}, {"attempt": 2**31}, {"postings": -1}, {"postings": 2**31},
    ],
)  # fmt: skip
def test_headers_that_no_database_could_store_are_foreign(changed: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        from_amqp({**HEADERS, **changed})


@QUICK
@given(st.data())
def test_a_value_of_any_kind_in_any_place_is_read_or_refused(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(KINDS))
    value = copy.deepcopy(as_json(kind))
    place = value
    while True:
        key = data.draw(st.sampled_from(list(place) if isinstance(place, dict) else range(len(place))))
        if not place[key] or not isinstance(place[key], dict | list) or data.draw(st.booleans()):
            break
        place = place[key]
    place[key] = data.draw(json_values)
    read(envelope(kind, msgspec.json.encode(value)))


@QUICK
@given(
    headers=st.dictionaries(st.sampled_from([*HEADERS, "attempt", "postings", "x-death"]), json_values | st.binary())
)
def test_headers_of_any_kind_are_read_or_foreign(headers: dict[str, Any]) -> None:
    read(Envelope(UnitFinished, {**HEADERS, **headers}, b"", sound=False))


def test_thousands_of_mutated_envelopes_raise_nothing_else() -> None:
    tally = read_many("quick", 10_000)
    assert tally.wrong == []
    assert tally.total == 10_000
    for end in ("foreign headers", "read, sound", "read, though changed", "unreadable: schema", "unreadable: digest"):
        assert tally.ends[end] > 50, tally.ends
