"""Queues, waits, policies and headers as RabbitMQ gets them."""

import re
from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pamqp import decode, encode

from common.contracts import QUEUES, REGISTRY, Headers
from common.messaging.rabbit_message import DEAD_REASON, dead_letter, from_amqp, to_amqp
from common.messaging.rabbit_topology import Topology

TOPOLOGY = Topology("posthorn", (5, 30, 120, 600))
_text = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=30)
_times = st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=-5))]))
_headers = st.builds(
    Headers, event_id=_text, event_type=_text, run_id=_text, unit_id=_text, stage=_text, first_at=_times, sha256=_text,
    campaign_id=_text, attempt=st.integers(0, 2**31 - 1), postings=st.integers(0, 500), traceparent=_text,
)  # fmt: skip


@pytest.mark.parametrize(
    ("delay", "wait"), [(0, "5000ms"), (5, "5000ms"), (5.1, "30000ms"), (120, "120000ms"), (3600, "600000ms")]
)
def test_a_retry_waits_at_least_its_delay_or_the_longest_there_is(delay: float, wait: str) -> None:
    assert TOPOLOGY.wait(delay) == f"posthorn.wait.{wait}"


def test_every_stage_has_its_queue_its_dead_letters_and_every_event_its_bindings() -> None:
    assert set(TOPOLOGY.queues()) == {f"posthorn.{q}{end}" for q in QUEUES for end in ("", ".dead")} | {
        f"posthorn.wait.{seconds}000ms" for seconds in (5, 30, 120, 600)
    }
    bindings = set(TOPOLOGY.bindings())
    for registered in REGISTRY:
        bound = {queue for exchange, queue, key in bindings if key == registered.event.event_type}
        assert bound == {f"posthorn.{queue}" for queue in registered.queues}


def test_a_wait_leads_back_through_the_default_exchange_only_e6() -> None:
    for name, arguments in TOPOLOGY.queues().items():
        if ".wait." in name:
            assert arguments["x-dead-letter-exchange"] == ""
            assert "x-dead-letter-routing-key" not in arguments


def test_no_exchange_has_an_alternate() -> None:
    assert set(TOPOLOGY.exchanges().values()) == {"topic", "direct", "fanout"}


def test_policies_set_the_limits_of_every_stage_queue_and_of_no_other() -> None:
    (policy,) = TOPOLOGY.policies()
    matched = {queue for queue in TOPOLOGY.queues() if re.search(policy["pattern"], queue)}
    assert matched == {f"posthorn.{queue}" for queue in QUEUES}
    assert policy["definition"]["delivery-limit"] == 20


@given(_headers)
def test_headers_survive_the_wire(headers: Headers) -> None:
    sent = to_amqp(headers, b"body")
    _, received = decode.field_table(encode.field_table(sent.headers))
    assert from_amqp(received) == headers


def test_each_attempt_to_publish_has_a_message_id_of_its_own_e2() -> None:
    headers = _example()
    assert to_amqp(headers, b"").message_id != to_amqp(headers, b"").message_id


def test_a_dead_letter_keeps_our_headers_and_leaves_the_brokers_behind() -> None:
    parked = dead_letter({"colour": "red", "x-death": [{"count": 1}]}, b"body", "zstd", "r" * 5000)
    assert parked.headers["colour"] == "red"
    assert set(parked.headers) == {"colour", DEAD_REASON}
    assert len(str(parked.headers[DEAD_REASON])) == 1000


@pytest.mark.parametrize("headers", [{}, {"event_id": 1}, {"event_id": b"\xff", "attempt": "one"}])
def test_headers_that_are_not_ours_are_refused(headers: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        from_amqp(headers)


def _example() -> Headers:
    return Headers(
        event_id="e", event_type="t", run_id="r", unit_id="u", stage="s", sha256="", first_at=datetime.now(UTC)
    )  # fmt: skip
